"""Opening a database in order to write, and saying what that did to its schema."""

from typing import Any, Literal

from icl_cli.cli.console import say


def open_for_writing(db: str, mode: Literal["create", "write"] = "write") -> Any:
    """The open database at `db`; an upgrade and the copy that it left are told on stderr.

    Runs whose process has died are given up first, so that none stays "running" for ever.
    """
    from icl_cli.store import Claimant, Database, current_owner, reclaim_lost

    database = Database.open(db, mode=mode)
    if database.upgrade is not None and database.upgrade.before is not None:
        say(upgrade_sentence(database.path, database.upgrade))
    for run in reclaim_lost(database, Claimant(current_owner())):
        say(f"Run {run.short_id} ({run.name} seed {run.seed}) was lost at step {run.step}: its process died.")
    return database


def upgrade_sentence(path: str, upgrade: Any) -> str:
    """What an upgrade did, in a sentence or two."""
    kept = "" if upgrade.backup is None else f" The data as they were: {upgrade.backup}."
    return f"Upgraded {path} from schema {upgrade.before} to {upgrade.after}.{kept}"
