"""The pages in Chromium: they ask for nothing, work by keyboard, and fit phones, print and readers without scripts."""

import math
import re
from itertools import pairwise

import pytest
from browser import browser, opened
from recorded_runs import HOSTILE
from test_paper_page import entries

from icl_cli.report.claim_rows import claim_row
from icl_cli.report.paper_page import PaperEntry, write_paper_page
from icl_cli.sweeps.claim import ClaimSpec
from icl_cli.sweeps.judgement import Judgement, Verdict

MODEL_COLOR = "rgb(0, 114, 178)"


@pytest.fixture(scope="module")
def chromium():
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    return write_paper_page(entries(), tmp_path_factory.mktemp("paper")).page


def column(page, number):
    rows = page.locator("#runs tbody tr:visible")
    return [
        text.strip()
        for text in rows.locator(f":nth-child({number})").locator("xpath=self::td|self::th").all_inner_texts()
    ]


def focus_by_tab(page, selector):
    """Press Tab until the element is reached, as somebody without a mouse does."""
    for _ in range(100):
        page.keyboard.press("Tab")
        if page.evaluate("(selector) => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by Tab")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("kind", ["report", "paper"])
def test_pages_fit_screens_in_both_themes(chromium, report, paper, kind, width, scheme):
    with opened(chromium, paper if kind == "paper" else report.page, width, color_scheme=scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        table = page.locator("#claims" if kind == "paper" else "#runs")
        if width == 390:
            assert table.evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")
        brightness = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
        assert (int(brightness) > 128) == (scheme == "light")


def test_hostile_names_are_words(chromium, report, paper):
    for path in (report.page, paper):
        with opened(chromium, path) as page:
            assert HOSTILE in page.locator("body").inner_text()


@pytest.mark.parametrize("way", ["alert('now')", "onload = () => alert('later')"])
def test_a_dialog_is_noticed_also_while_a_page_loads(chromium, tmp_path, way):
    (tmp_path / "bad.html").write_text(f"<!DOCTYPE html><title>bad</title><script>{way}</script>")
    with pytest.raises(AssertionError, match="dialog"), opened(chromium, tmp_path / "bad.html"):
        pass


def test_runs_sort_by_keyboard(chromium, report):
    with opened(chromium, report.page) as page:
        heading = page.locator("#runs thead th").nth(3)
        focus_by_tab(page, "#runs thead th:nth-child(4) button")
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "ascending"
        assert column(page, 4) == ["0", "0", "0", "0", "1", "2"]
        page.keyboard.press("Enter")
        assert heading.get_attribute("aria-sort") == "descending"
        assert column(page, 4) == ["2", "1", "0", "0", "0", "0"]


def test_runs_without_a_loss_stand_last_both_ways(chromium, report):
    with opened(chromium, report.page) as page:
        for _ in range(2):
            page.locator("#runs thead button", has_text="final loss").click()
            assert column(page, 7)[-1] == "–"


def test_runs_filter_by_keyboard(chromium, report):
    with opened(chromium, report.page) as page:
        focus_by_tab(page, "#filter-runs input")
        page.keyboard.type("Diverged at")
        assert column(page, 5) == ["diverged at step 40"]
        assert page.locator("#filter-runs output").inner_text() == "1 of 6"
        page.keyboard.press("Control+A")
        page.keyboard.type("training.learning_rate 0.5")
        assert column(page, 2) == ["diverged"]
        page.keyboard.press("Control+A")
        page.keyboard.press("Delete")
        assert len(column(page, 2)) == 6


def test_every_run_shows_its_configuration_and_provenance(chromium, report):
    with opened(chromium, report.page) as page:
        row = page.locator("#runs tbody tr", has_text="alone")
        row.locator("summary").focus()
        page.keyboard.press("Enter")
        shown = row.locator("details").inner_text()
        assert "model.recurrent yes" in shown
        assert "host alone & co" in shown
        assert re.search(r"\b[0-9a-f]{64}\b", shown)


def sort_texts(page, number, texts):
    """Put `texts` into the first lines of a column of runs, and what they are after its heading was clicked."""
    page.evaluate(
        """([number, texts]) => {
            const rows = [...document.querySelectorAll("#runs tbody tr")];
            for (const row of rows.slice(texts.length)) row.remove();
            texts.forEach((text, at) => {
                const cell = rows[at].cells[number - 1];
                cell.removeAttribute("data-sort");
                cell.textContent = text;
            });
        }""",
        [number, texts],
    )
    page.locator("#runs thead button").nth(number - 1).click()
    return column(page, number)


@pytest.mark.parametrize(
    ("number", "ascending"),
    [
        # Ids, of which a browser would read some as infinity.
        (1, ["10ab0000", "1e234567", "5e999999", "9abc0000", "9e999998"]),
        (3, ["0.05 η", "0.15 η", "0.2 η", "2 layers", "10 layers"]),
        (7, ["−0.5", "−0.05", "−1e-7", "0.3", "2"]),
    ],
)
def test_columns_sort_as_what_they_hold(chromium, report, number, ascending):
    with opened(chromium, report.page) as page:
        mixed = [ascending[index] for index in (3, 0, 4, 2, 1)]
        assert sort_texts(page, number, mixed) == ascending
        page.locator("#runs thead button").nth(number - 1).click()
        assert column(page, number) == ascending[::-1]


def judged(bound, value, half):
    claim = ClaimSpec(measure="loss", sentence=f"Below {bound}.", operator="<", bound=bound)
    return claim_row(Judgement(claim, Verdict.HOLDS, value, value - half, value + half, 3))


def test_claims_sort_by_their_numbers(chromium, tmp_path):
    nothing = Judgement(
        ClaimSpec(measure="loss", sentence="Unknown.", operator=">", bound=-0.5),
        Verdict.OPEN,
        math.nan,
        math.nan,
        math.nan,
        0,
    )
    claims = [judged(0.2, -0.5, 0.1), judged(0.05, -0.05, 0.01), judged(1e-7, 0.2, 0.4), claim_row(nothing)]
    entry = PaperEntry("fig02", "Figure 2", "", "", False, None, "icl reproduce fig02", claims)
    ascending = {
        "measured": ["−0.5", "−0.05", "0.2", "–"],
        # By their lower ends, −0.6, −0.2 and −0.06.
        "95% interval": ["−0.6 … −0.4", "−0.2 … 0.6", "−0.06 … −0.04", "–"],
        "bound": ["> −0.5", "< 1e-7", "< 0.05", "< 0.2"],
    }
    with opened(chromium, write_paper_page([entry], tmp_path).page) as page:
        for name, texts in ascending.items():
            cells = page.locator(f'#claims td[data-label="{name}"]')
            heading = page.locator("#claims thead button", has_text=name)
            heading.click()
            assert cells.all_inner_texts() == texts
            heading.click()
            unknown = texts[3:] if name != "bound" else []
            assert cells.all_inner_texts() == texts[: len(texts) - len(unknown)][::-1] + unknown


def test_a_link_to_a_run_that_is_filtered_out_shows_it(chromium, report):
    with opened(chromium, report.page) as page:
        page.locator("#filter-runs input").fill("diverged")
        page.locator("main p.links a", has_text="seed 1").click()
        page.locator("#runs tr:target").wait_for(state="visible")
        assert column(page, 4) == ["1"]


def test_curves_appear_hide_and_change_their_scale_by_keyboard(chromium, report):
    with opened(chromium, report.page) as page:
        chart = page.locator("details.explore[open]").first
        curves = chart.locator("path.js-line")
        curves.first.wait_for()
        drawn = chart.locator(f'path.js-line[style*="{MODEL_COLOR}"]')
        assert drawn.count() == 1
        focus_by_tab(page, "details.explore[open] fieldset input")
        page.keyboard.press("Space")
        drawn.wait_for(state="detached")
        assert curves.count() > 0
        page.keyboard.press("Space")
        drawn.wait_for(state="attached")
        before = drawn.get_attribute("d")
        chart.get_by_label("logarithmic scale").press("Space")
        page.wait_for_timeout(300)
        assert drawn.get_attribute("d") != before


def test_curves_say_their_values_to_the_keyboard_and_the_mouse(chromium, report):
    with opened(chromium, report.page) as page:
        plot = page.locator("details.explore[open] .plot").first
        plot.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        # Means of seeds 0 and 1 at step 10: 0.2 + 0.2 / 11 + 0.0005.
        reading = page.locator("details.explore[open] .reading").first
        assert reading.inner_text() == "training step 10: trained transformer 0.21868; GD 0.2; ridge 0.2"
        plot.hover(position={"x": 300, "y": 150})
        label = plot.locator(".hoverlayer")
        label.get_by_text("trained transformer").wait_for()
        # On its axis of roots a step is still said as what it is.
        words = label.locator("text", has_text="trained transformer").last.text_content()
        assert re.search(r"trained transformer : 0\.2\d* .* at step (0|10|20|40)$", words)
        roots = page.evaluate("document.querySelector('details.explore[open] .plot').data.at(-1).x")
        assert roots == pytest.approx([0, 40**0.5])


def test_without_scripts_everything_but_the_controls_is_there(chromium, report):
    with opened(chromium, report.page, java_script_enabled=False) as page:
        assert page.locator("#runs tbody tr:visible").count() == 6
        assert page.locator("figure img:visible").count() == page.locator("figure").count()
        for control in ("details.explore", ".bar", "thead button"):
            assert page.locator(f"{control}:visible").count() == 0


def test_print_is_black_on_white_with_the_figures_and_no_controls(chromium, report):
    with opened(chromium, report.page, color_scheme="dark") as page:
        page.emulate_media(media="print")
        style = page.evaluate(
            "(({ color, backgroundColor }) => [color, backgroundColor])(getComputedStyle(document.body))"
        )
        assert style == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        assert page.locator("figure img:visible").count() == page.locator("figure").count()
        assert page.locator(".bar:visible, details.explore:visible, nav:visible").count() == 0
        assert page.pdf().startswith(b"%PDF")


def test_print_says_which_runs_are_on_it(chromium, report, tmp_path):
    short = tmp_path / "short.html"
    whole = report.page.read_text(encoding="utf-8")
    assert 'id="runs" data-most="200"' in whole
    short.write_text(whole.replace('id="runs" data-most="200"', 'id="runs" data-most="2"'), encoding="utf-8")
    for path, typed, printed, rows in (
        (report.page, "", "", 6),
        (report.page, "Diverged at", "Printed: 1 with the words “diverged at”, of 6 in all.", 1),
        (short, "", "Printed: the first 2 of 6.", 2),
        (short, "compared", "Printed: the first 2 of 3 with the words “compared”, of 6 in all.", 2),
    ):
        with opened(chromium, path) as page:
            said = page.locator("#filter-runs .printed")
            page.locator("#filter-runs input").fill(typed)
            assert not said.is_visible()
            page.emulate_media(media="print")
            assert said.inner_text() == printed
            assert said.is_visible() == bool(printed)
            assert page.locator("#runs tbody tr:visible").count() == rows
            assert page.locator("#filter-runs :is(label, button, output):visible").count() == 0


def test_on_a_phone_every_value_of_a_run_has_the_name_of_its_column(chromium, report):
    with opened(chromium, report.page, width=390) as page:
        names = (
            page.locator("#runs tbody tr")
            .first.locator("td")
            .evaluate_all(
                """cells => cells.map(cell => [getComputedStyle(cell, "::before").content, cell.dataset.label])"""
            )
        )
        assert [shown for shown, _ in names] == [f'"{label} "' for _, label in names]
        headings = page.locator("#runs thead th").all_inner_texts()[1:]
        assert all(heading.startswith(label) for heading, (_, label) in zip(headings, names, strict=True))


def test_headings_are_in_order_and_parts_have_names(chromium, report, paper):
    for path in (report.page, paper):
        with opened(chromium, path) as page:
            levels = page.eval_on_selector_all("h1, h2, h3, h4", "all => all.map(one => Number(one.tagName[1]))")
            assert levels[0] == 1 == levels.count(1)
            assert all(after - before <= 1 for before, after in pairwise(levels))
            assert page.locator("table:not(:has(caption)), th:not([scope])").count() == 0
            names = page.eval_on_selector_all("[role=search], nav", "all => all.map(one => one.ariaLabel)")
            assert all(names)
            assert len(set(names)) == len(names)
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            assert page.evaluate("document.activeElement.id") == "content"


def test_claims_filter_by_verdict(chromium, paper):
    with opened(chromium, paper) as page:
        page.locator("#filter-claims input").fill("not enough data")
        assert page.locator("#claims tbody tr:visible").count() == 2
