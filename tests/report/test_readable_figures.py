"""What a reader needs of a figure, as far as it can be stated: whole numbers below whole settings, colours that can be
seen, legends that cover nothing, and words that say which layer is meant."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from plotted import draw
from recorded_runs import deeper

from icl_cli.report.learners import MODEL, SPARE_COLORS, STYLES, learner_style, spare_looks
from icl_cli.report.panels.alignment import DIFFERENCES
from icl_cli.store import OTHER_RUN


def major_ticks(axis):
    low, high = sorted(axis.get_view_interval())
    return [tick for tick in axis.get_majorticklocs() if low <= tick <= high]


def ends(axes):
    """The points of all curves, in pixels."""
    return np.vstack([axes.transData.transform(np.nan_to_num(line.get_xydata())) for line in axes.get_lines()])


@pytest.mark.parametrize("depths", [(1, 2, 3), (3, 4), (1, 5, 6), (1, 2, 3, 10, 11, 12), (2, 30, 31)])
@pytest.mark.parametrize("columns", [1, 2])
def test_layers_are_counted_in_whole_numbers(measured, depths, columns):
    axes = draw("sizes", *(deeper(measured, one) for one in depths), columns=columns, options=["path=model.layers"])
    ticks = major_ticks(axes.figure.axes[0].xaxis)
    assert ticks
    assert all(math.isclose(tick, round(tick)) for tick in ticks)


def test_few_settings_are_the_ticks_and_never_touch(measured):
    axes = draw("sizes", *(deeper(measured, one) for one in (1, 2, 4)), options=["path=model.layers"]).figure.axes[0]
    assert major_ticks(axes.xaxis) == [1, 2, 4]
    crowded = draw("sizes", *(deeper(measured, one) for one in (1, 98, 99, 100)), options=["path=model.layers"])
    figure = crowded.figure
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_xticklabels() if label.get_text()]
    inside = sorted((box.x0, box.x1) for box in boxes)
    assert all(left[1] < right[0] for left, right in itertools.pairwise(inside))


@pytest.mark.parametrize("shown", [True, False])
def test_another_depth_is_no_baseline_at_a_runs_own(measured, shown):
    """A 5-layer run that the 3-layer run was compared with is a point at 5, if it is shown, and no baseline at 3."""
    three, five = deeper(measured, 3), deeper(measured, 5)
    five = replace(five, runs=tuple(replace(run, id=run.id[::-1]) for run in five.runs))
    other = replace(measured.baselines["gd"], name="deep 5", depends_on={OTHER_RUN: five.runs[0].id})
    compared = replace(
        three,
        baselines={**three.baselines, "deep 5": other},
        comparisons=three.comparisons.replace({"baseline": {"ridge": "deep 5"}}),
    )
    beside = five if shown else deeper(measured, 1)
    numbers = draw("sizes", compared, beside, options=["path=model.layers"]).numbers
    assert not [name for name in numbers["learner"].unique() if "deep 5" in name]
    assert set(numbers.loc[numbers["learner"] == "model", "setting"]) == {3, 5 if shown else 1}


def test_another_run_of_the_same_task_is_drawn_over_settings_of_the_task(measured):
    def with_length(family, length):
        task = family.config.task.model_copy(update={"context_length": length})
        runs = tuple(
            replace(run, config=run.config.model_copy(update={"task": task}), name=f"N{length}") for run in family.runs
        )
        return replace(family, runs=runs)

    other = replace(measured.baselines["gd"], name="other", depends_on={OTHER_RUN: "e" * 64})
    compared = replace(
        measured,
        baselines={**measured.baselines, "other": other},
        comparisons=measured.comparisons.replace({"baseline": {"ridge": "other"}}),
    )
    numbers = draw("sizes", with_length(compared, 4), with_length(deeper(compared, 1), 8)).numbers
    assert "other" in set(numbers["learner"])


def test_every_layer_has_the_whole_range_of_colours(measured):
    """One layer with large weights would leave the others white."""
    (product,) = measured.weights.products
    layers = [replace(product, layer=layer, key_query=product.key_query * 50.0**layer) for layer in range(3)]
    deep = deeper(replace(measured, weights=replace(measured.weights, products=tuple(layers))), 3)
    drawing = draw("page-weights", deep)
    images = [axes.images[0] for axes in drawing.figure.axes if axes.images]
    for image in images:
        largest = np.abs(image.get_array()).max()
        assert largest == 0 or image.norm.vmax == pytest.approx(largest)
    assert len({image.norm.vmax for image in images}) > 3
    assert "colours of its own" in drawing.caption


@pytest.mark.parametrize("columns", [1, 2])
def test_the_legend_of_measures_covers_no_curve(measured, columns):
    """Also of curves that rise to the top of the axes, on either side."""
    rising = measured.comparisons.assign(
        value=np.where(
            measured.comparisons["measure"].isin(list(DIFFERENCES)),
            0.1 + measured.comparisons["step"] ** 2,
            measured.comparisons["value"],
        )
    )
    for family in (measured, replace(measured, comparisons=rising)):
        drawing = draw("alignment", family, columns=columns)
        drawing.figure.draw_without_rendering()
        axes = drawing.figure.axes[0]
        box = axes.get_legend().get_window_extent()
        assert ends(axes)[:, 1].max() < box.y0
        assert box.y1 < axes.get_window_extent().y1 + 1


def test_maps_say_which_layer_and_head_they_are_of(measured):
    heads = measured.config.model.model_copy(update={"layers": 2, "heads": 2, "attention": ("linear", "linear")})
    deep = replace(
        measured,
        runs=tuple(replace(run, config=run.config.model_copy(update={"model": heads})) for run in measured.runs),
    )
    labels = {kind: draw(kind, deep).figure.axes[0].get_xlabel() for kind in ("attention", "weights", "heads")}
    assert labels["attention"] == "source, layer 1, head 1"
    assert labels["weights"].endswith(", layer 1, head 1")
    assert labels["heads"].endswith(", layer 1")
    # What there is once alone needs no words.
    assert draw("attention", measured).figure.axes[0].get_xlabel() == "source"


@pytest.mark.parametrize("kind", ["curvature-map", "eigenvalues", "condition"])
def test_figures_of_curvature_name_their_layer(measured, kind):
    figure = draw(kind, measured).figure
    words = [text.get_text() for text in figure.findobj(lambda each: hasattr(each, "get_text"))]
    assert any("layer 1" in word for word in words)


def test_what_integrates_to_one_is_called_a_density(measured):
    assert "density" in draw("eigenvalues", measured).figure.axes[0].get_ylabel()


def legend_texts(drawing):
    return [text.get_text() for text in drawing.figure.legends[0].get_texts()]


@pytest.mark.parametrize("kind", ["loss", "shift", "loss-by-seed"])
def test_a_legend_lists_runs_and_algorithms_once(measured, kind):
    drawing = draw(kind, *(deeper(measured, layers) for layers in (2, 3, 4, 5)))
    texts = legend_texts(drawing)
    assert len(texts) == len(set(texts)) == 4 + 2
    assert texts[:4] == [f"deep {layers}, K = {layers}" for layers in (2, 3, 4, 5)]
    assert [text.removesuffix(", K steps") for text in texts[4:]] == ["GD", "ridge"]
    assert drawing.numbers["learner"].nunique() == 4 + 8


def test_the_looks_in_a_legend_of_runs_and_algorithms_are_those_of_the_curves(measured):
    drawing = draw("loss", *(deeper(measured, layers) for layers in (2, 3, 4, 5)))
    lines = {line.get_label(): line for line in drawing.figure.axes[0].get_lines()}
    entries = {line.get_label(): line for line in drawing.figure.legends[0].get_lines()}
    for layers in (2, 3, 4, 5):
        entry, own = entries[f"deep {layers}, K = {layers}"], lines[f"deep {layers}, K = {layers}"]
        assert (entry.get_color(), entry.get_marker()) == (own.get_color(), own.get_marker())
        level = next(line for name, line in lines.items() if name.startswith(f"ridge (deep {layers}"))
        assert level.get_marker() == entry.get_marker()
        ridge = next(line for name, line in entries.items() if name.startswith("ridge"))
        assert (level.get_color(), level._dash_pattern) == (ridge.get_color(), ridge._dash_pattern)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("several", [1, 4])
@pytest.mark.parametrize("kind", ["loss", "shift", "interpolation", "roll-out", "cosine"])
def test_curves_have_more_of_a_plot_than_what_stands_above_them(measured, kind, several, columns):
    families = [measured, *(deeper(measured, layers) for layers in range(2, 1 + several))]
    figure = draw(kind, *families, columns=columns, options=["baselines=gd"]).figure
    figure.draw_without_rendering()
    assert figure.legends[0].get_window_extent().height < 0.45 * figure.bbox.height
    assert figure.axes[0].get_window_extent().height > 0.4 * figure.bbox.height


def with_steps(family):
    """The family with baselines that take as many steps as its model has layers."""
    steps = {"steps": family.config.model.layers}
    gd = family.baselines["gd"]
    return replace(family, baselines={**family.baselines, "gd": replace(gd, depends_on=gd.depends_on | steps)})


@pytest.mark.parametrize("kind", ["loss", "shift", "roll-out"])
def test_of_several_depths_baselines_say_their_steps(measured, kind):
    two, three = (with_steps(deeper(measured, layers)) for layers in (2, 3))
    few = legend_texts(draw(kind, two, three, options=["baselines=gd"]))
    assert {"GD (deep 2, 2 steps)", "GD (deep 3, 3 steps)"} <= set(few)
    many = legend_texts(draw(kind, two, three, *(with_steps(deeper(measured, layers)) for layers in (4, 5))))
    assert "GD, K steps" in many
    assert {f"deep {layers}, K = {layers}" for layers in (2, 3, 4, 5)} <= set(many)


def test_rows_of_several_depths_say_their_steps(measured):
    axes = draw("losses", *(with_steps(deeper(measured, layers)) for layers in (2, 3))).figure.axes[0]
    names = [text.get_text() for text in axes.texts]
    assert {"GD (deep 2, 2 steps)", "GD (deep 3, 3 steps)", "deep 2, K = 2", "ridge (deep 2)"} <= set(names)


def test_of_one_depth_nothing_says_steps(measured):
    other = replace(measured, runs=tuple(replace(run, name="again") for run in measured.runs), id="9" * 64)
    assert not [text for text in legend_texts(draw("loss", measured, other)) if "step" in text or "K =" in text]


def test_learners_of_one_figure_have_a_colour_each():
    """Algorithms, what they are interpolated with, and as many other runs as there are spare colours."""
    others = [f"run {number}" for number in range(len(SPARE_COLORS))]
    names = [*STYLES, *(f"interpolated-{name}" for name in STYLES if name != MODEL), *others]
    with spare_looks(names):
        colors = [learner_style(name).color for name in names]
    assert len(set(colors)) == len(names)
    with spare_looks(["run 1"]):
        alone = learner_style("run 1")
    assert alone == learner_style("run 1")


@pytest.mark.parametrize("pair", [("other 0", f"other {number}") for number in range(1, 12)])
def test_two_other_runs_never_look_alike(measured, pair):
    baselines = {
        name: replace(measured.baselines["gd"], name=name, depends_on={OTHER_RUN: f"{place}" * 64})
        for place, name in enumerate(pair)
    }
    renamed = dict(zip(("gd", "ridge"), pair, strict=True))
    family = replace(measured, baselines=baselines, comparisons=measured.comparisons.replace({"baseline": renamed}))
    lines = {line.get_label(): line for line in draw("cosine", family).figure.axes[0].get_lines()}
    one, other = (lines[name] for name in pair)
    assert one.get_color() != other.get_color()
    assert one.get_marker() != other.get_marker()


def rows_of_figure(figure):
    """The names of rows, from the top, where they stand beside the axis."""
    return [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_rows_of_a_run_stand_together(measured):
    """The algorithms that a run was compared with stand below it, before the next run; what runs share at the end."""
    families = [with_steps(deeper(measured, layers)) for layers in (2, 3)]
    figure = draw("losses", *families, columns=2).figure
    runs = [next(layers for layers in (2, 3) if f"deep {layers}" in name) for name in rows_of_figure(figure)]
    assert runs == sorted(runs)
    assert len(runs) == len(set(rows_of_figure(figure))) >= 6
    narrow = draw("losses", *families, columns=1).figure
    assert [text.get_text() for text in narrow.axes[0].texts] == rows_of_figure(figure)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("kind", ["weights", "heads"])
def test_a_map_stands_in_the_middle_of_its_figure(measured, kind, columns):
    """With its scale, to a tenth of the width; pushed to the right of a page it was a quarter of the width off."""
    figure = draw(kind, measured, columns=columns).figure
    figure.draw_without_rendering()
    box = figure.axes[0].get_tightbbox()
    assert box is not None
    assert abs((box.x0 + box.x1) / 2 - figure.bbox.width / 2) < 0.1 * figure.bbox.width
    assert figure.axes[0].get_window_extent().height > 0.6 * figure.bbox.height


@pytest.mark.parametrize("scale", [0.013, 0.0101, 1.0, 1234.0, 3e-7])
def test_no_number_beside_a_map_is_cut_off(measured, scale):
    shown = measured.weights
    small = [
        replace(one, key_query=one.key_query * scale, projection_value=one.projection_value * scale)
        for one in shown.products
    ]
    figure = draw("page-weights", replace(measured, weights=replace(shown, products=small))).figure
    figure.draw_without_rendering()
    for axes in figure.axes:
        box = axes.get_tightbbox()
        assert box is not None
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width


def test_the_legend_of_a_roll_out_covers_no_curve(measured):
    figure = draw("page-roll-out", measured).figure
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert not [axes for axes in figure.axes if axes.get_legend()]
    assert not [axes for axes in figure.axes if axes.get_window_extent().overlaps(legend.get_window_extent())]


def test_a_row_without_a_point_says_so(measured):
    curves = measured.curves.copy()
    onsets = (curves["kind"] == "plateau") & (curves["learner"] == "onset")
    never = replace(deeper(measured, 3), curves=curves.assign(value=curves["value"].where(~onsets)))
    texts = [text.get_text() for text in draw("onset", deeper(measured, 2), never).figure.axes[0].texts]
    assert texts.count("not within the training") == 1
