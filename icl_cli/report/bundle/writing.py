"""A bundle from a database: the chosen runs in a database of their own, and all else drawn from that."""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icl_cli.errors import IclError, NothingMatchedError, StoreError
from icl_cli.report.bundle.archive import require_importable, require_target, write_archive
from icl_cli.report.bundle.checksums import file_digest, sums_text
from icl_cli.report.bundle.guide import guide
from icl_cli.report.bundle.layout import (
    DATABASE,
    FOLDER,
    GUIDE,
    MANIFEST,
    REPORT,
    RUNS,
    SUMS,
    TABLES,
    WEIGHTS,
    present_manifest,
)
from icl_cli.report.bundle.soundness import FAULTS, fault, require_sound
from icl_cli.report.export import export_tables
from icl_cli.report.write import Written
from icl_cli.store import (
    Database,
    Run,
    back_up,
    copy_runs,
    get_snapshot,
    list_runs,
    list_snapshot_steps,
)
from icl_cli.store.records import SHORT_ID_DIGITS
from icl_cli.store.sqlite.fresh_file import make_fresh_file

# Draws the page and its files about all runs of the database into a folder.
Draw = Callable[[Database, Path], Written]


@dataclass(frozen=True)
class Bundled:
    """An archive that was written: its SHA-256 and size in bytes, how many runs are in it, and who was left out.

    `in_training` are the ids of the runs that a process is training.
    """

    file: Path
    sha256: str
    size: int
    runs: int
    in_training: tuple[str, ...]


def write_bundle(database: Database, runs: Sequence[Run], draw: Draw, file: Path, *, replace: bool = False) -> Bundled:
    """Pack `runs`, with everything of theirs and what `draw` makes of them, into an archive at `file`.

    The same runs give the same bytes, whatever database they are in. Runs that a process is training are left out.
    Raises `UsageError` where something exists unless `replace`, `NothingMatchedError` if no run is left, and
    `IclError` where no file can be made.
    """
    require_target(file, replace=replace)
    with _workplace() as workplace:
        folder = workplace / FOLDER
        with _within(workplace):
            folder.mkdir()
            busy = _copy_database(database, runs, workplace / "copied.db", folder / DATABASE)
            # Known before minutes go into drawing: a file for each run at least, and the database.
            require_importable(file, len(runs), (folder / DATABASE).stat().st_size)
            bundled = _fill(folder, draw)
        try:
            write_archive(folder, FOLDER, file, replace=replace)
        except OSError as error:
            raise IclError(f"Cannot write {file}: {error.strerror or error}. Choose a folder with room.") from error
    return Bundled(file, file_digest(file), file.stat().st_size, bundled, busy)


@contextmanager
def _workplace() -> Iterator[Path]:
    """A temporary folder, not one beside the archive: on a network file system no database is written."""
    try:
        made = tempfile.TemporaryDirectory(prefix="icl-bundle-")
    except OSError as error:
        raise _no_room(error) from error
    with made as folder:
        yield Path(folder)


@contextmanager
def _within(workplace: Path) -> Iterator[None]:
    """What cannot be written there, whoever found out, becomes an error that says how to choose another place."""
    try:
        yield
    except OSError as error:
        raise _no_room(error) from error
    except IclError as error:
        # Who writes tables and pages advises an option that says nothing of this folder.
        if isinstance(error.__cause__, OSError):
            raise _no_room(error.__cause__) from error
        if str(workplace) in str(error):
            text = f"{error} Or set TMPDIR to another folder, in which the parts of archives are made."
            raise StoreError(text) from error
        raise


def _no_room(error: OSError) -> IclError:
    return IclError(
        f"Cannot write {error.filename or tempfile.gettempdir()}: {error.strerror or error}. The parts of an archive "
        "are made in a temporary folder: set TMPDIR to one with room."
    )


def _copy_database(database: Database, runs: Sequence[Run], copy: Path, target: Path) -> tuple[str, ...]:
    """Put the runs into a database of their own at `target`; the ids of those that are being trained."""
    make_fresh_file(copy)
    with Database.open(copy, mode="write") as chosen:
        copied = copy_runs(database, chosen, [run.id for run in runs])
        if not copied.copied:
            raise NothingMatchedError("All of these runs are being trained. Wait until one of them has ended.")
        # Written a second time without gaps and without a log: bytes depend on nothing but the rows.
        back_up(chosen, target)
    _require_sound(target)
    return copied.in_training


def _require_sound(path: Path) -> None:
    """Raises `StoreError` if `icl import` would refuse the database, which its maker should know, not its reader."""
    with Database.open(path, mode="read") as database:
        try:
            require_sound(database)
        except FAULTS as error:
            raise StoreError(
                f"These runs cannot be handed on: {fault(error, path)}. `icl db check` looks at all; leave out "
                "what is altered."
            ) from error


def _fill(folder: Path, draw: Draw) -> int:
    """Write all that a bundle has beside its database; how many runs there are."""
    with Database.open(folder / DATABASE, mode="read") as database:
        # What the page says of its source, and its commands, hold for whoever unpacks the archive.
        database.path = DATABASE
        page = draw(database, folder / REPORT).page
        export_tables(database, folder / TABLES, "csv", None)
        runs = list_runs(database)
        stems = run_stems(runs)
        for run in runs:
            _write(folder / RUNS / f"{stems[run.id]}.json", _json(run_document(run)))
        weights = list(_write_weights(database, folder / WEIGHTS, stems))
    manifest = present_manifest(len(runs))
    _write(folder / MANIFEST, _json(manifest.model_dump(mode="json")))
    shown = weights[0] if weights else "ID"
    _write(folder / GUIDE, guide(manifest, page.name, shown, f"{WEIGHTS}/{shown}.safetensors").encode())
    paths = [path for path in folder.rglob("*") if path.is_file()]
    sums = sums_text({path.relative_to(folder).as_posix(): file_digest(path) for path in paths})
    _write(folder / SUMS, sums.encode())
    return len(runs)


def _write_weights(database: Database, folder: Path, stems: dict[str, str]) -> Iterator[str]:
    """The last weights of every run that has any, as the safetensors file that they are; the runs' stems."""
    for run_id, stem in sorted(stems.items()):
        if list_snapshot_steps(database, run_id):
            _write(folder / f"{stem}.safetensors", get_snapshot(database, run_id).weights)
            yield stem


def run_stems(runs: Sequence[Run]) -> dict[str, str]:
    """What the files of each run are called: the beginning of its id, as long as no two are the same."""
    ids = [run.id for run in runs]
    digits = next(n for n in range(SHORT_ID_DIGITS, 65) if len({each[:n] for each in ids}) == len(ids))
    return {each: each[:digits] for each in ids}


def run_document(run: Run) -> dict[str, Any]:
    """What the file of a run says: what it is, how it ended, and where its numbers came from."""
    return {
        "id": run.id,
        "name": run.name,
        "status": run.status.value,
        "step": run.step,
        "diverged_step": run.diverged_step,
        "error": run.error,
        "attempts": run.attempt,
        "created_at": run.created_at.isoformat(),
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at and run.finished_at.isoformat(),
        "training_seconds": run.training_seconds,
        "config": run.config.model_dump(mode="json"),
        "provenance": dict(run.provenance),
    }


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=2, allow_nan=False) + "\n").encode()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
