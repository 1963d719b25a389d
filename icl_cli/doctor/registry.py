"""All checks by name, in the order in which they are shown, and how they are run."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from icl_cli.doctor.compilation_cache import check_compilation_cache
from icl_cli.doctor.database import (
    check_clock,
    check_copies,
    check_database,
    check_integrity,
    check_runs,
    first_sentence,
)
from icl_cli.doctor.devices import check_accelerators, check_cores, check_environment
from icl_cli.doctor.extras import check_extras, check_passwords
from icl_cli.doctor.file_system import check_file_system, check_locks, check_room
from icl_cli.doctor.finding import Check, Finding, problem
from icl_cli.doctor.place import Place
from icl_cli.doctor.versions import check_libraries, check_program, check_sqlite
from icl_cli.errors import IclError

CHECKS: Mapping[str, Check] = {
    "program": check_program,
    "libraries": check_libraries,
    "sqlite": check_sqlite,
    "cores": check_cores,
    "accelerators": check_accelerators,
    "environment": check_environment,
    "database": check_database,
    "integrity": check_integrity,
    "runs": check_runs,
    "copies": check_copies,
    "file system": check_file_system,
    "room": check_room,
    "locks": check_locks,
    "cache": check_compilation_cache,
    "extras": check_extras,
    "passwords": check_passwords,
    "clock": check_clock,
}


# Checks whose commands write nothing beside the database; those of others are refused where nothing may be written.
ADVISED_ANYWHERE = set(CHECKS) - {"database", "integrity", "runs", "copies", "room"}


def examine(target: str) -> Iterator[tuple[str, Finding]]:
    """Every finding of every check on the database `target` and this machine, with the check's name."""
    with Place(target) as place:
        for name, check in CHECKS.items():
            for finding in _found(check, place):
                yield name, finding if place.may_be_written or name in ADVISED_ANYWHERE else replace(finding, mend=None)


def _found(check: Check, place: Place) -> Iterator[Finding]:
    try:
        yield from check(place)
    except IclError as error:
        yield problem(first_sentence(error))
    # A check that fails must not keep the others from speaking: it is run where something is wrong.
    except Exception as error:
        yield problem(f"could not be looked at: {type(error).__name__}: {error}")
