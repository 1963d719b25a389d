"""compare, runs and report as a user meets them, with good, bad and empty input."""

import errno
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing

import pytest
from safetensors.numpy import load, save
from small_runs import TINY

from icl_cli.cli.main import run

TEMPORARY = f"Temporary files are in {tempfile.gettempdir()}; TMPDIR names another folder."


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A database with two seeds of one configuration and one run of another, for copies."""
    file = tmp_path_factory.mktemp("trained") / "results.db"
    assert run(["train", *TINY, "--seeds", "2", "--name", "pair", "--db", str(file)]) == 0
    assert run(["train", *TINY, "--label-noise", "0.1", "--name", "noisy", "--db", str(file)]) == 0
    return file


@pytest.fixture
def trained(icl, results, tmp_path):
    """`icl` beside a copy of it."""
    shutil.copy(results, tmp_path)
    return icl


def into_float64(path, seed):
    """Make the weights of the run of this name and seed those of a release that let the shell choose float64."""
    with sqlite3.connect(path) as connection:
        (run_id,) = connection.execute(
            "SELECT id FROM runs WHERE name = 'pair' AND json_extract(config, '$.seed') = ?", (seed,)
        ).fetchone()
        for step, weights in connection.execute("SELECT step, weights FROM snapshots WHERE run_id = ?", (run_id,)):
            wide = save({name: array.astype("float64") for name, array in load(weights).items()})
            connection.execute(
                "UPDATE snapshots SET weights = ?, sha256 = ? WHERE run_id = ? AND step = ?",
                (wide, hashlib.sha256(wide).hexdigest(), run_id, step),
            )
    return run_id[:8]


def test_a_run_of_other_numerics_is_left_out_by_name_and_stops_no_other(trained, tmp_path):
    odd = into_float64(tmp_path / "results.db", seed=0)
    for words in (("compare", "pair", "--no-curves"), ("analyse", "pair", "--analysis", "plateau")):
        result = trained(*words)
        assert result.code == 0
        assert f"Left out: Run {odd} (pair, seed 0): Stored 'blocks.0.attention.key' is float64" in result.err
        assert odd not in result.out
    assert trained("plot", "loss", "pair").code == 0
    assert trained("report", "--output", "page").code == 0
    page = (tmp_path / "page" / "index.html").read_text(encoding="utf-8")
    assert "Figures and means are over seed 1. Left out" in page
    assert "is float64[1, 4, 4]" in page
    alone = trained("compare", odd)
    assert alone.code == 4
    assert f"icl runs delete {odd}" in alone.err


def test_a_diverged_run_says_how_and_what_helps(icl):
    result = icl("train", *TINY, "--learning-rate", "1000", "--steps", "1")
    assert result.code == 3
    assert "Seed 0 diverged: held-out loss blew up: " in result.err
    assert "Lower --learning-rate" in result.err


def test_compare_takes_the_latest_finished_runs_and_stores_what_it_prints(trained):
    result = trained("compare", "--baseline", "gd", "--no-curves")
    assert result.code == 0
    assert "noisy against gd (η/N" in result.out
    assert "95% over tasks" in " ".join(result.out.split())
    assert max(map(len, result.out.splitlines())) <= 80
    assert "Next: icl report" in result.err
    (group,) = json.loads(trained("compare", "--baseline", "gd", "--no-curves", "--json").out)["data"]
    (run,) = group["runs"]
    shown = json.loads(trained("runs", "show", "noisy", "--json").out)["data"][0]["comparisons"]
    assert {c["measure"]: c["value"] for c in shown} == {m: v["value"] for m, v in run["measures"].items()}


def test_compare_prints_a_line_a_seed_and_their_mean(trained):
    result = trained("compare", "pair", "--baseline", "gd", "--baseline", "least-squares", "--no-curves", "--at", "all")
    assert result.out.count("mean") == 2
    assert "pair against least-squares (no parameters)" in result.out


def test_compare_with_another_run(trained, tmp_path):
    trained("train", *TINY, "--seeds", "2", "--attention", "softmax", "--name", "soft")
    result = trained("compare", "pair", "--with", "soft", "--at", "all", "--no-curves")
    assert result.code == 0, result.err
    assert "pair against soft" in result.out
    assert result.out.count("mean") == 1
    trained("runs", "rename", "soft", "softer")
    (group,) = json.loads(trained("compare", "pair", "--with", "softer", "--no-curves", "--json").out)["data"]
    assert (group["baseline"], [run["seed"] for run in group["runs"]]) == ("softer", [0, 1])
    assert "softer" in trained("runs", "show", "pair").out
    assert trained("report", "pair").code == 0
    page = (tmp_path / "icl-report" / "index.html").read_text(encoding="utf-8")
    assert "softer" in page
    assert "soft<" not in page


def test_compare_names_the_seeds_that_it_leaves_out(trained):
    trained("train", *TINY, "--seeds", "2", "--seed", "1", "--attention", "softmax", "--name", "later")
    result = trained("compare", "pair", "--with", "later", "--no-curves")
    assert "Not compared: seed 0 of 'pair'; 'later' has no finished run of that seed." in result.err
    assert "Not compared: seed 2 of 'later'; 'pair' has no finished run of that seed." in result.err
    both = trained("compare", "pair", "--with", "later", "--baseline", "gd", "--no-curves", "--json")
    groups = json.loads(both.out)["data"]
    assert {group["baseline"]: [run["seed"] for run in group["runs"]] for group in groups} == {
        "gd": [0, 1],
        "later": [1],
    }


def test_noise_is_told_where_losses_are(trained):
    trained("compare", "noisy", "--baseline", "ridge", "--no-curves")
    for words in (("compare", "noisy", "--baseline", "ridge", "--no-curves"), ("runs", "show", "noisy")):
        shown = " ".join(trained(*words).out.split())
        assert "every loss contains 0.005 (τ²/2) that nobody can learn; the Bayes loss" in shown


def test_a_sine_task_is_compared_with_a_baseline_that_is_tuned_by_samples(icl):
    words = ["--task=sine", *(word for word in TINY if not word.startswith("--input-size")), "--embedding-size=6"]
    icl("train", *words)
    alone = icl("compare", "--no-curves", "--json")
    assert alone.code == 0
    (group,) = json.loads(alone.out)["data"]
    # No rate of GD from 0 does worse than not learning, whose loss is half the mean of a² sin²(x + ρ): here near 0.025.
    assert group["baseline"] == "gd"
    assert 0 < group["runs"][0]["measures"]["baseline_loss"]["value"] < 0.05


def test_runs_are_listed_shown_and_told_apart(trained):
    listed = json.loads(trained("runs", "list", "--json").out)["data"]
    assert [run["name"] for run in listed] == ["noisy", "pair", "pair"]
    table = trained("runs", "list").out
    assert all(run["id"][:8] in table for run in listed)
    shown = trained("runs", "show", listed[0]["id"][:8])
    assert "task.label_noise" in shown.out
    assert "git_commit" in shown.out
    different = json.loads(trained("runs", "diff", "noisy", listed[1]["id"][:8], "--json").out)["data"]["differences"]
    assert set(different) == {"task.label_noise", "name", "seed", "result.held_out_loss", "result.bayes_loss"}
    assert "Both are run" in trained("runs", "diff", "noisy", "latest").err


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_export_writes_every_table(trained, tmp_path, format):
    result = trained("runs", "export", "--format", format, "--output", "tables")
    written = sorted(tmp_path.joinpath(line).name for line in result.out.split())
    assert written == sorted(f"{table}.{format}" for table in ("runs", "metrics", "comparisons", "curves"))
    assert all(tmp_path.joinpath(line).stat().st_size > 0 for line in result.out.split())
    assert "replaced" not in result.err
    again = trained("runs", "export", "--format", format, "--output", "tables")
    assert "4 files of an earlier export replaced" in again.err


def test_report_writes_the_page(trained, tmp_path):
    trained("compare", "--baseline", "gd", "--no-curves")
    result = trained("report")
    assert result.code == 0
    assert (tmp_path / "icl-report" / "index.html").exists()
    assert all((tmp_path / line).exists() for line in result.out.splitlines())


COMMANDS = [
    ["compare"],
    ["analyse"],
    ["runs", "list"],
    ["runs", "show", "latest"],
    ["runs", "diff", "latest", "latest"],
    ["runs", "export"],
    ["report"],
]


def one_line(result, code):
    assert result.code == code, result
    assert result.out == ""
    assert len(result.err.splitlines()) == 1, result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_before_any_run_the_next_command_is_named(icl, words):
    result = icl(*words)
    one_line(result, 4)
    assert "icl train" in result.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("content", [b"no database at all, only text " * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_foreign_file_is_refused_and_left_as_it_is(icl, tmp_path, words, content):
    (tmp_path / "results.db").write_bytes(content)
    one_line(icl(*words), 1)
    assert (tmp_path / "results.db").read_bytes() == content


@pytest.mark.parametrize("words", [*COMMANDS, ["train", *TINY]], ids=lambda words: words[0])
def test_another_programs_database_is_refused_and_left_as_it_is(icl, tmp_path, words):
    with sqlite3.connect(tmp_path / "results.db") as connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    before = (tmp_path / "results.db").read_bytes()
    one_line(icl(*words), 1)
    assert (tmp_path / "results.db").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["compare", "--baseline", "gd+++"], 2, ["gd+++", "least-squares"]),
        (["compare", "--at", "first"], 2, ["first", "last", "all"]),
        (["compare", "noisy", "--with", "noisy"], 2, ["itself"]),
        (["compare", "noisy", "--with", "pair"], 2, ["task.label_noise", "0.1"]),
        (["compare", "noisy", "--with", "nobody"], 4, ["nobody"]),
        (["compare", "nobody"], 4, ["nobody", "icl runs list"]),
        (["runs", "show", "nobody"], 4, ["nobody"]),
        (["runs", "list", "--limit", "0"], 2, ["--limit must be at least 1, given '0'", "icl runs list --help"]),
        (["runs", "list", "--columns", "id,layer"], 2, ["'layer'", "model.layers", "loss", "--dry-run"]),
        (["runs", "diff", "noisy"], 2, ["RUN", "icl runs diff --help"]),
        (["db", "check", "noisy.db"], 2, ["noisy.db", "icl db check --help"]),
        (["plot", "los"], 2, ["'loss'", "icl plot --list"]),
        (["sweep", "plan", "none.toml"], 2, ["none.toml", "sweep file"]),
        (["sweep", "run", "junk.zip"], 2, ["junk.zip", ".toml"]),
        (["runs", "export", "--format", "xml"], 2, ["xml", "csv", "json", "parquet"]),
        (["report", "nobody"], 4, ["nobody"]),
        (["runs", "list", "pair", "noisy"], 2, ["Too many arguments", "'pair noisy'", "icl runs list --help"]),
        (["runs", "list", "--db"], 2, ["'--db' needs a value", "icl runs list --help"]),
        (["runs", "list", "--db", "--json"], 2, ["--db needs a value", "--json behind it", "icl runs list --help"]),
        (["train", "--name", "--steps", "5"], 2, ["--name needs a value", "--steps behind it", "icl train --help"]),
        (["runs", "list", "--db", ""], 2, ["'' given", "SQLite file"]),
        (["frobnicate"], 2, ["frobnicate"]),
        (["list", "runs"], 2, ["Did you mean `icl runs list`?"]),
        (["export"], 2, ["Did you mean `icl runs export` or `icl weights export`?"]),
        (["db", "status"], 2, ["Did you mean `icl sweep status`?", "icl db --help"]),
        (["runs", "train"], 2, ["Did you mean `icl train`?"]),
        (["runs", "lst"], 2, ["Did you mean `icl runs list`?"]),
        (["trian"], 2, ["Did you mean `icl train`?"]),
        (["--db", "results.db", "runs", "list"], 2, ["--db stands behind a command", "icl train --db"]),
        (["runs", "--json", "list"], 2, ["--json stands behind a command: `icl runs list --json`"]),
        (["train", "--layer", "5"], 2, ["No such option: --layer. Did you mean --layers?", "icl train --help"]),
        (["train", "--lr", "1"], 2, ["Did you mean --learning-rate?"]),
        (["train", "--batchsize=5"], 2, ["No such option: --batchsize. Did you mean --batch-size?"]),
        (["report", "--out", "x"], 2, ["Did you mean --output?"]),
        (["--verson"], 2, ["Did you mean --version?"]),
        (["compare", "--basline", "gd"], 2, ["Did you mean --baseline?"]),
        (["compare", "-looped"], 2, ["No such option: -looped.", "`icl compare -- -looped`"]),
        (["runs", "rename", "latest", "-new"], 2, ["No such option: -new.", "`icl runs rename latest -- -new`"]),
        (["runs", "show", "--db", "x.db", "-x"], 2, ["`icl runs show --db x.db -- -x`"]),
        (["compare", "--baseline", "gd,"], 2, ["--baseline: 'gd,' given", "commas between"]),
        (["compare", "--baseline", "gd,sgd"], 2, ["'sgd'", "gd++"]),
        (["analyse", "--analysis", "plateau,plato"], 2, ["'plato'", "plateau"]),
        (["compare", "--at", "first"], 2, ["--at: 'first' given", "last, all, or steps with commas between"]),
        (["compare", "--at", "-1"], 2, ["--at: '-1' given"]),
        (["compare", "--at", "7"], 2, ["--at: 7 given, but no weights", "the nearest is "]),
        (["runs", "export", "--output", ""], 2, ["An empty path", "Write ."]),
        (["db", "backup", ""], 2, ["An empty path"]),
        (["report", "--bundle", ""], 2, ["An empty path"]),
        (["sweep", "run", "fig2", "--executor", "x"], 2, ["--executor must be one of 'local', 'ray', given 'x'"]),
        (["runs", "it's"], 2, ['No such command "it\'s".', "icl runs --help"]),
    ],
)
def test_bad_requests_name_what_is_allowed(trained, words, code, named):
    result = trained(*words)
    one_line(result, code)
    for word in named:
        assert word in result.err


@pytest.mark.parametrize(
    "words",
    [["train", "-looped"], ["compare", "--lern"], ["runs", "rename", "latest", "new", "-x"], ["compare", "-x"]],
)
def test_where_no_name_is_expected_nothing_is_said_of_names(trained, words):
    result = trained(*words)
    one_line(result, 2)
    assert "No such option" in result.err
    assert "A name" not in result.err


def test_baselines_and_steps_may_be_listed_with_commas_between(trained):
    words = ["compare", "pair", "--no-curves", "--json"]
    groups = json.loads(trained(*words, "--baseline", "gd, least-squares", "--at", "40,0").out)["data"]
    found = [(group["baseline"], {run["step"] for run in group["runs"]}) for group in groups]
    assert found == [("gd", {0}), ("gd", {40}), ("least-squares", {0}), ("least-squares", {40})]
    # An untrained model predicts about 0; its loss is that of the stored curve at the same step.
    losses = [[run["measures"]["model_loss"]["value"] for run in group["runs"]] for group in groups[:2]]
    with sqlite3.connect("results.db") as connection:
        rows = connection.execute(
            "SELECT m.step, m.value FROM metrics m JOIN runs r ON r.id = m.run_id WHERE r.name = 'pair' "
            "AND m.name = 'held_out_loss' AND m.step IN (0, 40) ORDER BY m.step, json_extract(r.config, '$.seed')"
        ).fetchall()
    assert sorted(losses[0] + losses[1]) == pytest.approx(sorted(value for _, value in rows), rel=1e-5)
    table = trained("compare", "pair", "--no-curves", "--baseline", "gd", "--at", "0").out
    assert "pair at step 0 against gd" in table


def test_output_that_cannot_be_written_is_one_line(trained, tmp_path):
    (tmp_path / "icl-export").write_text("a file where a folder should be")
    result = trained("runs", "export")
    one_line(result, 1)
    assert "icl-export" in result.err
    assert (tmp_path / "icl-export").read_text() == "a file where a folder should be"


@pytest.mark.parametrize(
    "words",
    [
        ["plot", "loss", "--output", "none/there"],
        ["plot", "loss", "--output", "none/there.png"],
        ["report", "--output", "none/there"],
        ["report", "--bundle", "none/there.zip"],
        ["report", "--paper", "--output", "none/there"],
        ["reproduce", "fig2", "--output", "none/there"],
        ["runs", "export", "--output", "none/there"],
        ["runs", "thin", "none/there.db"],
        ["weights", "export", "--output", "none/there"],
        ["db", "backup", "none/there.db"],
        ["db", "copy", "results.db", "none/there.db"],
        ["train", *TINY, "--db", "none/there.db"],
    ],
    ids=" ".join,
)
def test_only_the_last_part_of_a_path_is_made(trained, tmp_path, words):
    before = sorted(tmp_path.iterdir())
    result = trained(*words, "--quiet")
    one_line(result, 1)
    assert "Cannot make none/there" in result.err
    assert "there is no folder none. Make it first" in result.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("words", [["runs", "list"], ["runs", "list", "--limit", "x"], ["train", "--steps", "0"]])
def test_debug_shows_the_traceback_and_ends_as_without_it(icl, words):
    plain, debugged = icl(*words), icl(*words, "--debug")
    assert plain.code == debugged.code
    assert plain.code in (2, 4)
    assert "Traceback (most recent call last)" in debugged.err
    assert debugged.err.endswith(plain.err)


def test_debug_prints_no_sign_of_a_database_that_would_act_on_a_terminal(trained, tmp_path):
    with closing(sqlite3.connect(tmp_path / "results.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = char(27) || ']0;evil' || char(7)")
    result = trained("runs", "list", "--debug")
    assert result.code == 1
    assert "Traceback" in result.err
    assert not {"\x1b", "\x07"} & set(result.err + result.out)


def test_the_database_comes_from_the_environment_too(trained, monkeypatch, tmp_path):
    (tmp_path / "results.db").rename(tmp_path / "other.db")
    monkeypatch.setenv("ICL_DB", "other.db")
    assert trained("runs", "list").code == 0


def test_an_interruption_is_said_in_one_line(trained, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("icl_cli.store.Database.open", interrupted)
    result = trained("runs", "list")
    one_line(result, 130)
    assert "Interrupted. What was recorded is kept" in result.err


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EACCES, "icl: Permission denied: there. Make it readable and writable, or give another path.\n"),
        (errno.ENOSPC, f"icl: No space left on device: there. Free some space. {TEMPORARY}\n"),
        (errno.EIO, "icl: Input/output error: there.\n"),
    ],
)
def test_errors_of_the_system_say_what_mends_them(icl, monkeypatch, number, told):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "there")

    monkeypatch.setattr("icl_cli.store.Database.open", refuse)
    assert icl("runs", "list") == (1, "", told)
