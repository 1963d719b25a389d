"""Is the database of a bundle one that this program would have written? Asked when one is made, and when one comes."""

from collections.abc import Iterator
from pathlib import Path

from icl_cli.store import Database, Run, StoredSweep, check_database, check_name, list_runs, list_sweeps
from icl_cli.store.sqlite.untrusted import require_typed_rows

# What text may have beside printable signs: the error of a failed run may have lines.
LAYOUT_SIGNS = "\n\t"


def require_sound(database: Database, path: Path) -> None:
    """Raises an `IclError` or ValueError for anything in the database, whose file is at `path`, that is not ours.

    Every column has its type, every id and hash is derived again, and no text could act on a terminal.
    """
    require_typed_rows(path)
    if problems := check_database(database).problems:
        raise ValueError(problems[0].text)
    for run in list_runs(database):
        _require_readable_run(run)
    for sweep in list_sweeps(database):
        _require_readable_sweep(sweep)


def _require_readable_run(run: Run) -> None:
    check_name(run.name)
    if not isinstance(run.provenance, dict) or not all(isinstance(value, str) for value in run.provenance.values()):
        raise ValueError(f"the provenance of run {run.short_id} is something else than words")
    _require_printable([run.provenance, run.error, run.note], f"run {run.short_id}")


def _require_readable_sweep(sweep: StoredSweep) -> None:
    check_name(sweep.name)
    if not isinstance(sweep.content, dict):
        raise ValueError(f"sweep {sweep.id[:8]} has no content")
    _require_printable(sweep.content, f"sweep {sweep.id[:8]}")


def _require_printable(content: object, owner: str) -> None:
    for text in _texts(content):
        if not all(sign.isprintable() or sign in LAYOUT_SIGNS for sign in text):
            raise ValueError(f"a text of {owner} has signs that cannot be printed")


def _texts(content: object) -> Iterator[str]:
    """Every text in JSON content, names of entries too."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for name, value in content.items():
            yield name
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)
