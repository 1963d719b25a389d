"""Names and ids by how they begin, without reading whole runs: for those who are still typing."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select

from icl_cli.store.database import Database
from icl_cli.store.names import LATEST
from icl_cli.store.records import SHORT_ID_DIGITS
from icl_cli.store.schema import runs, sweeps

__all__ = ["LATEST", "RunOutline", "runs_beginning_with", "sweeps_beginning_with"]


@dataclass(frozen=True)
class RunOutline:
    """As much of a run as tells it from others."""

    short_id: str
    name: str
    status: str


def runs_beginning_with(database: Database, beginning: str, limit: int) -> list[RunOutline]:
    """At most `limit` runs whose name or id begins so, the one that was made last at the front."""
    # Not LIKE, in which some signs of a name have a meaning.
    begins = [func.substr(column, 1, len(beginning)) == beginning for column in (runs.c.name, runs.c.id)]
    chosen = select(runs.c.id, runs.c.name, runs.c.status).where(or_(*begins))
    query = chosen.order_by(runs.c.created_at.desc(), runs.c.id).limit(limit)
    with database.read() as connection:
        return [RunOutline(row.id[:SHORT_ID_DIGITS], row.name, row.status) for row in connection.execute(query)]


def sweeps_beginning_with(database: Database, beginning: str, limit: int) -> list[str]:
    """At most `limit` names of sweeps that begin so, in their order."""
    begins = func.substr(sweeps.c.name, 1, len(beginning)) == beginning
    with database.read() as connection:
        query = select(sweeps.c.name).where(begins).distinct().order_by(sweeps.c.name).limit(limit)
        return list(connection.execute(query).scalars())
