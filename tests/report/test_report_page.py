"""The page: complete, self-contained, and unmoved by hostile names."""

import base64
import re

import pytest
from html_page import Page, assert_only_its_own_scripts_run, without_what_is_embedded
from recorded_runs import HOSTILE

from icl_cli.report.write import write_report
from icl_cli.store import resolve_runs


@pytest.fixture(scope="module")
def source(report):
    return report.page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def test_elements_are_closed_and_ids_unique(page):
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids)) > 3


def test_hostile_names_stay_text(page, source):
    assert_only_its_own_scripts_run(page)
    assert "alert('1')" not in without_what_is_embedded(source)
    assert not any("alert" in text for kind, text in page.scripts if kind is None and "plotly.js" not in text)
    assert page.text.count(HOSTILE) >= 3


def test_hostile_names_stay_text_in_the_figures(report_folder):
    overview = (report_folder / "figures" / "overview.svg").read_text(encoding="utf-8")
    assert "<script" not in overview
    assert "$(id)" in overview


def test_nothing_is_fetched(page, source):
    targets = [
        attributes.get(name) for _, attributes in page.elements for name in ("src", "href") if name in attributes
    ]
    assert all(target.startswith(("data:image/svg+xml;base64,", "#", "figures/", "data/")) for target in targets)
    assert "//" not in without_what_is_embedded(source)
    assert page.policy["default-src"] == ["'none'"]


def test_everything_it_links_to_exists(page, report, report_folder):
    links = {attributes["href"] for attributes in page.of("a")}
    files = {link for link in links if not link.startswith("#")}
    assert {report_folder / link for link in files} == set(report.files)
    assert all(path.is_file() for path in report.files)
    assert {link[1:] for link in links - files} <= {attributes.get("id") for _, attributes in page.elements}


def test_images_have_text_for_those_who_cannot_see_them(page, report):
    images = page.of("img")
    assert len(images) == sum(path.suffix == ".svg" for path in report.files)
    assert all(len(image["alt"]) > 20 for image in images)
    for image in images:
        assert base64.b64decode(image["src"].split(",")[1]).startswith(b"<?xml")


def test_file_names_hold_nothing_but_figures_and_families(report):
    assert all(re.fullmatch(r"[a-z0-9-]+\.(svg|pdf|png|csv)", path.name) for path in report.files)


def test_runs_that_did_not_finish_are_listed_and_left_out(page):
    text = " ".join(page.text.split())
    assert (
        "Figures and means are over seeds 0 and 1. Left out, and in the table of runs only: seed 2 (interrupted)."
        in text
    )
    assert "No figure: no run has finished; there is seed 0 (diverged)." in text
    assert "diverged at step 40" in text


def test_what_was_not_measured_names_the_command_that_measures_it(page, database):
    run = resolve_runs(database, HOSTILE)[0]
    assert f"icl compare {run.short_id} --baseline gd --at all --db {database.path}" in page.text
    run = resolve_runs(database, "alone")[0]
    assert f"icl compare {run.short_id} --db {database.path}" in page.text


def test_comparisons_say_what_was_tuned(page):
    assert "η/N = 0.5" in page.text
    assert "α = 0.125" in page.text
    assert "0.99999" not in page.text
    assert "0.20538 ± 0.00071" in page.text


def test_settings_beyond_the_convention_are_named(page):
    text = " ".join(page.text.split())
    assert "training.steps 40 (convention: 5000)" in text
    assert "task.context_length" in text


def test_the_same_runs_give_the_same_page(database, tmp_path):
    runs = resolve_runs(database, "alone")
    pages = [write_report(database, runs, tmp_path / name).page.read_bytes() for name in ("first", "second")]
    assert pages[0] == pages[1]
