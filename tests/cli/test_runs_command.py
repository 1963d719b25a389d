"""icl runs as a user meets it: choosing, reading, writing beside, deleting and getting back."""

import csv
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas
import pytest
from small_runs import TINY

from icl_cli.cli.main import run

COMMANDS = ("list", "show", "diff", "tag", "note", "rename", "release", "delete", "export", "thin")


@pytest.fixture(scope="module")
def template(tmp_path_factory) -> Path:
    """Two seeds of one configuration, compared with gd, and a run with noise; made once."""
    path = tmp_path_factory.mktemp("template") / "results.db"
    for words in (
        ["train", *TINY, "--seeds", "2", "--name", "pair"],
        ["compare", "pair", "--baseline", "gd", "--no-curves"],
        ["train", *TINY, "--label-noise", "0.1", "--name", "noisy"],
    ):
        assert run([*words, "--db", str(path)]) == 0
    return path


@pytest.fixture
def trained(icl, template, tmp_path):
    shutil.copy(template, tmp_path)
    return icl


def one_line(result, code: int) -> None:
    assert (result.code, result.out, result.err.count("\n")) == (code, "", 1), result


def names(result) -> list[str]:
    return [f"{each['name']} {each['seed']}" for each in json.loads(result.out)["data"]]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_two_examples(icl, command):
    result = icl("runs", command, "--help")
    assert result.code == 0
    assert result.out.split("Examples:")[1].count("icl runs") >= 2


def test_runs_are_filtered_sorted_and_shown_in_columns(trained):
    assert names(trained("runs", "list", "--where", "label_noise=0", "--json")) == ["pair 1", "pair 0"]
    ascending = names(trained("runs", "list", "--sort", "loss", "--json"))
    assert sorted(ascending) == ["noisy 0", "pair 0", "pair 1"]
    assert names(trained("runs", "list", "--sort", "-loss", "--json")) == ascending[::-1]
    result = trained("runs", "list", "--where", "gd.ratio<10", "--columns", "name,gd.ratio,layers", "--sort", "seed")
    assert result.code == 0
    header, *lines = [line.split() for line in result.out.splitlines()]
    assert header == ["Name", "gd.ratio", "layers"]
    assert [(line[0], line[2]) for line in lines] == [("pair", "1"), ("pair", "1")]


def test_a_list_fits_80_columns_and_says_what_is_missing(trained):
    result = trained("runs", "list", "--limit", "1", "--sort", "-gd.ratio")
    assert max(map(len, result.out.splitlines())) <= 80
    assert "gd.ratio" in result.out.splitlines()[0]
    assert "1 of 3 runs; --limit 3 shows all." in result.err


def test_a_list_shows_the_settings_in_which_its_runs_differ(trained):
    header, *lines = [line.split() for line in trained("runs", "list").out.splitlines()]
    shown = {line[header.index("Name")]: float(line[header.index("label_noise")]) for line in lines}
    assert (shown["pair"], shown["noisy"] > 0) == (0.0, True)
    alike = trained("runs", "list", "--where", "name=pair").out.splitlines()[0]
    assert "label_noise" not in alike
    chosen = trained("runs", "list", "--columns", "id,name").out.splitlines()[0]
    assert chosen.split() == ["Run", "Name"]


def test_the_values_of_columns_are_in_the_json(trained):
    found = json.loads(trained("runs", "list", "--columns", "loss,started,attention,tag,gd.ratio", "--json").out)[
        "data"
    ]
    shown = json.loads(trained("runs", "show", "pair", "--json").out)["data"]
    for record in shown:
        (values,) = [each["values"] for each in found if each["id"] == record["id"]]
        measures = {one["measure"]: one["value"] for one in record["comparisons"]}
        assert values["loss"] == record["summaries"][0]["value"]
        assert values["gd.ratio"] == pytest.approx(measures["model_loss"] / measures["baseline_loss"])
        assert (values["attention"], values["tag"], values["started"]) == (["linear"], [], record["started_at"])


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["list", "--where", "layer=1"], 2, ["layers"]),
        (["list", "--where", "layers=one"], 2, ["whole number"]),
        (["list", "--where", "layers"], 2, ["no condition"]),
        (["list", "--where", "layers=9"], 4, ["layers=9", "looked at 3"]),
        (["list", "--sort", "size"], 2, ["size"]),
        (["list", "--sort", "foo.ratio"], 2, ["'foo'", "Compared with so far: gd.", "icl compare RUN"]),
        (["show", "-foo"], 2, ["No such option: -foo.", "`icl runs show -- -foo`"]),
        (["rename", "pair", "--none-like-this"], 2, ["`icl runs rename pair -- --none-like-this`"]),
        (["rename", "noisy", "pair"], 2, ["'pair' is the name of 2 runs", "--yes", "another name"]),
        (["list", "--columns", "id,,loss"], 2, ["--columns"]),
        (["list", "--columns", ""], 2, ["--columns"]),
        (["export", "--where", "layers=9"], 4, ["layers=9"]),
        (["tag", "pair"], 2, ["--add", "--remove"]),
        (["tag", "pair", "--add", "latest"], 2, ["latest"]),
        (["tag", "nobody", "--add", "x"], 4, ["nobody"]),
        (["rename", "pair", ""], 2, ["1 to 80"]),
        (["rename", "pair", "a\x1b[31m"], 2, ["printable"]),
        (["note", "pair", "\x07"], 2, ["printable"]),
        (["delete", "pair"], 2, ["2 runs", "--yes"]),
        (["delete", "nobody", "--yes"], 4, ["nobody"]),
    ],
)
def test_bad_requests_are_one_line_and_change_nothing(trained, words, code, named):
    before = dump()
    result = trained("runs", *words)
    one_line(result, code)
    assert all(word in result.err for word in named)
    assert "\x1b" not in result.err
    assert dump() == before


def dump(path: str = "results.db") -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.iterdump())


def test_a_run_is_shown_with_curve_and_comparison(trained):
    trained("runs", "tag", "pair", "--add", "paper", "--add", "a b")
    trained("runs", "note", "pair", "first line\nsecond line")
    shown = trained("runs", "show", "pair")
    assert max(map(len, shown.out.splitlines())) <= 80
    assert " tags a b, paper " in " ".join(shown.out.split())
    assert "second line" in shown.out
    assert shown.out.count("Held-out loss") == 2
    assert "── gd 0." in shown.out
    assert shown.out.count("Compared with") == 2
    assert shown.out.count("task.label_noise") == 1
    assert "Not compared yet." in trained("runs", "show", "noisy").out
    assert "Log:" not in shown.err


def test_the_log_of_a_sweeps_run_is_hinted_at(trained, tmp_path):
    (shown,) = json.loads(trained("runs", "show", "noisy", "--json").out)["data"]
    folder = tmp_path / "results.db.logs"
    folder.mkdir()
    (folder / f"{shown['id']}.log").write_text("said\n")
    assert f"Log: icl runs show {shown['id'][:8]} --log" in trained("runs", "show", "noisy").err


def test_only_what_differs_is_shown(trained):
    trained("runs", "tag", "noisy", "--add", "paper")
    result = trained("runs", "diff", "pair", "noisy", "--json")
    differences = json.loads(result.out)["data"]["differences"]
    assert set(differences) == {"task.label_noise", "name", "tags", "result.held_out_loss", "result.bayes_loss"}
    assert (differences["task.label_noise"], differences["tags"]) == ([0.0, 0.1], [[], ["paper"]])
    assert "pair means 2 runs; taking" in result.err


def test_tags_notes_and_names_are_found_again(trained):
    assert "2 runs: 2 tags added, 0 removed." in trained("runs", "tag", "pair", "--add", "paper").err
    assert names(trained("runs", "list", "--where", "tag=paper", "--json")) == ["pair 1", "pair 0"]
    assert "3 runs: 1 tag added, 0 removed." in trained("runs", "tag", "noisy", "pair", "--add", "paper").err
    assert trained("runs", "note", "noisy", "odd plateau").code == 0
    assert names(trained("runs", "list", "--where", "note~PLATEAU", "--json")) == ["noisy 0"]
    assert "icl runs show 'five, best'" in trained("runs", "rename", "noisy", "five, best").err
    assert names(trained("runs", "list", "--where", "name=five, best", "--json")) == ["five, best 0"]
    assert trained("runs", "show", "noisy").code == 4


def test_what_changes_nothing_says_so(trained):
    tags = trained("runs", "tag", "noisy", "--remove", "nothing")
    assert (tags.code, "cannot be removed" in tags.err) == (0, True)


def test_only_a_name_of_another_configuration_is_asked_about(trained):
    first, second = json.loads(trained("runs", "show", "pair", "--json").out)["data"]
    assert trained("runs", "rename", first["id"], "noisy", "--yes").code == 0
    assert trained("runs", "rename", first["id"], "one seed").code == 0
    assert trained("runs", "rename", second["id"], "one seed").code == 0
    assert trained("runs", "rename", "one seed", "one seed").code == 0


@pytest.mark.parametrize(
    ("words", "last"),
    [(["delete", "pair"], "Nothing was deleted."), (["rename", "noisy", "pair"], "Nothing was renamed.")],
)
def test_nothing_is_done_when_the_person_says_no(trained, tmp_path, monkeypatch, words, last):
    before = dump()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    result = trained("runs", *words)
    assert (result.code, result.out) == (0, "")
    assert [line.split()[2] for line in result.err.splitlines()[:2]] == ["pair", "pair"]
    assert result.err.splitlines()[2:] == [last]
    assert dump() == before
    assert not list(tmp_path.glob("*.deleted.db"))


def test_the_next_command_is_about_all_seeds_of_what_was_asked_for(trained):
    (one, _) = json.loads(trained("runs", "show", "pair", "--json").out)["data"]
    assert "Next: icl report pair\n" in trained("runs", "show", "pair").err
    assert f"Next: icl report {one['id'][:8]}\n" in trained("runs", "show", one["id"]).err
    assert "Next: icl runs show pair\n" in trained("runs", "note", "pair", "text").err


def test_a_long_name_is_cut_and_not_broken(trained):
    long = "-".join(["looped"] * 11)
    trained("runs", "rename", "pair", long)
    listed = trained("runs", "list").out.splitlines()
    again = trained("train", *TINY, "--seeds", "2").out.splitlines()
    found = trained("analyse", long, "--analysis", "plateau").out.splitlines()
    assert (len(listed), len(again), len(found)) == (4, 3, 7)
    assert all("looped-looped" in line and "…" in line for line in (*listed[2:], *again[1:], *found[1:]))
    assert max(map(len, (*listed, *again, *found))) <= 80
    assert long in trained("runs", "list", "--columns", "name").out


def test_a_name_like_an_option_is_no_option_of_the_next_command(trained):
    renamed = trained("runs", "rename", "noisy", "--", "-y")
    (following,) = [line for line in renamed.err.splitlines() if line.startswith("Next: ")]
    shown = trained(*following.split()[2:])
    assert (shown.code, shown.out.splitlines()[1].split()) == (0, ["name", "-y"])


def test_a_deletion_is_undone_by_the_command_that_it_names(trained, tmp_path):
    trained("runs", "tag", "pair", "--add", "paper")
    trained("runs", "note", "pair", "two\nlines")
    before = dump()
    deleted = trained("runs", "delete", "pair", "--yes")
    assert (deleted.code, deleted.out) == (0, "results.deleted.db\n")
    assert names(trained("runs", "list", "--json")) == ["noisy 0"]
    assert dump() != before
    (undo,) = [line for line in deleted.err.splitlines() if line.startswith("Undo: ")]
    assert undo == "Undo: icl db copy results.deleted.db results.db"
    assert trained(*undo.split()[2:]).code == 0
    assert dump() == before
    assert trained("db", "check").code == 0


def test_a_deletion_on_a_server_leaves_a_file_here(icl, postgresql, tmp_path):
    url = postgresql.new_database()
    assert icl("train", *TINY, "--name", "tiny", "--db", url).code == 0
    before = json.loads(icl("runs", "show", "tiny", "--db", url, "--json").out)["data"]
    deleted = icl("runs", "delete", "tiny", "--yes", "--db", url)
    assert (deleted.code, deleted.out) == (0, "icl.deleted.db\n")
    assert icl("runs", "show", "tiny", "--db", url).code == 4
    assert icl("db", "copy", "icl.deleted.db", url).code == 0
    assert json.loads(icl("runs", "show", "tiny", "--db", url, "--json").out)["data"] == before


def test_a_name_that_hides_another_run_is_told(trained):
    (noisy,) = [run for run in json.loads(trained("runs", "list", "--json").out)["data"] if run["name"] == "noisy"]
    hiding = noisy["id"][:8].upper()
    assert "no longer run" not in trained("runs", "rename", "noisy", "still-noisy").err
    assert json.loads(trained("db", "check", "--json").out)["data"]["notes"] == []
    renamed = trained("runs", "rename", "pair", hiding)
    assert (renamed.code, renamed.err.count(f"no longer run {noisy['id'][:8]} (still-noisy)")) == (0, 1)
    checked = trained("db", "check")
    assert checked.code == 0
    assert f"{hiding} is the name of run" in checked.err
    assert f"the id of {noisy['id'][:8]} (still-noisy)" in checked.err
    assert len(json.loads(trained("db", "check", "--json").out)["data"]["notes"]) == 1


def test_a_run_in_training_is_not_deleted(trained):
    with closing(sqlite3.connect("results.db")) as connection:
        alive = "UPDATE runs SET status = 'running', owner = 'elsewhere:1', lease_expires_at = '2999-01-01 00:00:00'"
        connection.execute(f"{alive} WHERE name = 'noisy'")
        connection.commit()
    before = dump()
    result = trained("runs", "delete", "noisy", "pair", "--yes")
    one_line(result, 75)
    assert "being trained by elsewhere:1" in result.err
    assert dump() == before


def test_a_run_of_a_host_whose_clock_was_wrong_can_be_freed(trained):
    with closing(sqlite3.connect("results.db")) as connection:
        held = "status = 'running', owner = 'elsewhere:1', lease_expires_at = '2046-01-01 00:00:00.000000'"
        connection.execute(f"UPDATE runs SET {held} WHERE name = 'noisy'")
        connection.commit()
    refused = trained("runs", "release", "noisy")
    one_line(refused, 2)
    assert "1 run of elsewhere:1 would be freed" in refused.err
    freed = trained("runs", "release", "noisy", "pair", "--yes")
    assert (freed.code, freed.out) == (0, "")
    assert "1 run freed." in freed.err
    assert "none of them was being trained" in trained("runs", "release", "noisy").err
    assert trained("runs", "delete", "noisy", "--yes").code == 0


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_exports_hold_the_chosen_runs_alone(trained, format):
    trained("runs", "tag", "noisy", "--add", "a,b")
    trained("runs", "note", "noisy", '=1+1 "quoted",\nsecond line')
    result = trained("runs", "export", "--where", "tag=a,b", "--format", format, "--output", "out")
    assert result.code == 0
    assert [Path(line).name for line in result.out.splitlines()] == [
        f"{table}.{format}" for table in ("runs", "metrics", "comparisons", "curves")
    ]
    (noisy,) = rows(Path("out") / f"runs.{format}")
    assert (noisy["name"], noisy["note"]) == ("noisy", '=1+1 "quoted",\nsecond line')
    assert (json.loads(noisy["tags"]) if format == "csv" else list(noisy["tags"])) == ["a,b"]
    assert {metric["run_id"] for metric in rows(Path("out") / f"metrics.{format}")} == {noisy["id"]}
    assert rows(Path("out") / f"comparisons.{format}") == []


def test_the_export_says_that_formulas_stay(icl):
    words = " ".join(icl("runs", "export", "--help").out.split())
    assert "a spreadsheet takes those that begin with =, +, - or @ for formulas" in words
    told = (Path(__file__).parents[2] / "docs" / "database.md").read_text(encoding="utf-8")
    assert "what begins with `=`, `+`, `-` or `@` for" in told


def rows(path: Path) -> list[dict]:
    if path.suffix == ".csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".json":
        return json.loads(path.read_text(encoding="utf-8"))
    return pandas.read_parquet(path).to_dict("records")


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_an_empty_database_is_exported_as_empty_tables(icl, format):
    icl("db", "init")
    result = icl("runs", "export", "--format", format)
    assert result.code == 0
    assert [rows(Path(line)) for line in result.out.splitlines()] == [[]] * 4


def test_what_a_hand_wrote_into_the_database_does_not_reach_the_terminal_raw(trained):
    hostile = ("\x1b[31mred", "\x1b]0;title\a", "\x1b[2J")
    with closing(sqlite3.connect("results.db")) as connection:
        (run_id,) = connection.execute("SELECT id FROM runs WHERE name = 'noisy'").fetchone()
        connection.execute("UPDATE runs SET name = ?, note = ?, error = ? WHERE id = ?", (*hostile, run_id))
        connection.execute("INSERT INTO run_tags VALUES (?, ?)", (run_id, "\x1b[1mtag"))
        connection.commit()
    listed = trained("runs", "list", "--columns", "id,name,tag,note,error")
    for result in (listed, trained("runs", "show", run_id), trained("runs", "diff", "pair", run_id)):
        assert result.code == 0
        assert "red" in result.out
        assert not {"\x1b", "\a"} & {*result.out, *result.err}


def test_markup_from_a_database_or_the_command_line_is_words(trained):
    hostile = "[/b] [red]x[/red] :skull:"
    with closing(sqlite3.connect("results.db")) as connection:
        (run_id,) = connection.execute("SELECT id FROM runs WHERE name = 'noisy'").fetchone()
        connection.execute("UPDATE runs SET name = ?, note = ?, error = ? WHERE id = ?", (hostile,) * 3 + (run_id,))
        connection.execute(
            "UPDATE summaries SET name = ? WHERE run_id = ? AND name = 'held_out_loss'", (hostile, run_id)
        )
        connection.execute("INSERT INTO run_tags VALUES (?, ?)", (run_id, hostile))
        connection.commit()
    for words in (["diff", "pair", run_id], ["show", run_id], ["list", "--columns", "id,name,tag,note"]):
        result = trained("runs", *words)
        assert result.code == 0, result
        # A column may be so narrow that the words are folded.
        assert hostile.replace(" ", "") in "".join(result.out.split())
