"""Words beside a figure state the seeds behind its numbers, of families that were measured in some seeds only."""

from dataclasses import replace

import pandas
import pytest

from icl_cli.report.data import Data
from icl_cli.report.figures import FIGURES
from icl_cli.report.page import section
from icl_cli.report.paper_figure import draw_paper_figure
from icl_cli.report.plot import PlotRequest, draw_plot
from icl_cli.report.plot_kinds import PLOT_KINDS
from icl_cli.report.seeds import SeedsBehind, seeds_behind
from icl_cli.report.style import paper_style
from icl_cli.sweeps.figure_spec import FigureSpec

BY_NAME = {figure.name: figure for figure in FIGURES}


@pytest.fixture(scope="module")
def partly(measured):
    """Three finished seeds, of which seed 2 was trained and never compared or analysed."""
    first = measured.finished[0]
    run = replace(first, id="3" * 64, config=first.config.model_copy(update={"seed": 2}))
    own = measured.metrics.loc[measured.metrics["seed"] == 0].assign(seed=2, run_id=run.id)
    return replace(
        measured,
        runs=(*measured.finished, run),
        metrics=pandas.concat([measured.metrics, own], ignore_index=True),
        summaries={**measured.summaries, run.id: measured.summaries[first.id]},
    )


def plotted(kind, *families):
    with paper_style():
        drawing = draw_plot(Data("results.db", families), PlotRequest(PLOT_KINDS[kind], None, {}, None))
    figure = drawing.figure
    text = figure.legends[0].get_title().get_text() if figure.legends else figure.get_suptitle()
    return " ".join(text.replace("\u00a0", " ").split()), drawing


def paper(*kinds, **families):
    spec = FigureSpec.model_validate({"panels": tuple({"kind": kind} for kind in kinds)})
    with paper_style():
        return draw_paper_figure(spec, {label: [family] for label, family in families.items()}).caption


@pytest.mark.parametrize("kind", ["cosine", "shift", "losses", "copying", "onset"])
def test_a_plot_states_the_seeds_that_were_measured(partly, kind):
    title, drawing = plotted(kind, partly)
    assert set(drawing.numbers["seed"].dropna()) == {0, 1}
    assert " 2 of 3 seeds" in title
    each_shown = kind in ("losses", "onset", "cosine")
    assert f". 2 of 3 seeds{', each shown' if each_shown else '. Thick lines'}" in drawing.caption
    assert drawing.caption.endswith("Left out, without numbers: seed 2.")


def test_a_plot_of_what_every_seed_has_leaves_none_out(partly):
    title, drawing = plotted("loss", partly)
    assert title.endswith("mean and range of 3 seeds")
    assert "Left out" not in drawing.caption


def test_of_several_configurations_the_seeds_that_are_left_out_are_named(partly, measured):
    model = measured.config.model.model_copy(update={"layers": 2})
    config = measured.config.model_copy(update={"model": model})
    other = replace(
        measured, id="2" * 64, runs=tuple(replace(run, name="deep", config=config) for run in measured.finished)
    )
    title, drawing = plotted("shift", partly, other)
    assert title.endswith("mean and range of seeds: compared 2 of 3, deep 2")
    assert drawing.caption.endswith("Left out, without numbers: seed 2 of compared.")


@pytest.mark.parametrize("kind", ["weights", "heads", "page-weights", "function", "attention"])
def test_a_plot_of_one_seed_names_it_and_speaks_of_no_mean(partly, kind):
    title, drawing = plotted(kind, partly)
    assert title.endswith("seed 0 of 3 seeds")
    assert "Thick lines" not in drawing.caption
    assert set(drawing.numbers["seed"]) == {0}


def test_a_plot_of_means_counts_their_seeds(partly, families):
    title, _ = plotted("overview", partly, families["alone"])
    assert title.endswith("means of seeds: compared 3, alone 1")


@pytest.mark.parametrize(
    ("figure", "words", "end"),
    [
        ("training", "means of 3 seeds", "Monte-Carlo standard error."),
        ("alignment", "means of 2 of 3 seeds", "Left out, without numbers: seed 2."),
        ("out-of-distribution", "means of 2 of 3 seeds", "Left out, without numbers: seed 2."),
        ("losses", "One point a seed", "Left out, without numbers: seed 2."),
        ("figure-2", "2 to 3 seeds. Thick lines are means", "In some of the numbers only: seed 2."),
    ],
)
def test_captions_of_the_page_state_the_seeds_behind_their_means(partly, figure, words, end):
    with paper_style():
        caption = BY_NAME[figure].draw(partly).caption
    assert words in caption
    assert caption.endswith(end)


def test_the_page_says_which_seeds_were_not_compared(partly, measured):
    words = section(partly, "partly", (), (), "results.db").seeds
    assert "over seeds 0, 1 and 2. Not compared with every baseline, and left out where it is not: seed 2." in words
    assert "Not compared" not in section(measured, "measured", (), (), "results.db").seeds


def test_a_figure_of_the_paper_says_which_seeds_a_panel_lacks(partly, measured):
    caption = paper("loss", "shift", "weights", one=partly)
    assert "Not measured in (b): seed 2." in caption
    assert "Seeds: one: 2 to 3. Thick lines" in caption
    assert caption.endswith("In (c) seed 0 alone.")
    assert "Not measured in (a): seed 2 of one." in paper("shift", one=partly, other=measured)
    assert "Seeds: 2. " in paper("shift", one=partly, other=measured)
    assert "Seeds" not in paper("weights", one=partly)


def test_points_may_rest_on_different_seeds():
    numbers = pandas.DataFrame(
        {"learner": list("aaabbb"), "x": [1, 1, 2, 1, 1, 1], "seed": [0, 1, 0, 0, 1, None], "value": 0.5}
    )
    assert seeds_behind(numbers) == SeedsBehind(fewest=1, most=2, whole=(0,), partial=(1,))
    assert seeds_behind(numbers.iloc[5:]) == SeedsBehind()
