"""Ends of messages that every kind of database shares, so that they read the same everywhere."""

from icl_cli.errors import StoreError

ANOTHER = "or name another database with --db"
RENAME = "Name another with --db."
FIRST_RUN = "Run `icl train --layers 1` first, or name another with --db."


def empty(name: str) -> StoreError:
    """The error for a database in which nothing was ever stored."""
    return StoreError(f"{name} is empty, no run was stored yet. {FIRST_RUN}")
