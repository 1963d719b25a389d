"""Content that fits its hash and its column, but not its configuration: neither imported nor called whole.

The files are changed past the store, with hashes that are right again, as whoever makes an archive can.
"""

import hashlib
import json
import struct
from collections.abc import Callable
from sqlite3 import Connection

import numpy as np
import pytest
from bundles import altered_database, bundle, contents, fill, pack
from safetensors.numpy import load, save

from icl_cli.cli.main import run as icl
from icl_cli.store import Database

Change = Callable[[Connection], object]
FINISHED = "(SELECT id FROM runs WHERE name = 'compared' AND json_extract(config, '$.seed') = 0)"
INTERRUPTED = "(SELECT id FROM runs WHERE name = 'interrupted')"
KEY = "blocks.0.attention.key"


def sql(statement: str) -> Change:
    return lambda connection: connection.execute(statement)


def content(table: str, column: str, run: str, change: Callable[[bytes], bytes], step: str = "max(step)") -> Change:
    """The last content of a run, or that of another step, changed, and its SHA-256 too."""

    def apply(connection: Connection) -> None:
        where = f"run_id = {run} AND step = (SELECT {step} FROM {table} WHERE run_id = {run})"
        (before,) = connection.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()
        after = change(before)
        values = (after, hashlib.sha256(after).hexdigest())
        connection.execute(f"UPDATE {table} SET {column} = ?, sha256 = ? WHERE {where}", values)

    return apply


def weights(change: Callable[[bytes], bytes], step: str = "max(step)") -> Change:
    return content("snapshots", "weights", FINISHED, change, step)


def state(change: Callable[[bytes], bytes]) -> Change:
    return content("checkpoints", "state", INTERRUPTED, change)


def arrays(change: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray | None]]) -> Callable[[bytes], bytes]:
    """Stored arrays with some replaced, added or, for None, left out."""

    def apply(before: bytes) -> bytes:
        stored = load(before)
        return save({name: array for name, array in (stored | change(stored)).items() if array is not None})

    return apply


def with_nan(array: np.ndarray) -> np.ndarray:
    changed = array.copy()
    changed.flat[0] = np.nan
    return changed


def headed(dtype: str, shape: list[int], size: int) -> bytes:
    """A safetensors file of one array that its header describes so."""
    header = json.dumps({KEY: {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


def parameters(text: str, name: str = "gd") -> Change:
    return sql(f"UPDATE baselines SET parameters = '{text}' WHERE name = '{name}'")


def baseline(name: str, depends_on: object, found: object) -> Change:
    """A record with the id that its name and what it depends on decide."""

    def apply(connection: Connection) -> None:
        key, values = (json.dumps(each, sort_keys=True, separators=(",", ":")) for each in (depends_on, found))
        text = f'{{"depends_on":{key},"name":"{name}"}}'
        identity = hashlib.sha256(text.encode()).hexdigest()
        columns = "id, name, depends_on, parameters, loss, standard_error, created_at"
        moment = "2025-01-01 00:00:00.000000"
        row = (identity, name, key, values, 0.1, 0.01, moment)
        connection.execute(f"INSERT INTO baselines ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)

    return apply


RUN_ID = "ab" * 32
NO_FILE = "are no safetensors file"
# What is changed, and a part of what is said of it.
CASES: dict[str, tuple[Change, str]] = {
    "weights of another shape": (weights(arrays(lambda a: {KEY: a[KEY][..., :-1]})), f"Stored '{KEY}' is float32"),
    "weights in float64": (weights(arrays(lambda a: {KEY: a[KEY].astype(np.float64)})), f"Stored '{KEY}' is float64"),
    "weights in whole numbers": (weights(arrays(lambda a: {KEY: a[KEY].astype(np.int32)})), "is int32"),
    "weights with NaN": (weights(arrays(lambda a: {KEY: with_nan(a[KEY])})), f"Stored '{KEY}' is not finite"),
    "weights that lack an array": (weights(arrays(lambda a: {KEY: None})), f"lack '{KEY}'"),
    "weights of one array more": (weights(arrays(lambda a: {"more": np.zeros(3, np.float32)})), "have 'more'"),
    "no weights": (weights(lambda _: b""), NO_FILE),
    "a header of 2^63": (weights(lambda before: struct.pack("<Q", 2**63) + before[8:]), NO_FILE),
    "a header that ends early": (weights(lambda before: before[:20]), NO_FILE),
    "a shape of 2^62": (weights(lambda _: headed("F32", [0, 2**62], 0)), NO_FILE),
    "a type that NumPy lacks": (weights(lambda _: headed("BF16", [2], 4)), NO_FILE),
    "a type of eight bits": (weights(lambda _: headed("F8_E4M3", [2], 2)), NO_FILE),
    "no weights at the first step": (weights(lambda _: b"", "min(step)"), "weights at step 0: The stored weights are"),
    "a state of another shape": (state(arrays(lambda a: {"step": np.zeros(2, np.int32)})), "Stored 'step' is int32[2]"),
    "a state with NaN": (state(arrays(lambda a: {f"model.{KEY}": with_nan(a[f"model.{KEY}"])})), "is not finite"),
    "a state of another step": (
        state(arrays(lambda a: {"step": np.array(3, np.int32)})),
        "says that it is of step 3",
    ),
    "no state": (state(lambda _: b"\0state\0"), NO_FILE),
    "an infinite x": (sql("UPDATE curves SET x = 9e999 WHERE x = 0.1"), "a row of curves has a x that"),
    "an infinitely negative x": (sql("UPDATE curves SET x = -9e999 WHERE x = 0.1"), "a row of curves has a x that"),
    **{
        f"a negative error in {table}": (sql(f"UPDATE {table} SET standard_error = -0.5"), f"{table} has a negative")
        for table in ("summaries", "baselines", "comparisons", "curves")
    },
    "an error of -inf": (
        sql("UPDATE curves SET standard_error = NULL, standard_error_nonfinite = '-inf'"),
        "a row of curves has a negative standard error",
    ),
    **{
        f"an error of NaN in {table}": (
            sql(f"UPDATE {table} SET standard_error = NULL, standard_error_nonfinite = 'nan'"),
            f"a row of {table} has a {number} whose standard error is NaN",
        )
        for table, number in (("summaries", "value"), ("baselines", "loss"))
    },
    "no task": (sql("UPDATE comparisons SET tasks = 0"), "fewer than 1 task"),
    **{
        f"a later step in {table}": (
            sql(f"UPDATE {table} SET step = 41 WHERE step = 40"),
            f"a row of {table} is of step 41; its training has steps 0 to 40",
        )
        for table in ("metrics", "snapshots", "comparisons", "curves", "runs")
    },
    "a later divergence": (sql("UPDATE runs SET diverged_step = 41 WHERE diverged_step = 40"), "is of step 41"),
    "no loss": (sql(f"DELETE FROM summaries WHERE run_id = {FINISHED}"), "its held_out_loss is not stored"),
    "parameters that are a list": (parameters("[]"), "was altered"),
    "parameters that are nested": (parameters('{"learning_rates":[[1.0]]}'), "was altered"),
    "no parameters": (parameters("{}"), "it has no learning_rates"),
    "no rate": (parameters('{"learning_rates":[]}'), "it has no learning_rates"),
    "more rates than steps": (parameters('{"learning_rates":[1.0,2.0]}'), "it has 2 learning_rates for 1 steps"),
    "no penalty": (parameters('{"penalty":[]}', "ridge"), "it has no penalty"),
    "a parameter that acts": (parameters('{"learning_rates":[1.0],"\\u001b":[1.0]}'), "cannot be printed"),
    "a baseline of no task": (baseline("gd", {"steps": 1}, {"learning_rates": [1.0]}), "names no task"),
    "a run with parameters": (baseline("other", {"run": RUN_ID}, {"rate": [1.0]}), "a record of another run has"),
    "a run and more": (baseline("other", {"run": RUN_ID, "steps": 1}, {}), "a record of another run has"),
    "a run that is none": (baseline("other", {"run": ["x"]}, {}), "a record of another run has"),
    "a run called as a baseline": (baseline("gd", {"run": RUN_ID}, {}), "no record of another run has this name"),
    "a run called as the model": (baseline("model", {"run": RUN_ID}, {}), "no record of another run has this name"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The files of a bundle with which nothing is wrong."""
    folder = tmp_path_factory.mktemp("good")
    with Database.open(folder / "results.db", mode="create") as database:
        fill(database)
        bundle(database, folder / "good.zip")
    return contents(folder / "good.zip")


def said(capfd: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    """The exit code of a command and what it said, in one line."""
    capfd.readouterr()
    code = icl([str(word) for word in words])
    captured = capfd.readouterr()
    return code, " ".join(f"{captured.out} {captured.err}".split())


def test_what_was_recorded_is_imported_and_whole(files, tmp_path, capfd):
    code, _ = said(capfd, "import", pack(tmp_path / "good.zip", files), "--db", tmp_path / "target.db")
    assert code == 0
    code, text = said(capfd, "db", "check", "--db", tmp_path / "target.db")
    assert (code, "is whole" in text) == (0, True)


def nan_weights(run: str, step: str = "max(step)") -> Change:
    return content("snapshots", "weights", run, arrays(lambda a: {KEY: with_nan(a[KEY])}), step)


def nan_state(connection: Connection) -> None:
    """What a run that is about to be found diverged leaves when its process is killed just then."""
    nan = "UPDATE metrics SET value = NULL, value_nonfinite = 'nan' WHERE name = 'held_out_loss' AND step = 40"
    connection.execute(f"{nan} AND run_id = {INTERRUPTED}")
    CASES["a state with NaN"][0](connection)
    nan_weights(INTERRUPTED)(connection)


@pytest.mark.parametrize("change", [nan_weights("(SELECT id FROM runs WHERE status = 'diverged')"), nan_state])
def test_weights_of_a_run_that_diverged_need_be_no_numbers(files, tmp_path, capfd, change):
    archive = pack(tmp_path / "diverged.zip", altered_database(files, tmp_path, change))
    code, text = said(capfd, "import", archive, "--db", tmp_path / "target.db")
    assert code == 0, text
    assert said(capfd, "db", "check", "--db", tmp_path / "target.db")[0] == 0


@pytest.mark.parametrize("case", CASES)
def test_it_is_not_imported(files, tmp_path, capfd, case):
    change, expected = CASES[case]
    archive = pack(tmp_path / "bad.zip", altered_database(files, tmp_path, change))
    code, text = said(capfd, "import", archive, "--db", tmp_path / "target.db")
    assert code == 1
    assert expected in text
    assert "Traceback" not in text
    assert not (tmp_path / "target.db").exists()


@pytest.mark.parametrize("case", CASES)
def test_a_check_of_the_file_finds_it(files, tmp_path, capfd, case):
    change, expected = CASES[case]
    (tmp_path / "results.db").write_bytes(altered_database(files, tmp_path, change)["results.db"])
    code, text = said(capfd, "db", "check", "--db", tmp_path / "results.db")
    assert code == 1
    assert expected in text
    assert "Traceback" not in text
