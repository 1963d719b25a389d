"""Exported tables hold what the database holds, in every format."""

import json
import math

import pandas
import pyarrow
import pyarrow.parquet
import pytest
from recorded_runs import HOSTILE, begin, recorded_config

from icl_cli.errors import IclError, UsageError
from icl_cli.report.export import export_tables
from icl_cli.store import Database, Metric, record_progress, resolve_runs
from icl_cli.store.frames import comparisons_frame, curves_frame, metrics_frame

TABLES = ["runs", "metrics", "comparisons", "curves"]


@pytest.mark.parametrize(("format", "read"), [("csv", pandas.read_csv), ("parquet", pandas.read_parquet)])
def test_every_number_comes_back(database, tmp_path, format, read):
    paths = export_tables(database, tmp_path / "tables", format, None)
    assert [path.name for path in paths] == [f"{name}.{format}" for name in TABLES]
    runs, metrics, comparisons, curves = (read(path) for path in paths)
    assert set(runs["name"]) == {"compared", HOSTILE, "alone", "diverged"}
    for table, frame in (
        (metrics, metrics_frame(database, list(runs["id"]))),
        (comparisons, comparisons_frame(database)),
        (curves, curves_frame(database)),
    ):
        extra = [column for column in table.columns if column not in frame.columns]
        assert extra in (["run_name", "seed"], ["name", "seed"])
        key = [column for column in frame.columns if column not in ("value", "standard_error", "tasks")]
        pairs = [rows.sort_values(key)["value"].tolist() for rows in (table, frame)]
        assert pairs[0] == pairs[1]


def test_json_is_valid_and_has_null_for_what_is_no_number(tmp_path):
    with Database.open(tmp_path / "results.db", mode="create") as database:
        run = begin(database, HOSTILE, recorded_config())
        record_progress(
            database,
            run.id,
            owner="here:1",
            step=40,
            metrics=[Metric(40, "training_loss", math.nan), Metric(40, "gradient_norm", math.inf)],
            snapshot=None,
            checkpoint=None,
            training_seconds=1.0,
            lease_seconds=60.0,
        )
        runs, metrics, comparisons, _ = (
            json.loads(path.read_text(encoding="utf-8"), parse_constant=pytest.fail)
            for path in export_tables(database, tmp_path, "json", None)
        )
    assert comparisons == []
    assert (runs[0]["name"], runs[0]["diverged_step"], runs[0]["model.attention"]) == (HOSTILE, None, ["linear"])
    assert runs[0]["created_at"].endswith("+00:00")
    last = {row["name"]: row["value"] for row in metrics if row["step"] == 40}
    assert (last["training_loss"], last["gradient_norm"]) == (None, None)
    assert last["held_out_loss"] == 0.2 + 0.2 / 41


def test_rows_know_their_run_and_are_sorted_by_it(database, tmp_path):
    runs, metrics, comparisons, curves = (
        pandas.read_csv(path) for path in export_tables(database, tmp_path, "csv", None)
    )
    told = {row.id: (row.name, row.seed) for row in runs[["id", "name", "seed"]].itertuples(index=False, name="Row")}
    for table, name in ((metrics, "run_name"), (comparisons, "name"), (curves, "name")):
        rows = list(zip(table["run_id"], table[name], table["seed"], table["step"], strict=True))
        assert all((name, seed) == told[run_id] for run_id, name, seed, _ in rows)
    assert list(zip(runs["name"], runs["seed"], strict=True)) == sorted(zip(runs["name"], runs["seed"], strict=True))
    key = ["name", "seed", "run_id", "step"]
    assert [*map(tuple, comparisons[key].to_numpy())] == sorted(map(tuple, comparisons[key].to_numpy()))


def test_parquet_files_have_the_same_types_whatever_is_in_them_and_keep_nan(database, tmp_path):
    full = [pyarrow.parquet.read_table(path) for path in export_tables(database, tmp_path / "full", "parquet", None)]
    with Database.open(tmp_path / "other.db", mode="create") as other:
        run = begin(other, "noisy", recorded_config({"task.dataset_size": 1000}))
        metrics = [Metric(40, "training_loss", math.nan), Metric(40, "gradient_norm", math.inf)]
        record_progress(
            other,
            run.id,
            owner="here:1",
            step=40,
            metrics=metrics,
            snapshot=None,
            checkpoint=None,
            training_seconds=1.0,
            lease_seconds=60.0,
        )
        sparse = [pyarrow.parquet.read_table(path) for path in export_tables(other, tmp_path / "few", "parquet", None)]
    for many, few in zip(full, sparse, strict=True):
        assert many.schema.equals(few.schema)
        assert not any(pyarrow.types.is_null(kind) for kind in many.schema.types)
        assert pyarrow.concat_tables([many, few]).num_rows == many.num_rows + few.num_rows
    assert sparse[0]["task.dataset_size"].to_pylist() == [1000]
    assert full[0]["task.dataset_size"].null_count == full[0].num_rows
    last = {row["name"]: row["value"] for row in sparse[1].to_pylist() if row["step"] == 40}
    assert math.isnan(last["training_loss"])
    assert last["gradient_norm"] == math.inf


def test_only_the_chosen_runs_are_exported(database, tmp_path):
    chosen = resolve_runs(database, "alone")
    tables = [pandas.read_csv(path) for path in export_tables(database, tmp_path, "csv", [chosen[0].id])]
    assert set(tables[0]["id"]) == set(tables[1]["run_id"]) == {chosen[0].id}
    assert tables[2].empty
    assert tables[3].empty


def test_lists_are_json_within_csv(database, tmp_path):
    runs = pandas.read_csv(export_tables(database, tmp_path, "csv", None)[0])
    assert {json.loads(kinds)[0] for kinds in runs["model.attention"]} == {"linear", "softmax"}


def test_an_unknown_format_names_the_known_ones(database, tmp_path):
    with pytest.raises(UsageError, match=r"Unknown format 'xlsx'.*csv, json, parquet"):
        export_tables(database, tmp_path, "xlsx", None)


def test_a_file_in_the_way_is_one_line(database, tmp_path):
    (tmp_path / "tables").write_text("")
    with pytest.raises(IclError, match=r"^Cannot write .*--output"):
        export_tables(database, tmp_path / "tables", "csv", None)
