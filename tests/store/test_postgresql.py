"""What only a PostgreSQL server can do to the store, and that each says in one line what to do."""

import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from datetime import timedelta

import pytest
from sqlalchemy import select

from icl_cli.errors import BusyError, NothingMatchedError, StoreError, UnreachableError, UsageError
from icl_cli.store import (
    Claimant,
    ClaimOutcome,
    Database,
    Metric,
    RunStatus,
    claim_run,
    get_metrics,
    get_run,
    list_runs,
    record_progress,
    release_run,
)
from icl_cli.store.claims import new_row
from icl_cli.store.leases import utc_now
from icl_cli.store.postgresql.backend import MIGRATION_LOCK
from icl_cli.store.schema import runs
from icl_cli.store.target import is_url
from icl_cli.store.upsert import insert_missing

SECRET = "s3cret!wörd"
MODES = ("create", "write", "read")


@pytest.fixture
def url(postgresql) -> str:
    return postgresql.new_database()


@pytest.fixture
def database(url):
    with Database.open(url, mode="create") as opened:
        yield opened


def refused(url: str, mode="create", kind=StoreError, **settings) -> str:
    """The message with which opening is refused: one line without any password."""
    with pytest.raises(kind) as raised:
        Database.open(url, mode=mode, **settings).close()
    message = str(raised.value)
    assert "\n" not in message
    assert SECRET not in message
    return message


def record(database, run_id, metrics=()) -> None:
    settings = {"snapshot": None, "checkpoint": None, "training_seconds": 1.0, "lease_seconds": 60.0}
    record_progress(database, run_id, owner="here:1", step=1, metrics=metrics, **settings)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://user:{SECRET}@server/results",
        f"postgresql+psycopg://user:{SECRET}@server/results",
        f"postgresql://user@server/results?password={SECRET}",
        f"postgresql://user@server/results?sslpassword={SECRET}",
        f"postgresql://user@server/results?PassWord={SECRET}",
        f"mysql://user:{SECRET}@server/results",
        f"{SECRET}://user:{SECRET}@server/results"[len(SECRET) :],
        f"postgresql://user:{SECRET}@server:port/results",
        f"postgresql://[user:{SECRET}@server/results",
        f"postgresql:/user:{SECRET}@server/results",
        f"postgresql:user:{SECRET}@server/results",
        f"postgresql//user:{SECRET}@server/results",
        f"postgresql:///user:{SECRET}@server/results",
        f"postgres:/user%3A{SECRET}@server/results",
        f"postgresql%3A//user:{SECRET}@server/results",
        f"PostgreSQL://user:{SECRET}@server/results",
        f"postgresql://user%3A{SECRET}@server/results",
        f"postgresql://user;{SECRET}@server/results",
        f"postgresql://user={SECRET}@server/results",
        f"postgresql://user/{SECRET}@server/results",
        f"postgresql://user@server/results?host=h%20password%3D{SECRET}",
        f"user:{SECRET}@postgresql://server/results",
        f"user:{SECRET}@server/results",
        f"//user:{SECRET}@server/results",
        f"user%3a{SECRET}@server",
        f"host=server password={SECRET}",
        f"host = server dbname=results password = {SECRET}",
        f"password={SECRET} host=server",
        f"dbname=results\tPASSWORD={SECRET}",
    ],
)
def test_a_url_with_a_password_is_refused_and_never_repeated(url):
    assert "PGPASSWORD" in refused(url, kind=UsageError) or "cannot be read" in refused(url, kind=UsageError)


@pytest.mark.parametrize(
    "path",
    ["results.db", "a:b/c.db", "me@home/results.db", "lr=0.1/user.db", "C:/results.db", "postgresql.db", "x,y@2"],
)
def test_a_path_is_no_url(path):
    assert not is_url(path)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("postgresql://user@server/results", "postgresql://user@server/results"),
        ("postgresql+psycopg://user@server:5433/results", "postgresql://user@server:5433/results"),
        ("postgresql://user:@server/results?sslkey=key.pem", "postgresql://user@server/results"),
        ("postgresql:///results?host=%2Fvar%2Frun", "postgresql:///results?host=%2Fvar%2Frun"),
    ],
)
def test_messages_show_the_url_without_what_could_be_secret(url, name):
    from icl_cli.store.postgresql.url import parse_url, shown_name

    assert shown_name(parse_url(url)) == name


def test_without_psycopg_the_message_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert 'pip install "icl-cli[postgres]"' in refused("postgresql://user@server/results")


@pytest.mark.parametrize("mode", MODES)
def test_unreachable(mode):
    message = refused("postgresql://user@127.0.0.1:1/results", mode, UnreachableError)
    assert "postgresql://user@127.0.0.1:1/results cannot be reached" in message


def test_a_host_without_address():
    assert "cannot be reached" in refused("postgresql://user@nowhere.invalid/results", "read", UnreachableError)


def test_an_unknown_database_and_an_unknown_user(postgresql):
    assert "There is no database" in refused(postgresql.url("missing"))
    assert "let nobody in" in refused(postgresql.url("postgres", user="stranger"))


def test_passwords_come_from_the_environment_or_a_file(postgresql, url, monkeypatch, tmp_path):
    postgresql.execute(f"CREATE ROLE guarded LOGIN SUPERUSER PASSWORD '{SECRET}'")
    postgresql.require_password("guarded")
    mine = url.replace("postgres@", "guarded@")
    for given in (None, "wrong"):
        if given:
            monkeypatch.setenv("PGPASSWORD", given)
        message = refused(mine)
        assert "let nobody in" in message
        assert "PGPASSWORD" in message
        assert "~/.pgpass" in message
    monkeypatch.setenv("PGPASSWORD", SECRET)
    with Database.open(mine, mode="create") as database:
        assert SECRET not in repr(vars(database)) + database.path + str(database._engine)
    monkeypatch.delenv("PGPASSWORD")
    (tmp_path / "pgpass").write_text(f"*:*:*:guarded:{SECRET}\n", encoding="utf-8")
    (tmp_path / "pgpass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    Database.open(mine, mode="read").close()


def test_who_may_only_read_reads(postgresql, database, url, claim):
    run = claim().run
    postgresql.execute("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    name = url.split("?")[0].rpartition("/")[2]
    postgresql.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", name)
    theirs = url.replace("postgres@", "reader@")
    with Database.open(theirs, mode="read") as reader:
        assert list_runs(reader) == [run]
    with (
        Database.open(theirs, mode="write") as reader,
        pytest.raises(StoreError, match=r"does not permit that.*permission denied"),
    ):
        record(reader, run.id)


def test_who_may_make_no_tables_is_told(postgresql, url):
    postgresql.execute("DO $$ BEGIN CREATE ROLE reader LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
    assert "permission denied for schema public" in refused(url.replace("postgres@", "reader@"))


@pytest.mark.parametrize("mode", ["write", "read"])
def test_an_empty_database_holds_no_results(url, mode):
    assert "icl db init" in refused(url, mode, NothingMatchedError)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "made",
    [
        ["CREATE TABLE accounts (number integer)"],
        ["CREATE TABLE alembic_version (version_num varchar(32))", "INSERT INTO alembic_version VALUES ('0001')"],
        ["CREATE VIEW runs AS SELECT 1 AS id"],
    ],
)
def test_a_foreign_database_is_left_as_it_is(postgresql, url, alter, mode, made):
    for statement in made:
        alter(url, statement)
    listing = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    before = alter(url, listing)
    assert "tables of another program and was left as it is" in refused(url, mode)
    assert alter(url, listing) == before


def test_a_newer_schema_is_refused(database, url, alter):
    alter(url, "UPDATE alembic_version SET version_num = '0099'")
    for mode in MODES:
        assert "has schema 0099, newer than this icl knows" in refused(url, mode)


def test_an_older_schema_is_upgraded_by_who_writes(database, url, claim):
    from alembic import command

    from icl_cli.store.migration import alembic_config

    run = claim().run
    with database.write() as connection:
        command.downgrade(alembic_config(connection), "0001")
    assert "older than this icl's" in refused(url, "read")
    with Database.open(url, mode="write") as upgraded:
        assert (upgraded.upgrade.before, upgraded.upgrade.backup) == ("0001", None)
        assert [each.id for each in list_runs(upgraded)] == [run.id]


def test_a_schema_of_its_own(postgresql, url, alter, claim):
    alter(url, "CREATE SCHEMA mine")
    alter(url, "CREATE TABLE accounts (number integer)")
    with Database.open(f"{url}&options=-csearch_path%3Dmine", mode="create"):
        assert alter(url, "SELECT count(*) FROM mine.runs") == [(0,)]


def test_a_migration_by_another_process_is_waited_for(url):
    import psycopg

    with closing(psycopg.connect(url)) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
        assert "locked by another process" in refused(url, "create", BusyError, busy_seconds=0.05)


def test_a_row_that_another_process_keeps_is_waited_for(url, database, claim):
    run = claim().run
    with Database.open(url, mode="write", busy_seconds=0.05) as hasty, database.write() as connection:
        connection.execute(select(runs).where(runs.c.id == run.id).with_for_update())
        with pytest.raises(BusyError, match="locked by another process") as raised:
            record(hasty, run.id)
    assert raised.value.exit_code == 75


def test_after_a_restart_of_the_server_the_next_transaction_works(postgresql, database, claim):
    run = claim().run
    with pytest.raises(UnreachableError, match="was lost"):
        _write_while_it_stops(database, postgresql)
    with pytest.raises(UnreachableError, match="cannot be reached"):
        record(database, run.id)
    postgresql.start()
    assert get_run(database, run.id).step == 0
    record(database, run.id, [Metric(1, "loss", 0.5)])
    assert get_metrics(database, run.id) == [Metric(1, "loss", 0.5)]


def _write_while_it_stops(database, postgresql) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET step = 7")
        postgresql.stop()
        connection.exec_driver_sql("UPDATE runs SET step = 8")


def test_a_connection_that_was_ended_is_replaced(postgresql, database, claim):
    run = claim().run
    postgresql.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'icl'")
    assert get_run(database, run.id) == run


def insert_run(connection, config) -> None:
    """The first half of a claim by "here:1", which another transaction does not see yet."""
    now = utc_now()
    values = {"name": "a", "status": "running", "owner": "here:1", "lease_expires_at": now + timedelta(hours=1)}
    times = {"created_at": now, "started_at": now, "attempt": 1, "fruitless_attempts": 1, "provenance": "{}"}
    assert insert_missing(connection, runs, [new_row(config) | values | times]) == 1


@pytest.mark.parametrize("commits", [True, False])
def test_a_run_that_two_insert_at_once_is_one_run_of_one_of_them(url, database, config_of, commits):
    # The second finds no run, and waits at its own insertion until the first is done.
    outcomes = []

    def second() -> None:
        try:
            outcomes.append(claim_run(database, config_of(), Claimant("there:2"), name="b").outcome)
        except BusyError as error:
            outcomes.append(str(error))

    thread = threading.Thread(target=second)
    with suppress(ZeroDivisionError), database.write() as connection:
        insert_run(connection, config_of())
        thread.start()
        waits_for_a_lock(url)
        _ = 1 / int(commits)
    thread.join()
    (outcome,) = outcomes
    assert "is being trained by here:1" in outcome if commits else outcome is ClaimOutcome.NEW
    assert [(run.owner, run.attempt) for run in list_runs(database)] == [("here:1" if commits else "there:2", 1)]


def waits_for_a_lock(url: str) -> None:
    """Return once a session of this database waits for another."""
    import psycopg

    with closing(psycopg.connect(url, autocommit=True)) as watcher:
        deadline = time.monotonic() + 20
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        while watcher.execute(query).fetchone() == (0,):
            assert time.monotonic() < deadline, "nobody waits"
            time.sleep(0.02)


@pytest.mark.parametrize(
    ("kind", "isolation", "read_only"), [("read", "repeatable read", "on"), ("write", "read committed", "off")]
)
def test_sessions_are_in_utc_and_say_their_isolation(database, kind, isolation, read_only):
    names = ("timezone", "transaction_isolation", "transaction_read_only")
    with getattr(database, kind)() as connection:
        shown = [connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]
    assert shown == ["UTC", isolation, read_only]


def test_nothing_is_written_while_reading(database, claim):
    claim()
    with pytest.raises(StoreError, match="cannot be written"), database.read() as connection:
        connection.exec_driver_sql("DELETE FROM runs")
    assert len(list_runs(database)) == 1


def test_text_that_the_server_refuses_is_replaced_in_messages_and_refused_elsewhere(database, claim):
    run = claim().run
    release_run(database, run.id, owner="here:1", status=RunStatus.FAILED, error="a\0b \ud800 c")
    assert get_run(database, run.id).error == "a\N{REPLACEMENT CHARACTER}b ? c"
    claim()
    with pytest.raises(StoreError, match="NUL"):
        record(database, run.id, [Metric(1, "lo\0ss", 0.5)])
    with pytest.raises(StoreError, match=r"refused a value.*too long"):
        record(database, run.id, [Metric(1, "x" * 81, 0.5)])


def test_a_file_needs_no_psycopg(tmp_path):
    code = "import sys; sys.modules['psycopg'] = None; from icl_cli.store import Database; "
    code += "Database.open(sys.argv[1], mode='create').close()"
    subprocess.run([sys.executable, "-c", code, tmp_path / "results.db"], check=True)
