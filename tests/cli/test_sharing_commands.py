"""icl report --bundle, icl import and icl doctor as a user meets them."""

import json
import re
import shlex
import zipfile
from pathlib import Path

import pytest
from small_runs import TINY

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def trained(icl):
    """`icl` beside a database with two compared seeds, called looped."""
    icl("train", *TINY, "--seeds", "2", "--name", "looped")
    icl("compare", "looped", "--baseline", "gd", "--no-curves")
    return icl


def one_line(result, code):
    assert (result.code, result.out) == (code, ""), result
    assert len(result.err.splitlines()) == 1, result.err


def test_the_readmes_commands(trained, tmp_path):
    section = (ROOT / "README.md").read_text(encoding="utf-8").split("## Sharing")[1]
    (block,) = re.findall(r"```sh\n(.*?)```", section.split("## ")[0], re.DOTALL)
    lines = [shlex.split(line.split("#")[0])[1:] for line in block.splitlines()]
    assert [words[0] for words in lines] == ["report", "import"]
    for words in lines:
        result = trained(*words)
        assert result.code == 0, result.err
    shown = [
        json.loads(trained("runs", "show", "looped", "--json", "--db", db).out)["data"]
        for db in ("results.db", "mine.db")
    ]
    for runs in shown:
        for comparison in (each for run in runs for each in run["comparisons"]):
            # A tuning from elsewhere has an id of its own.
            del comparison["baseline_id"]
    assert shown[0] == shown[1]
    assert len(shown[0]) == 2
    assert trained("db", "check", "--db", "mine.db").code == 0


def test_a_bundle_says_its_sum_and_the_next_command(trained, tmp_path):
    result = trained("report", "looped", "--bundle", "a b.zip")
    assert (result.code, result.out) == (0, "a b.zip\n")
    assert re.search(r"^SHA-256 [0-9a-f]{64}; it names the hosts", result.err, re.MULTILINE)
    command = shlex.split(result.err.splitlines()[-1].removeprefix("Next: icl "))
    assert trained(*command).code == 0
    assert sorted(path.name for path in tmp_path.glob("*.zip*")) == ["a b.zip"]
    assert not (tmp_path / "icl-report").exists()
    printed = json.loads(trained("report", "looped", "--bundle", "again.zip", "--json").out)["data"]
    assert (printed["runs"], printed["file"], printed["in_training"]) == (2, "again.zip", [])
    assert printed["sha256"] in result.err


def test_a_bundle_is_replaced_only_by_force(trained, tmp_path):
    (tmp_path / "mine.zip").write_text("mine")
    one_line(trained("report", "--bundle", "mine.zip"), 2)
    assert (tmp_path / "mine.zip").read_text() == "mine"
    assert trained("report", "--bundle", "mine.zip", "--force").code == 0
    assert zipfile.is_zipfile(tmp_path / "mine.zip")


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["report", "--force"], 2, "--bundle"),
        (["report", "--bundle", "x.zip", "--output", "there"], 2, "--output"),
        (["report", "nobody", "--bundle", "x.zip"], 4, "nobody"),
        (["report", "--bundle", "missing/x.zip"], 1, "no folder missing"),
        (["report", "--paper", "fig03a", "--bundle", "x.zip"], 4, "icl reproduce fig03a"),
        (["import", "missing.zip"], 2, "No archive at missing.zip"),
        (["report", "--bundle", "x"], 2, "Call it x.zip"),
        (["import", "results.db"], 1, "no zip archive"),
    ],
)
def test_bad_requests(trained, tmp_path, words, code, named):
    result = trained(*words)
    one_line(result, code)
    assert named in result.err
    assert not (tmp_path / "x.zip").exists()


def test_the_paper_in_a_bundle(icl, tmp_path):
    example = str(ROOT / "results.db.example")
    assert icl("db", "backup", "paper.db", "--db", example).code == 0
    result = icl("report", "--paper", "fig03a", "--bundle", "fig03a.zip", "--db", "paper.db")
    assert result.code == 0, result.err
    claims = json.loads(icl("claims", "fig03a", "--db", "paper.db", "--json").out)["data"]
    assert icl("import", "fig03a.zip", "--db", "mine.db", "--json").code == 0
    again = json.loads(icl("claims", "fig03a", "--db", "mine.db", "--json").out)["data"]
    assert again == claims
    assert {claim["verdict"] for claim in claims} == {"holds"}
    with zipfile.ZipFile(tmp_path / "fig03a.zip") as archive:
        page = archive.read("icl-bundle/report/paper.html").decode()
        assert "report/paper.html" in archive.read("icl-bundle/README.txt").decode()
    assert str(tmp_path) not in page


def test_importing_says_what_was_there(trained):
    trained("report", "looped", "--bundle", "looped.zip")
    result = trained("import", "looped.zip")
    assert (result.code, result.out) == (0, "")
    assert "0 runs imported into results.db, 2 there already." in result.err
    printed = json.loads(trained("import", "looped.zip", "--db", "new.db", "--json").out)["data"]
    assert printed == {"imported": 2, "present": 0, "in_training": []}


def test_a_bad_archive_makes_no_database(icl, tmp_path):
    (tmp_path / "bad.zip").write_bytes(b"PK\3\4 and nothing more")
    one_line(icl("import", "bad.zip", "--db", "new.db"), 1)
    assert not (tmp_path / "new.db").exists()


def test_the_doctor_fits_80_columns_and_agrees_with_its_json(trained):
    result = trained("doctor")
    assert max(map(len, result.out.split("To mend:")[0].splitlines())) <= 80
    assert result.out.startswith("Check ")
    printed = json.loads(trained("doctor", "--json").out)["data"]
    assert set(printed) == {"findings", "notes", "problems"}
    assert {"program", "database", "locks", "clock"} <= {finding["check"] for finding in printed["findings"]}
    assert [finding["text"] for finding in printed["findings"] if finding["check"] == "runs"] == ["2 finished"]
    for finding in printed["findings"]:
        assert finding["level"] in ("ok", "note", "problem")
        assert "\n" not in finding["text"]


def test_a_problem_is_exit_code_1_with_the_command_that_mends_it(icl, tmp_path):
    (tmp_path / "results.db").write_text("no database " * 100)
    result = icl("doctor")
    assert result.code == 1
    assert "  file -- results.db    # database" in result.out
    assert "1 problem" in result.err
    assert "Next: file -- results.db" in result.err
    assert json.loads(icl("doctor", "--json").out)["data"]["problems"] == 1


def test_names_of_files_do_not_act_on_the_terminal(icl, tmp_path):
    name = "red\x1b[31m\n.db"
    (tmp_path / name).write_text("no database " * 100)
    result = icl("doctor", "--db", name)
    assert result.code == 1
    assert "\x1b" not in result.out + result.err


@pytest.mark.parametrize("command", ["import", "doctor"])
def test_help_has_two_examples_and_its_purpose(icl, command):
    result = icl(command, "--help")
    assert result.code == 0
    assert result.out.split("Examples:")[1].count(f"icl {command}") >= 2
