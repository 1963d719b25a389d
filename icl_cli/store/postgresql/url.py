"""The URL of a PostgreSQL database, which holds no secret: what a command is given, everybody on the host can read."""

import re

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from icl_cli.errors import UsageError

FORM = "postgresql://USER@HOST:PORT/NAME"
DRIVER = "postgresql+psycopg"
# What may be shown of the parameters after the question mark; those that are not known to be harmless are not.
SHOWN = frozenset({"host", "port", "hostaddr", "service", "sslmode", "options", "target_session_attrs"})
_SECRET = re.compile("password|secret|scram|token", re.IGNORECASE)


def parse_url(text: str) -> URL:
    """The URL in `text`, for psycopg. Raises `UsageError` if it is none, or holds a password; never repeats one."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        # Neither message may be repeated: what cannot be taken apart may be a password with an unescaped sign.
        raise UsageError(f"The URL of the database cannot be read; allowed is {FORM}.") from error
    if url.password or any(_SECRET.search(name) for name in url.query):
        raise UsageError(
            "The URL of the database holds a password, which others on this host could read and logs would keep. "
            "Leave it out, and set PGPASSWORD or write it to ~/.pgpass."
        )
    # Made anew, because after "USER:@" SQLAlchemy sees an empty password, which `set` cannot take away.
    return URL.create(DRIVER, url.username, None, url.host, url.port, url.database, url.query)


def shown_name(url: URL) -> str:
    """The URL for messages, without anything that could be secret; it opens the same database where it is whole."""
    query = {name: value for name, value in url.query.items() if name in SHOWN}
    return url.set(drivername="postgresql", query=query).render_as_string(hide_password=True)
