"""Stored weights as files that open without `icl`: safetensors, or NumPy's npz; the same bytes for the same run."""

import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from icl_cli import __version__
from icl_cli.errors import NothingMatchedError, SnapshotError, UsageError, unknown_name
from icl_cli.output_places import make_output_folder, write_files
from icl_cli.report.export import cannot_write
from icl_cli.store import Database, Run, Snapshot, get_snapshot, list_snapshot_steps

# The entry that says which run and step the arrays are of. One entry, because the order of several is not the same in
# every file that safetensors writes.
ABOUT = "icl"
LONGEST_STEM = 60
LAST, ALL = "last", "all"

Arrays = Mapping[str, np.ndarray]


def export_weights(database: Database, runs: Sequence[Run], at: str, format: str, directory: Path) -> list[Path]:
    """Write the weights of `runs` at the step `at` (a number, or "last" or "all" of those stored) into `directory`.

    **Returns** the paths, a file a run and step: NAME-seed-SEED-ID-step-STEP.FORMAT. A file that is there already stays
    as it is. Raises `UsageError` if such a file has another content, for a bad `at` or an unknown `format`, and, before
    anything is written, `NothingMatchedError` if a run has no weights of that step.
    """
    if format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    chosen = [(run, step) for run in runs for step in _steps(database, run, at)]
    paths = [directory / f"{_stem(run)}-step-{step}.{format}" for run, step in chosen]
    try:
        make_output_folder(directory)
        for (run, step), path in zip(chosen, paths, strict=True):
            _write(path, _content(run, get_snapshot(database, run.id, step), format))
    except OSError as error:
        raise cannot_write(directory, error) from error
    return paths


def _steps(database: Database, run: Run, at: str) -> Sequence[int]:
    if at not in (LAST, ALL) and not re.fullmatch("[0-9]{1,9}", at):
        raise UsageError(f"--at: {at!r} given; allowed are a stored step, {LAST} and {ALL}.")
    steps = list_snapshot_steps(database, run.id)
    wanted = (
        {LAST: steps[-1:], ALL: steps}.get(at) if at in (LAST, ALL) else [each for each in steps if each == int(at)]
    )
    if not wanted:
        there = f"Stored steps: {', '.join(map(str, steps))}." if steps else "Run its training command again."
        raise NothingMatchedError(f"Run {run.short_id} ({run.name}) has no stored weights at {at!r}. {there}")
    return wanted


def _stem(run: Run) -> str:
    """Of the name only what every file system takes, and nothing that leads to another folder."""
    name = re.sub(r"[^A-Za-z0-9_+]+", "-", run.name).strip("-")[:LONGEST_STEM] or "run"
    return f"{name}-seed-{run.seed}-{run.short_id}"


def _content(run: Run, snapshot: Snapshot, format: str) -> bytes:
    try:
        arrays = load(snapshot.weights)
    except (SafetensorError, ValueError, TypeError, KeyError, OverflowError) as error:
        # Shapes whose product is no size, and types that NumPy does not have, are found by NumPy.
        text = " ".join(str(error).split())
        raise SnapshotError(f"The stored weights of run {run.short_id} are no safetensors file ({text}).") from error
    about = {
        "run": run.id,
        "name": run.name,
        "seed": run.seed,
        "step": snapshot.step,
        "config": run.config.model_dump(mode="json"),
        "icl": __version__,
    }
    return FORMATS[format]({name: arrays[name] for name in sorted(arrays)}, json.dumps(about, sort_keys=True))


def _write(path: Path, content: bytes) -> None:
    """Under its name the file is whole, or not there."""
    if path.exists():
        if path.read_bytes() != content:
            raise UsageError(f"{path} exists and holds something else. Move it, or choose another folder: --output.")
        return
    write_files({path: content})


def _safetensors(arrays: Arrays, about: str) -> bytes:
    return save(dict(arrays), metadata={ABOUT: about})


def _npz(arrays: Arrays, about: str) -> bytes:
    content = io.BytesIO()
    named: dict[str, Any] = {**arrays, ABOUT: np.array(about)}
    np.savez(content, allow_pickle=False, **named)
    return content.getvalue()


FORMATS: Mapping[str, Callable[[Arrays, str], bytes]] = {"safetensors": _safetensors, "npz": _npz}
