"""Runs as they are stored: rows in, `Run` records out. No function here reads the time series."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from icl_cli.config import RunConfig
from icl_cli.errors import ConfigError, NothingMatchedError
from icl_cli.store.batches import batches
from icl_cli.store.database import Database
from icl_cli.store.records import SHORT_ID_DIGITS, Run, RunStatus
from icl_cli.store.schema import runs
from icl_cli.store.wording import unreadable

# Databases limit how many values one statement names.

_NEWEST_FIRST = (runs.c.created_at.desc(), runs.c.id)


def find_run(database: Database, run_id: str) -> Run | None:
    """The run with this whole id, or None."""
    with database.read() as connection:
        return _found(connection, _one(run_id))


def get_run(database: Database, run_id: str) -> Run:
    """The run with this whole id. Raises `NothingMatchedError` if there is none."""
    run = find_run(database, run_id)
    if run is None:
        raise NothingMatchedError(f"No run {run_id} in {database.path}. `icl runs list` shows what is there.")
    return run


def find_run_within(connection: Connection, run_id: str) -> Run | None:
    """As `find_run`, as a part of a transaction that writes, and that keeps the run as it is until it ends."""
    return _found(connection, run_query(run_id))


def run_query(run_id: str) -> Select[Any]:
    """The query for one row, which a transaction that writes keeps as it is until it ends."""
    return _one(run_id).with_for_update()


def list_runs(
    database: Database,
    *,
    status: RunStatus | None = None,
    family: str | None = None,
    name: str | None = None,
    limit: int | None = None,
) -> list[Run]:
    """Runs of that status, family and name (None: any), newest first, at most `limit`."""
    wanted = {runs.c.status: status and status.value, runs.c.family: family, runs.c.name: name}
    ids = select(runs.c.id).where(*(column == value for column, value in wanted.items() if value is not None))
    # Of thousands of runs only the ids are sorted, not whole rows: three times as fast where few are wanted.
    chosen = ids.order_by(*_NEWEST_FIRST).limit(limit)
    query = select(runs).where(runs.c.id.in_(chosen)).order_by(*_NEWEST_FIRST)
    with database.read() as connection:
        return [run_of(row) for row in connection.execute(query).mappings()]


def list_namesakes(database: Database, name: str, families: Collection[str]) -> list[Run]:
    """The runs of that name that are seeds of no configuration in `families`, newest first."""
    return [run for run in list_runs(database, name=name) if run.family not in families]


def names_of_known_families(database: Database, families: Collection[str]) -> dict[str, str]:
    """By family, of those that have runs, the name of the newest one."""
    query = select(runs.c.family, runs.c.name).order_by(runs.c.created_at, runs.c.id.desc())
    found: dict[str, str] = {}
    with database.read() as connection:
        for part in batches(families):
            rows = connection.execute(query.where(runs.c.family.in_(part)))
            found |= {row.family: row.name for row in rows}
    return found


def list_families_called(database: Database, name: str) -> list[Run]:
    """One run of each family with runs whose name is `name`, or begins with it and a hyphen."""
    called = or_(runs.c.name == name, runs.c.name.startswith(f"{name}-", autoescape=True))
    with database.read() as connection:
        ids = connection.execute(select(func.min(runs.c.id)).where(called).group_by(runs.c.family)).scalars().all()
    return get_runs(database, ids)


def get_runs(database: Database, run_ids: Sequence[str]) -> list[Run]:
    """The runs with these whole ids, in this order; those that are gone are left out."""
    found: dict[str, Run] = {}
    with database.read() as connection:
        for part in batches(run_ids):
            rows = connection.execute(select(runs).where(runs.c.id.in_(part))).mappings()
            found |= {row["id"]: run_of(row) for row in rows}
    return [found[run_id] for run_id in run_ids if run_id in found]


def run_of(row: Mapping[Any, Any]) -> Run:
    """The record of a row of `runs`. Raises `StoreError` if the row is not what this program wrote."""
    try:
        return Run(
            **{
                column.name: row[column.name]
                for column in runs.c
                if column.name not in ("config", "status", "provenance")
            },
            config=_config_of(row),
            status=RunStatus(row["status"]),
            provenance=json.loads(row["provenance"]),
        )
    except (ConfigError, ValueError) as error:
        raise unreadable(str(row["id"]), " ".join(str(error).split()).rstrip(".")) from error


def _one(run_id: str) -> Select[Any]:
    return select(runs).where(runs.c.id == run_id)


def _found(connection: Connection, query: Select[Any]) -> Run | None:
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else run_of(row)


def _config_of(row: Mapping[Any, Any]) -> RunConfig:
    config = RunConfig.from_json(row["config"])
    if (config.identity, config.family) != (row["id"], row["family"]):
        raise ValueError(f"its configuration has the id {config.identity[:SHORT_ID_DIGITS]}.")
    return config
