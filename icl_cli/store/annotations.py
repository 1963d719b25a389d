"""What people write beside runs: another name, tags, a note. None of it changes a number, or what the run is."""

from collections.abc import Collection, Sequence

from sqlalchemy import delete, select, update

from icl_cli.errors import UsageError
from icl_cli.store.batches import batches
from icl_cli.store.conditions import NONE
from icl_cli.store.database import Database
from icl_cli.store.names import check_name
from icl_cli.store.schema import run_tags, runs
from icl_cli.store.upsert import insert_missing

LONGEST_NOTE = 2000


def tag_runs(
    database: Database, run_ids: Collection[str], *, add: Sequence[str] = (), remove: Sequence[str] = ()
) -> tuple[int, int]:
    """Give these runs tags and take others away, all or nothing; how many were new, and how many were there to take.

    Raises `UsageError` for a tag that could not be a name, or that is in both.
    """
    for tag in (*add, *remove):
        check_tag(tag)
    if both := set(add) & set(remove):
        raise UsageError(f"The tag {sorted(both)[0]!r} is to be added and removed. Give it once.")
    rows = [{"run_id": run_id, "tag": tag} for run_id in run_ids for tag in dict.fromkeys(add)]
    removal = delete(run_tags).where(run_tags.c.tag.in_(remove))
    with database.write() as connection:
        new = insert_missing(connection, run_tags, rows)
        gone = [connection.execute(removal.where(run_tags.c.run_id.in_(part))).rowcount for part in batches(run_ids)]
    return new, sum(gone)


def get_tags(database: Database, run_id: str) -> tuple[str, ...]:
    """The tags of a run, sorted."""
    query = select(run_tags.c.tag).where(run_tags.c.run_id == run_id).order_by(run_tags.c.tag)
    with database.read() as connection:
        return tuple(connection.execute(query).scalars())


def check_tag(tag: str) -> str:
    """The tag itself. Raises `UsageError` unless it could be a name, and means something in a condition."""
    check_name(tag, "A tag")
    if tag == NONE:
        raise UsageError(f"{NONE!r} in a condition means no tag at all, and cannot be one. Use another.")
    return tag


def list_tags(database: Database) -> dict[str, list[str]]:
    """By run the tags of every run that has any, sorted."""
    found: dict[str, list[str]] = {}
    with database.read() as connection:
        for row in connection.execute(select(run_tags).order_by(run_tags.c.run_id, run_tags.c.tag)):
            found.setdefault(row.run_id, []).append(row.tag)
    return found


def note_runs(database: Database, run_ids: Collection[str], text: str) -> None:
    """Write a note beside these runs, in place of the one before; an empty one takes it away. Raises `UsageError`."""
    if len(text) > LONGEST_NOTE:
        raise UsageError(f"A note has at most {LONGEST_NOTE} characters, given {len(text)}. Shorten it.")
    if not text.replace("\n", " ").isprintable():
        raise UsageError("A note has printable characters and new lines only. Leave the others out.")
    _set(database, run_ids, note=text.strip() or None)


def rename_runs(database: Database, run_ids: Collection[str], name: str) -> None:
    """Call these runs `name`. Raises `UsageError` for a bad one."""
    check_name(name)
    _set(database, run_ids, name=name)


def _set(database: Database, run_ids: Collection[str], **values: str | None) -> None:
    with database.write() as connection:
        for part in batches(run_ids):
            connection.execute(update(runs).where(runs.c.id.in_(part)).values(values))
