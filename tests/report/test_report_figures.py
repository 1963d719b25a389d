"""Figures draw exactly the numbers that they hand out, say nothing without numbers, and are the same every time."""

import numpy as np
import pandas
import pytest
from matplotlib.colors import to_rgb
from recorded_runs import HOSTILE

from icl_cli.report.figures import FIGURES, OVERVIEWS
from icl_cli.report.files import write_figure
from icl_cli.report.learners import STYLES, in_order, learner_style
from icl_cli.report.style import paper_style

BY_NAME = {figure.name: figure for figure in FIGURES}
PRESENT = {
    "compared": set(BY_NAME),
    HOSTILE: {"training", "losses", "out-of-distribution", "roll-out", "weights"},
    "alone": {"training", "weights"},
}


def drawn(name, family):
    with paper_style():
        return BY_NAME[name].draw(family)


def lines(axes, label):
    return [line for line in axes.get_lines() if line.get_label() == label]


@pytest.mark.parametrize("family", PRESENT)
def test_figures_are_there_exactly_where_their_numbers_are(families, family):
    assert {name for name in BY_NAME if drawn(name, families[family]) is not None} == PRESENT[family]


@pytest.mark.parametrize("name", ["figure-2", "weights"])
def test_the_same_numbers_give_the_same_bytes(families, tmp_path, name):
    contents = []
    for attempt in ("first", "second"):
        with paper_style():
            files = write_figure(drawn(name, families["compared"]), name, tmp_path / attempt)
        contents.append({kind: path.read_bytes() for kind, path in files.paths.items()})
    assert set(contents[0]) == {"svg", "pdf", "png", "csv"}
    assert contents[0] == contents[1]


def test_the_users_matplotlib_settings_change_nothing(families):
    import matplotlib

    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        axes = drawn("training", families["compared"]).figure.axes[0]
    assert (axes.xaxis.label.get_size(), axes.get_facecolor()) == (8, (1.0, 1.0, 1.0, 1.0))


def test_the_training_curve_is_the_mean_of_its_numbers(families):
    drawing = drawn("training", families["compared"])
    numbers = drawing.numbers[drawing.numbers["learner"] == "model"]
    mean = numbers[numbers["seed"].isna()]
    (line,) = lines(drawing.figure.axes[0], "trained transformer")
    np.testing.assert_array_equal(line.get_xydata(), mean[["step", "value"]].to_numpy(float))
    seeds = numbers[numbers["seed"].notna()].pivot_table(index="step", columns="seed", values="value")
    np.testing.assert_allclose(mean["value"], seeds.mean(axis=1), rtol=1e-15)
    np.testing.assert_array_equal(mean["lowest"], seeds.min(axis=1))
    np.testing.assert_array_equal(mean["highest"], seeds.max(axis=1))
    assert list(mean["seeds"]) == [2] * len(mean)


def test_baselines_are_levels_in_the_training_figure(families):
    axes = drawn("training", families["compared"]).figure.axes[0]
    assert {label: lines(axes, label)[0].get_ydata()[0] for label in ("GD", "ridge")} == {"GD": 0.2, "ridge": 0.2}


@pytest.mark.parametrize("family", ["compared", HOSTILE])
def test_shifted_losses_are_drawn_from_their_numbers(families, family):
    drawing = drawn("out-of-distribution", families[family])
    for axes, (_, numbers) in zip(drawing.figure.axes, drawing.numbers.groupby("kind", sort=False), strict=True):
        for learner, own in numbers[numbers["seed"].isna()].groupby("learner"):
            (line,) = lines(axes, learner_style(str(learner)).label)
            np.testing.assert_array_equal(line.get_xydata(), own[["alpha", "value"]].to_numpy(float))


def test_final_losses_are_one_point_a_seed_and_one_a_baseline(families):
    drawing = drawn("losses", families["compared"])
    numbers = drawing.numbers[drawing.numbers["quantity"] == "loss"]
    drawn_values = sorted(container[0].get_xdata()[0] for container in drawing.figure.axes[0].containers)
    assert drawn_values == sorted(numbers["value"])
    assert numbers["learner"].value_counts().to_dict() == {
        "model": 2,
        "gd": 1,
        "ridge": 1,
        "interpolated-gd": 2,
        "interpolated-ridge": 2,
    }


def test_heat_maps_show_the_products_of_the_first_seed(families):
    drawing = drawn("weights", families[HOSTILE])
    images = [axes.images[0].get_array() for axes in drawing.figure.axes if axes.images and axes.get_title()]
    tables = [np.asarray(t["value"]) for _, t in drawing.numbers.groupby(["matrix", "head"])]
    assert len(images) == len(tables) == 6
    for image, table in zip(images, tables, strict=True):
        np.testing.assert_array_equal(np.asarray(image).ravel(), table)
    assert "1 of 1 layers and 3 of 4 heads" in drawing.caption


def test_captions_state_numbers_seeds_and_errors(families):
    caption = drawn("training", families["compared"]).caption
    assert "trained transformer 0.20538 ± 0.00071 (s.e. 0.004)" in caption
    assert "GD 0.2 (s.e. 0.0004)" in caption
    assert "means of 2 seeds" in caption
    assert "One seed (0)" in drawn("training", families[HOSTILE]).caption


def test_the_step_size_is_put_beside_the_tuned_one(families):
    assert "−η/N = −0.5." in drawn("weights", families["compared"]).caption


def test_exploding_learners_leave_the_others_visible(families):
    family = families["compared"]
    huge = family.curves.assign(value=family.curves["value"].where(family.curves["learner"] != "gd", 1e300))
    broken = family.curves.assign(value=family.curves["value"].where(family.curves["seed"] != 1, np.nan))
    for curves in (huge, broken):
        changed = type(family)(**{**vars(family), "curves": curves})
        for name in ("out-of-distribution", "roll-out", "interpolation"):
            drawing = drawn(name, changed)
            drawing.figure.draw_without_rendering()
    assert "For 1 seed the loss becomes too large to be a number" in drawn("roll-out", changed).caption


def test_the_overview_has_every_finished_family(data):
    with paper_style():
        drawing = OVERVIEWS[0].draw(data)
        drawing.figure.draw_without_rendering()
    finished = [family.short_id for family in data.families if family.finished]
    assert list(drawing.numbers["family"].unique()) == finished
    labels = [label.get_text() for label in drawing.figure.axes[0].get_yticklabels()]
    assert labels[1] == f""""$x_{{□$--…)</script> & $(id)\n{finished[1]}: K = 1, softmax, 4 heads"""


def test_learners_differ_in_print_without_colour():
    looks = {(str(style.line), style.marker) for style in STYLES.values()}
    assert len(looks) == len(STYLES) == len({to_rgb(style.color) for style in STYLES.values()})


def test_learners_stand_in_one_order_with_unknown_ones_last():
    names = ["newton", "interpolated-gd++", "gd++", "model", "interpolated-newton", "gd", "gd"]
    assert in_order(names) == ["model", "gd", "gd++", "interpolated-gd++", "newton", "interpolated-newton"]
    assert learner_style("newton").label == "newton"


def test_numbers_of_a_figure_are_its_csv_file(families, tmp_path):
    drawing = drawn("alignment", families["compared"])
    with paper_style():
        path = write_figure(drawing, "alignment", tmp_path).paths["csv"]
    read = pandas.read_csv(path)
    assert list(read.columns) == list(drawing.numbers.columns)
    np.testing.assert_array_equal(read["value"], drawing.numbers["value"])
