"""A bundle back into a database: everything is checked before the first row is written."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from icl_cli.report.bundle.layout import DATABASE
from icl_cli.report.bundle.opening import BundleError, OpenBundle, open_bundle, shown
from icl_cli.report.bundle.soundness import FAULTS, fault, require_sound
from icl_cli.store import Copied, Database, copy_runs, list_runs


def import_bundle(file: Path, open_target: Callable[[], Database]) -> Copied:
    """Copy every run of the archive at `file`, with all that is known of it, into the database that is opened.

    Runs that are there already are left as they are. `open_target` is called once nothing is wrong with the archive;
    before that, `BundleError` is raised for whatever is.
    """
    with tempfile.TemporaryDirectory(prefix="icl-import-") as workplace:
        unpacked = Path(workplace) / DATABASE
        with open_bundle(file) as bundle:
            manifest = bundle.manifest()
            bundle.verify(unpacked)
        with _whole(bundle, unpacked, manifest.runs) as source, open_target() as target:
            return copy_runs(source, target, foreign=True)


@contextmanager
def _whole(bundle: OpenBundle, path: Path, runs: int) -> Iterator[Database]:
    """The database of a bundle of so many runs, once it was found to be what it says."""
    with _refusing(bundle, path):
        # Its schema is looked at before anything in it is used. An older one is brought to ours: it is a copy that
        # nobody else has.
        source = Database.open(path, mode="write")
    with source:
        with _refusing(bundle, path):
            require_sound(source)
            _require_count(source, runs)
        yield source


@contextmanager
def _refusing(bundle: OpenBundle, path: Path) -> Iterator[None]:
    """What is wrong with the database at `path` becomes the error that its bundle was not imported."""
    try:
        yield
    except FAULTS as error:
        if isinstance(error, BundleError):
            raise
        raise bundle.refusal(f"its database: {shown(fault(error, path), most=400)}") from error


def _require_count(source: Database, announced: int) -> None:
    found = len(list_runs(source))
    if found != announced:
        raise ValueError(f"{found} runs are in it, {announced} were announced")
