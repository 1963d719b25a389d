"""The tables of the database as files that other programs read."""

import io
import json
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import numpy as np
import pandas
import pyarrow.parquet

from icl_cli.errors import IclError, unknown_name
from icl_cli.output_places import make_output_folder, write_files
from icl_cli.report.export_types import arrow_table, configuration_types, whole_numbers
from icl_cli.store import Database
from icl_cli.store.frames import comparisons_frame, curves_frame, metrics_frame, runs_frame

# The order of rows in each table: the same data give the same file, whatever was stored first.
ORDER = {
    "runs": ("name", "seed", "id"),
    "metrics": ("run_name", "seed", "run_id", "name", "step"),
    "comparisons": ("name", "seed", "run_id", "step", "baseline", "measure"),
    "curves": ("name", "seed", "run_id", "step", "kind", "learner", "x"),
}
TABLES = tuple(ORDER)


def export_tables(database: Database, directory: Path, format: str, run_ids: Collection[str] | None) -> list[Path]:
    """Write runs, metrics, comparisons and curves of these runs (None: of all) into `directory`, sorted as in `ORDER`.

    **Arguments**: `format` is a key of `FORMATS`. **Returns** the paths of `table_files`; they replace what is there.
    Raises `UsageError` for another format and `IclError` where a file cannot be written.
    """
    if format not in FORMATS:
        raise unknown_name("format", format, FORMATS)
    try:
        make_output_folder(directory)
        frames = _frames(database, run_ids)
        contents = {path: FORMATS[format](frames[path.stem]) for path in table_files(directory, format)}
        write_files(contents)
        return list(contents)
    except OSError as error:
        raise cannot_write(directory, error) from error


def table_files(directory: Path, format: str) -> list[Path]:
    """Where `export_tables` writes."""
    return [directory / f"{name}.{format}" for name in TABLES]


def cannot_write(directory: Path, error: OSError) -> IclError:
    """The error for a folder that is a file, read-only, on a full disk, ..."""
    return IclError(
        f"Cannot write {error.filename or directory}: {error.strerror or error}. "
        "Choose a folder with room that you may write, with --output."
    )


def _frames(database: Database, run_ids: Collection[str] | None) -> Mapping[str, pandas.DataFrame]:
    runs = runs_frame(database)
    # Of an empty database too, every value of a configuration has its column.
    runs = runs.reindex(columns=list(dict.fromkeys([*runs.columns, *configuration_types()])))
    if run_ids is not None:
        runs = runs.loc[runs["id"].isin(list(run_ids))].reset_index(drop=True)
    chosen = list(runs["id"])
    frames = {
        "runs": runs,
        # Here `name` is that of the metric.
        "metrics": _named(metrics_frame(database, chosen), runs, "run_name"),
        "comparisons": _named(comparisons_frame(database, chosen), runs, "name"),
        "curves": _named(curves_frame(database, chosen), runs, "name"),
    }
    return {
        table: whole_numbers(frame).sort_values(list(ORDER[table]), ignore_index=True)
        for table, frame in frames.items()
    }


def _named(frame: pandas.DataFrame, runs: pandas.DataFrame, column: str) -> pandas.DataFrame:
    """`frame` with the name and the seed of each row's run behind its id."""
    names, seeds = (dict(zip(runs["id"], runs[known], strict=True)) for known in ("name", "seed"))
    frame.insert(1, column, [names[run_id] for run_id in frame["run_id"]])
    frame.insert(2, "seed", [seeds[run_id] for run_id in frame["run_id"]])
    return frame


def _csv(frame: pandas.DataFrame) -> bytes:
    lists = [column for column in frame if any(isinstance(value, list) for value in frame[column])]
    return frame.assign(**{str(name): frame[name].map(json.dumps) for name in lists}).to_csv(index=False).encode()


def _json(frame: pandas.DataFrame) -> bytes:
    """A list of objects. JSON has no NaN and no infinity: both become null; times are ISO 8601."""
    records = [{name: _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
    return (json.dumps(records, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def _plain(value: object) -> object:
    if isinstance(value, list):
        return value
    if value is pandas.NaT or value is pandas.NA or (isinstance(value, float) and not np.isfinite(value)):
        return None
    return value.isoformat() if isinstance(value, pandas.Timestamp) else value


def _parquet(frame: pandas.DataFrame) -> bytes:
    """Every column has the same type in every file; NaN stays NaN, and only what is unknown of a run is null."""
    file = io.BytesIO()
    pyarrow.parquet.write_table(arrow_table(frame), file)
    return file.getvalue()


FORMATS: Mapping[str, Callable[[pandas.DataFrame], bytes]] = {"csv": _csv, "json": _json, "parquet": _parquet}
