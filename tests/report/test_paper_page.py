"""The paper's page: every verdict, every figure, and nothing that a name could turn into markup."""

import html
import math
import re

import pandas
import pytest
from html_page import Page, assert_only_its_own_scripts_run, without_what_is_embedded
from recorded_runs import HOSTILE

from icl_cli.errors import IclError
from icl_cli.report.claim_rows import claim_row, claims_summary
from icl_cli.report.claim_text import signed_tally
from icl_cli.report.drawing import Drawing
from icl_cli.report.paper_page import PaperEntry, write_paper_page
from icl_cli.report.style import new_figure, paper_style
from icl_cli.sweeps.claim import ClaimSpec
from icl_cli.sweeps.judgement import Judgement, Verdict

VERDICTS = {"holds": "✓", "fails": "✗", "not enough data": "?"}


def drawing(words="A line."):
    with paper_style():
        figure = new_figure(3.0, 2.0)
        figure.subplots().plot([1, 2], [3, 4])
    return Drawing(figure, pandas.DataFrame({"panel": ["a"], "value": [3.0]}), words, f"Line chart: {words}")


def row(verdict, value=math.nan, low=math.nan, high=math.nan, seeds=0, sentence="", source=""):
    claim = ClaimSpec(
        sentence=sentence or f"{verdict} is what {HOSTILE} does",
        run="one",
        measure="loss",
        operator="<",
        bound=2,
        source=source,
    )
    return claim_row(Judgement(claim, verdict, value, low, high, seeds, "" if seeds else f"there is no {HOSTILE}"))


def entries():
    claims = [
        row(Verdict.HOLDS, 0.5, 0.25, 0.75, 3, source="Figure 0"),
        row(Verdict.FAILS, 2.5, 2.25, 2.75, 3, source="Figure 1"),
        row(Verdict.OPEN, 1.5, -math.inf, math.inf, 1),
    ]
    unknown = row(Verdict.OPEN, sentence="Unknown")
    return [
        PaperEntry("fig02", "Figure 2: one layer", "Section 3", "a note", False, drawing(), "", claims),
        PaperEntry(HOSTILE, HOSTILE, HOSTILE, HOSTILE, True, drawing(HOSTILE), HOSTILE, claims[:1]),
        PaperEntry("fig08", "Figure 8", "A.2", "", False, None, "icl reproduce fig08", ()),
        PaperEntry("FIG02", "Again", "", "", True, None, "", [unknown]),
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write_paper_page(entries(), tmp_path_factory.mktemp("paper") / "made")


@pytest.fixture(scope="module")
def source(written):
    return written.page.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


def test_elements_are_closed_and_ids_unique(page):
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert sum(one.startswith("sweep-") for one in ids) == 4


def test_every_verdict_has_words_and_a_sign(page):
    text = " ".join(page.text.split())
    for verdict, sign in VERDICTS.items():
        # In the table of all claims and beside the figure.
        assert text.count(f"{sign} {verdict}") >= 2
    assert "3 figures, 1 not drawn. Of 5 claims 2 hold, 1 fails and 2 lack data." in text


def test_the_terminal_counts_verdicts_in_the_same_words():
    claim = ClaimSpec(sentence="?", run="one", measure="loss", operator="<", bound=2)
    verdicts = [Verdict.OPEN, Verdict.FAILS, Verdict.HOLDS, Verdict.HOLDS]
    judged = [Judgement(claim, verdict, math.nan, math.nan, math.nan, 0) for verdict in verdicts]
    assert signed_tally(judged) == "✓ 2 hold, ✗ 1 fails, ? 1 lacks data"
    assert claims_summary([claim_row(one) for one in judged]) == "Of 4 claims 2 hold, 1 fails and 1 lacks data."
    assert (signed_tally([]), claims_summary([])) == ("no claims", "No claims.")


def test_claims_state_numbers_bounds_and_sources(page):
    text = " ".join(page.text.split())
    assert "Measured 2.5, 95% interval 2.25 … 2.75; bound < 2. Figure 1." in text
    assert "Measured 1.5 of 1 seed, which gives no interval; bound < 2." in text
    assert f"? not enough data: Unknown Not measured: there is no {HOSTILE}. Bound < 2." in text


def test_the_table_of_claims_says_what_is_missing_for_an_interval(written):
    cells = re.findall(r'<td data-label="(?:measured|95% interval)"[^>]*>([^<]*)</td>', written.page.read_text("utf-8"))
    assert cells == ["0.5", "0.25 … 0.75", "2.5", "2.25 … 2.75", "1.5", "1 seed", "0.5", "0.25 … 0.75", "–", "–"]


def test_every_claim_stands_in_the_table_and_beside_its_figure(page):
    text = " ".join(page.text.split())
    assert text.count("Unknown") == text.count("fails is what") == 2
    # The heads of two tables, four sweeps in the first, five claims in the last.
    assert sum(tag == "tr" for tag, _ in page.elements) == 2 + 4 + 5


def test_figures_come_before_the_table_of_claims_and_after_a_summary_of_a_line_each(page):
    tags = [(tag, attributes.get("id")) for tag, attributes in page.elements]
    pictures = [place for place, (tag, _) in enumerate(tags) if tag == "img"]
    assert pictures
    assert tags.index(("h2", "summary")) < pictures[0]
    assert pictures[-1] < tags.index(("table", "claims"))
    assert sum(tag == "tr" for tag, _ in tags[: pictures[0]]) == 1 + 4


def test_the_summary_counts_each_figures_verdicts(source):
    (table,) = re.findall(r'<table class="summary">.*?</table>', source, re.DOTALL)
    rows = [re.findall(r"<td[^>]*>([^<]*)</td>", row)[-3:] for row in re.findall(r"<tr><th scope=.row.*?</tr>", table)]
    numbers = [[0 if cell == "–" else int(cell) for cell in row] for row in rows]
    assert [sum(column) for column in zip(*numbers, strict=True)] == [2, 1, 2]
    assert [sum(row) for row in numbers] == [len(entry.claims) for entry in entries()]


def test_quick_results_say_so(page):
    assert page.text.count("quick: shorter runs than the paper's") == 2


def test_figures_that_are_missing_name_the_command(page):
    assert "Not drawn: icl reproduce fig08" in " ".join(page.text.split())


def test_hostile_words_stay_text(page, source):
    assert_only_its_own_scripts_run(page)
    assert "alert('1')" not in without_what_is_embedded(source)
    assert not any("alert" in text for kind, text in page.scripts if kind is None and "plotly.js" not in text)
    assert page.text.count(HOSTILE) >= 8


def test_nothing_is_fetched(page, source):
    targets = [attributes[name] for _, attributes in page.elements for name in ("src", "href") if name in attributes]
    assert all(target.startswith(("data:image/svg+xml;base64,", "#", "figures/", "data/")) for target in targets)
    assert "//" not in without_what_is_embedded(source)
    assert page.policy["default-src"] == ["'none'"]


def test_everything_it_links_to_exists(page, written):
    folder = written.page.parent
    links = {attributes["href"] for attributes in page.of("a")}
    assert {folder / link for link in links if not link.startswith("#")} == set(written.files)
    assert all(path.is_file() and path.parent.parent == folder for path in written.files)
    ids = {attributes.get("id") for _, attributes in page.elements}
    assert {link[1:] for link in links if link.startswith("#")} <= ids


def test_the_same_entries_give_the_same_page(written, tmp_path):
    assert write_paper_page(entries(), tmp_path).page.read_bytes() == written.page.read_bytes()


def test_no_entries_are_a_page_too(tmp_path):
    assert "<p>No claims.</p>" in write_paper_page((), tmp_path).page.read_text(encoding="utf-8")


def test_what_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "paper").write_text("in the way")
    with pytest.raises(IclError, match=r"^Cannot write .*--output\.$"):
        write_paper_page((), tmp_path / "paper")


def test_the_page_of_ones_own_sweeps_has_their_title(tmp_path):
    paper, own, *_ = entries()
    headings = {}
    for name, chosen in {"paper": [paper, own], "own": [own], "two": [own, own]}.items():
        text = write_paper_page(chosen, tmp_path / name).page.read_text(encoding="utf-8")
        (headings[name],) = re.findall("<h1>(.*?)</h1>", text)
    assert headings["paper"] == "Transformers learn in-context by gradient descent, reproduced"
    assert html.unescape(headings["own"]) == HOSTILE
    assert headings["two"] == "2 sweeps"
