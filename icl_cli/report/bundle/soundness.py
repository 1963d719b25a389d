"""Is the database of a bundle one that this program would have written? Asked when one is made, and when one comes."""

from collections.abc import Iterator
from pathlib import Path

from icl_cli.errors import IclError
from icl_cli.report.bundle.layout import DATABASE
from icl_cli.store import Database, Run, StoredSweep, check_name, list_runs, list_sweeps
from icl_cli.store.annotations import check_tag, list_tags
from icl_cli.sweeps import check_contents

# What opening and reading a database raises that this program did not write.
FAULTS = (IclError, ValueError, TypeError, RecursionError)
# What text may have beside printable signs: the error of a failed run may have lines.
LAYOUT_SIGNS = "\n\t"


def require_sound(database: Database) -> None:
    """Raises one of `FAULTS` for anything in the database that is not ours.

    Every column has its type, every id and hash is derived again, weights and parameters fit their configurations, what
    people name could be named so, and no text could act on a terminal.
    """
    if problems := check_contents(database).problems:
        raise ValueError(problems[0].text)
    for run in list_runs(database):
        _require_readable_run(run)
    for tag in {tag for tags in list_tags(database).values() for tag in tags}:
        check_tag(tag)
    for sweep in list_sweeps(database):
        _require_readable_sweep(sweep)


def fault(error: Exception, path: Path) -> str:
    """One of `FAULTS` in one line without a full stop, in which the file at `path` has the name that a bundle gives."""
    return " ".join(str(error).replace(str(path), DATABASE).split()).rstrip(".")


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
