"""What commands print with --json: every kind of document, against its published schema, with no field unmentioned."""

import copy
import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from small_runs import SMALL_SWEEP, TINY

from icl_cli.report.json_documents import DOCUMENTS, documents_schema
from icl_cli.report.json_records import Status
from icl_cli.store import RunStatus

PUBLISHED = Path(__file__).parents[2] / "docs" / "json.schema.json"
SWEEP = f"""{SMALL_SWEEP.replace("steps = 60", "steps = 20")}
[[claims]]
sentence = "Losses are positive."
measure = "loss"
run = "short"
operator = ">"
bound = 0

[figure]
columns = 1

[[figure.panels]]
kind = "losses"
"""
# In an order in which each finds what it needs.
COMMANDS = {
    "db.init": ["db", "init"],
    "train.dry-run": ["train", *TINY, "--dry-run"],
    "train": ["train", *TINY, "--seeds", "2", "--name", "tiny"],
    "compare": ["compare", "tiny", "--baseline", "gd", "--no-curves"],
    "analyse": ["analyse", "tiny", "--analysis", "critical-damping", "--analysis", "plateau"],
    "sweep.plan": ["sweep", "plan", "sweep.toml"],
    "sweep.run": ["sweep", "run", "sweep.toml"],
    "sweep.status": ["sweep", "status"],
    "claims": ["claims", "sweep.toml"],
    "reproduce": ["reproduce", "sweep.toml"],
    "reproduce.list": ["reproduce", "--list", "fig2"],
    "report": ["report", "tiny"],
    "plot": ["plot", "loss", "tiny"],
    "plot.list": ["plot", "--list"],
    "report.bundle": ["report", "tiny", "--bundle", "tiny.zip"],
    "import": ["import", "tiny.zip", "--db", "imported.db"],
    "doctor": ["doctor"],
    "runs.list": ["runs", "list"],
    "runs.show": ["runs", "show", "tiny"],
    "runs.diff": ["runs", "diff", "tiny", "latest"],
    "runs.export": ["runs", "export", "tiny"],
    "runs.thin": ["runs", "thin", "thin.db"],
    "weights.export": ["weights", "export", "tiny"],
    "runs.delete": ["runs", "delete", "latest", "--yes"],
    "db.upgrade": ["db", "upgrade"],
    "db.check": ["db", "check"],
    "db.backup": ["db", "backup", "copy.db"],
    "db.prune": ["db", "prune", "--dry-run"],
    "db.copy": ["db", "copy", "results.db", "other.db"],
}


def closed(schema):
    """The same schema, to which a field that it does not mention is a mistake."""
    schema = copy.deepcopy(schema)
    for record in schema["$defs"].values():
        record.setdefault("additionalProperties", False)
    return Draft202012Validator(schema)


def test_every_document_meets_its_schema(icl, tmp_path):
    (tmp_path / "sweep.toml").write_text(SWEEP, encoding="utf-8")
    schema = closed(documents_schema())
    assert set(COMMANDS) == set(DOCUMENTS)
    for kind, words in COMMANDS.items():
        result = icl(*words, "--json")
        assert result.code == 0, (kind, result.err)
        document = json.loads(result.out, parse_constant=pytest.fail)
        assert (document["schema"], document["version"]) == (f"icl.{kind}", 1)
        assert list(schema.iter_errors(document)) == [], kind


# These open no database, or have a document that says what is wrong with it.
NEED_NONE = {"train.dry-run", "plot.list", "db.copy", "doctor"}
WRONG = [(kind, "--none-such") for kind in COMMANDS] + [(kind, "--db=.") for kind in COMMANDS if kind not in NEED_NONE]


@pytest.mark.parametrize(("kind", "wrong"), WRONG)
def test_an_error_is_a_line_on_stderr_and_no_document(icl, tmp_path, kind, wrong):
    (tmp_path / "sweep.toml").write_text(SWEEP, encoding="utf-8")
    (tmp_path / "tiny.zip").touch()
    result = icl(*COMMANDS[kind], wrong, "--json")
    assert result.code in (1, 2)
    assert (result.out, result.err.count("\n")) == ("", 1)


def test_the_schema_refuses_what_is_wrong():
    schema = Draft202012Validator(documents_schema())
    right = {"schema": "icl.runs.export", "version": 1, "data": {"files": ["a.csv"]}}
    assert schema.is_valid(right)
    for wrong in (
        {**right, "version": 2},
        {**right, "schema": "icl.runs.lists"},
        {**right, "data": {"files": "a.csv"}},
        {**right, "data": {}},
        {"schema": "icl.runs.export", "version": 1},
    ):
        assert not schema.is_valid(wrong), wrong


def test_a_number_that_is_not_finite_is_null(icl):
    wild = ["--layers", "3", "--learning-rate", "1000", "--steps", "200"]
    result = icl("train", *TINY, *wild, "--json")
    document = json.loads(result.out, parse_constant=pytest.fail)
    assert result.code == 3
    assert document["data"][0]["diverged_step"] is not None
    assert list(closed(documents_schema()).iter_errors(document)) == []


def test_the_published_schema_is_this_one():
    Draft202012Validator.check_schema(documents_schema())
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == documents_schema(), "run `make documents`"


def test_statuses_are_those_of_the_store():
    assert set(Status.__args__) == set(RunStatus)
