"""How a PostgreSQL server is connected to.

libpq finds passwords by itself, in PGPASSWORD or ~/.pgpass, so that none passes through this program.
"""

from typing import Any

from sqlalchemy import URL, Engine, create_engine, event

from icl_cli.errors import StoreError

# Seconds until a host that does not answer, or that vanished without a word, counts as unreachable.
CONNECT_SECONDS = 10
SETTINGS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
    "fallback_application_name": "icl",
}


def make_engine(url: URL, busy_seconds: float) -> Engine:
    """An engine that waits `busy_seconds` for locks and notices at each transaction that the server was restarted.

    What the URL sets itself is left as it says. Raises `StoreError` if psycopg is not installed.
    """
    settings = {name: value for name, value in SETTINGS.items() if name not in url.query}
    try:
        engine = create_engine(url, connect_args=settings, pool_pre_ping=True, hide_parameters=True)
    except ImportError as error:
        raise StoreError(
            'PostgreSQL needs psycopg, which is not installed. Install it: `pip install "icl-cli[postgres]"`.'
        ) from error
    milliseconds = max(1, round(busy_seconds * 1000))
    event.listen(engine, "connect", lambda connection, _: _prepare(connection, milliseconds))
    return engine


def reading(engine: Engine) -> Engine:
    """The same engine and connections; a transaction sees one moment, and cannot write."""
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def writing(engine: Engine) -> Engine:
    """The same engine and connections; a transaction sees what others commit, and locks the rows that it changes."""
    # Named, because a server may have another default, whose transactions fail where these wait.
    return engine.execution_options(isolation_level="READ COMMITTED", postgresql_readonly=False)


def outside_transactions(engine: Engine) -> Engine:
    """The same engine and connections, for statements that must not be in a transaction."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _prepare(connection: Any, milliseconds: int) -> None:
    connection.autocommit = True
    connection.execute(f"SET TIME ZONE 'UTC'; SET lock_timeout = {milliseconds:d}")
    connection.autocommit = False
