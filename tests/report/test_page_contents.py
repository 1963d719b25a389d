"""What the page says beyond its figures: claims with verdicts, all runs, and curves as data."""

import json
import math
import re

import pytest
from html_page import Page
from recorded_runs import ERROR, HOSTILE, loss_at

from icl_cli.report.claim_rows import stored_claims
from icl_cli.report.curve_data import charts
from icl_cli.report.figures import FIGURES
from icl_cli.report.run_rows import run_anchor
from icl_cli.report.scripts import json_text
from icl_cli.report.style import paper_style
from icl_cli.report.write import newest_families, write_report
from icl_cli.store import Database, back_up, list_runs, store_sweep
from icl_cli.sweeps.judgement import Verdict
from icl_cli.sweeps.sweep_file import ShortSweep
from icl_cli.sweeps.sweep_run import enrol_sweep

BY_NAME = {figure.name: figure for figure in FIGURES}


def drawn_charts(family, figure):
    with paper_style():
        return charts(BY_NAME[figure].draw(family))


def test_charts_hold_the_means_over_seeds(families):
    (chart,) = drawn_charts(families["compared"], "training")
    model, gd, ridge = chart["lines"]
    assert (chart["x"], model["name"], model["x"]) == ("training step", "trained transformer", [0, 10, 20, 40])
    for step, value, low, high in zip(model["x"], model["y"], model["low"], model["high"], strict=True):
        assert value == pytest.approx((loss_at(step, 0) + loss_at(step, 1)) / 2, rel=1e-5)
        assert (low, high) == pytest.approx((loss_at(step, 0), loss_at(step, 1)), rel=1e-5)
    assert (gd["x"], gd["y"], gd["low"], ridge["y"]) == (None, [0.2], None, [0.2])


def test_each_panel_is_a_chart(families):
    assert [chart["title"] for chart in drawn_charts(families["compared"], "alignment")] == [
        "cosine",
        "|Δ∂ŷ/∂x|",
        "|Δŷ|",
    ]
    assert drawn_charts(families["compared"], "roll-out")[0]["title"] == "λ = 0.75"


@pytest.mark.parametrize("figure", ["figure-2", "losses", "weights"])
def test_figures_without_curves_of_their_own_have_no_charts(families, figure):
    assert drawn_charts(families["compared"], figure) == []


def test_json_is_no_markup_and_has_no_number_that_json_lacks():
    content = {"name": HOSTILE + "</script>\u2028", "values": [math.nan, math.inf, 1.5]}
    text = json_text(content)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": content["name"], "values": [None, None, 1.5]}


def test_only_the_newest_configurations_have_sections(database, tmp_path):
    runs = list_runs(database)
    newest = max(runs, key=lambda run: run.created_at)
    assert newest_families(runs, 1) == [newest.family]
    written = write_report(database, runs, tmp_path, sections=1)
    page = Page(written.page.read_text(encoding="utf-8"))
    text = " ".join(page.text.split())
    assert "Of 4 configurations the 1 newest have figures and comparisons on this page; of the other 3 only" in text
    assert "--sections 4" in text
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert {run_anchor(run) for run in runs} <= ids
    assert {run.family[:8] for run in runs} & ids == {newest.family[:8]}
    assert all(newest.family[:8] in path.name for path in written.files)


def test_files_are_called_after_their_runs_and_figures(report, families):
    stems = {path.stem for path in report.files}
    assert {f"compared-{families['compared'].short_id}-{name}" for name in BY_NAME} <= stems
    assert f"x-script-alert-1-script-id-{families[HOSTILE].short_id}-losses" in stems
    assert all(re.fullmatch("[a-z0-9+-]+", stem) for stem in stems)


def test_without_sections_there_are_tables_and_no_chart_library(database, tmp_path):
    written = write_report(database, list_runs(database), tmp_path, sections=0)
    assert written.files == ()
    assert written.page.stat().st_size < 100_000


def test_runs_say_what_sets_them_apart_and_together_what_they_share(report):
    text = " ".join(Page(report.page.read_text(encoding="utf-8")).text.split())
    assert text.count("task.context_length4") == 1
    assert text.count("model.recurrent yes") == 1
    assert text.count("training.learning_rate 0.5 ·") == 1
    assert f"0.2049 ± {ERROR:.4f}" in text


@pytest.fixture
def judged(database, tmp_path):
    """A copy of the database with a sweep on its runs, and one that no release of icl reads."""
    back_up(database, tmp_path / "copy.db")
    with Database.open(tmp_path / "copy.db", mode="write") as copy:
        config = next(run.config for run in list_runs(copy) if run.name == "compared")
        claims = [
            {"sentence": f"{HOSTILE} is below {bound}", "measure": "loss", "operator": "<", "bound": bound}
            for bound in (0.9, 0.1)
        ]
        settings = config.model_dump(mode="json", exclude={"seed", "convention"})
        flat = {f"{part}.{name}": value for part, values in settings.items() for name, value in values.items()}
        known = {path: value for path, value in flat.items() if value is not None}
        body = {"name": "mine", "title": HOSTILE, "convention": config.convention, "settings": known, "seeds": 2}
        enrol_sweep(copy, ShortSweep.model_validate(body | {"claims": tuple(claims)}).in_full(), quick=False)
        store_sweep(copy, "broken", {"sweep": {"name": 3}}, [])
        yield copy


def test_claims_of_stored_sweeps_are_judged(judged, tmp_path):
    mine, broken = sorted(stored_claims(judged), key=lambda sweep: sweep.name, reverse=True)
    assert [(row.verdict, row.measured) for row in mine.claims] == [
        (Verdict.HOLDS, "0.2054"),
        (Verdict.FAILS, "0.2054"),
    ]
    assert (broken.claims, broken.unread) == ((), "It was stored by another release of icl.")
    written = write_report(judged, list_runs(judged), tmp_path / "page", sections=0, claims=[mine, broken])
    page = Page(written.page.read_text(encoding="utf-8"))
    assert "Of 2 claims 1 holds and 1 fails." in " ".join(page.text.split())
    assert page.text.count(f"{HOSTILE} is below") == 2
