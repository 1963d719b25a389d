"""Other runs in the place of baselines: their records, and what they are called now.

A record keeps the name that its run had when it was first compared with, for its id and the curves stored beside it
depend on it. People are told the run's present name.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from icl_cli.store.baselines import OTHER_RUN, baseline_of, get_baseline, is_imported
from icl_cli.store.batches import batches
from icl_cli.store.database import Database
from icl_cli.store.records import SHORT_ID_DIGITS, Run, TunedBaseline
from icl_cli.store.schema import baselines, comparisons, runs

# The row of such a record by how the canonical JSON of what it depends on begins.
IS_OF_OTHER_RUN = baselines.c.depends_on.startswith('{"run":', autoescape=True)
# What the curves of a run call the run itself.
_ITSELF = "model"


@dataclass(frozen=True)
class OtherRunRecord:
    """A record, the run that it is of, that run's family (None: it was deleted since), and what people are told."""

    record: TunedBaseline
    run_id: str
    family: str | None
    present_name: str


def other_run_records(connection: Connection) -> list[OtherRunRecord]:
    """Every record of another run. A present name that something else has too says the family."""
    query = select(baselines).where(IS_OF_OTHER_RUN).order_by(baselines.c.id)
    records = [baseline_of(row) for row in connection.execute(query).mappings()]
    named = _names_and_families(connection, {str(record.depends_on[OTHER_RUN]) for record in records})
    found = [_called_as_it_is(record, named) for record in records]
    taken = _taken(connection) if records else set()
    families: dict[str, set[str | None]] = {}
    for one in found:
        families.setdefault(one.present_name, set()).add(one.family)
    ambiguous = taken | {name for name, those in families.items() if len(those) > 1}
    return [replace(one, present_name=_told(one.present_name, one.family, ambiguous)) for one in found]


def recorded_name(database: Database, other: Run, reserved: Collection[str]) -> str:
    """The name that a first record of `other` gets: none of `reserved`, nor that of a run of another family there."""
    with database.read() as connection:
        others = other_run_records(connection)
    taken = {_ITSELF, *reserved} | {one.record.name for one in others if one.family not in (None, other.family)}
    return _told(other.name, other.family, taken)


def find_other_run(database: Database, other: Run) -> TunedBaseline | None:
    """The stored record of `other`, whatever it was called then, or None."""
    with database.read() as connection:
        return next((one.record for one in other_run_records(connection) if one.run_id == other.id), None)


def current_baselines(database: Database, baseline_ids: Iterable[str]) -> list[TunedBaseline]:
    """Those of these records that count: of each name the one tuned here last, but of other runs' records all.

    One that was imported counts where none was tuned here. A baseline that a later release tuned anew takes the place
    of the old one; a mean over both would mean nothing. Other runs have a record for each seed, and means over pairs of
    seeds are meant; they have their present names.
    """
    with database.read() as connection:
        present = present_names(connection)
    tuned = sorted((get_baseline(database, one) for one in baseline_ids), key=_weight)
    newest = {baseline.name: baseline for baseline in tuned if baseline.id not in present}
    others = {one.id: replace(one, name=present[one.id]) for one in tuned if one.id in present}
    return [others.get(one.id, one) for one in tuned if one.id in others or newest[one.name] is one]


def _weight(baseline: TunedBaseline) -> tuple[bool, datetime]:
    """By which records are sorted, the one that counts last: an imported one may claim any moment."""
    return not is_imported(baseline), baseline.created_at


def present_names(connection: Connection) -> Mapping[str, str]:
    """By the id of each record of another run what that run is called now."""
    return {one.record.id: one.present_name for one in other_run_records(connection)}


def present_learners(connection: Connection, run_ids: Collection[str] | None) -> Mapping[tuple[str, str], str]:
    """By the id of a run (None: of all) and a learner of its curves what that learner, another run, is called now."""
    known = {one.record.id: one for one in other_run_records(connection)}
    return {
        (run_id, known[record_id].record.name): known[record_id].present_name
        for run_id, record_id in _compared(connection, run_ids if known else ())
        if record_id in known
    }


def _compared(connection: Connection, run_ids: Collection[str] | None) -> Iterator[tuple[str, str]]:
    """These runs (None: all) with the ids of what they were compared with."""
    query = select(comparisons.c.run_id, comparisons.c.baseline_id).distinct()
    parts = [query] if run_ids is None else [query.where(comparisons.c.run_id.in_(some)) for some in batches(run_ids)]
    for part in parts:
        for row in connection.execute(part):
            yield row.run_id, row.baseline_id


def _names_and_families(connection: Connection, run_ids: Collection[str]) -> dict[str, tuple[str, str]]:
    query = select(runs.c.id, runs.c.name, runs.c.family)
    found = (row for some in batches(run_ids) for row in connection.execute(query.where(runs.c.id.in_(some))))
    return {row.id: (row.name, row.family) for row in found}


def _taken(connection: Connection) -> set[str]:
    """What ordinary baselines are called, and the run itself."""
    return {_ITSELF, *connection.execute(select(baselines.c.name).where(~IS_OF_OTHER_RUN).distinct()).scalars()}


def _called_as_it_is(record: TunedBaseline, named: Mapping[str, tuple[str, str]]) -> OtherRunRecord:
    run_id = str(record.depends_on[OTHER_RUN])
    name, family = named.get(run_id, (record.name, None))
    return OtherRunRecord(record, run_id, family, name)


def _told(name: str, family: str | None, ambiguous: Collection[str]) -> str:
    return f"{name} ({family[:SHORT_ID_DIGITS]})" if family is not None and name in ambiguous else name
