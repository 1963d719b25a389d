"""Every kind of panel: it draws the numbers that it hands out, and says so where there are none."""

from dataclasses import replace

import numpy as np
import pandas
import pytest
from recorded_runs import HOSTILE, STEPS, deeper

from icl_cli.errors import UsageError
from icl_cli.report.files import write_figure
from icl_cli.report.learners import ASPECTS, RUN_COLORS, RUN_LINES, RUN_MARKERS, STYLES, learner_style, numbered, parts
from icl_cli.report.panels import PANELS
from icl_cli.report.panels.losses import losses_numbers
from icl_cli.report.paper_figure import draw_paper_figure
from icl_cli.report.style import paper_style
from icl_cli.report.told_apart import MOST_CURVES
from icl_cli.store import OTHER_RUN
from icl_cli.sweeps.figure_spec import FigureSpec
from icl_cli.sweeps.runs_spec import RunsSpec

# Options with which a panel is tested beyond its defaults.
CASES = [(kind, {}) for kind in PANELS] + [
    ("loss", {"baselines": ["gd"], "log": True, "training": True}),
    ("loss-by-seed", {"log": True}),
    ("cosine", {"baselines": ["ridge"]}),
    ("shift", {"shift": "unseen-teacher"}),
    ("roll-out", {"damping": 1}),
    ("sizes", {"path": "training.steps", "log": True, "baselines": ["gd"]}),
    ("weights", {"matrix": "projection-value"}),
    ("heads", {"head": 1}),
    ("copying", {"definition": "norm-of-mean"}),
    ("function", {"stage": "initial"}),
]


def spec_of(*panels, columns=3):
    return FigureSpec.model_validate({"columns": columns, "panels": tuple(panels)})


def draw(spec, families):
    with paper_style():
        drawing = draw_paper_figure(spec, families)
        drawing.figure.draw_without_rendering()
    return drawing


def titles(drawing):
    return [axes.get_title(loc="left").split("$  ")[1].replace("\n", " ") for axes in panel_axes(drawing)]


def panel_axes(drawing):
    return [axes for axes in drawing.figure.axes if axes.get_title(loc="left")]


def texts(axes):
    return [text.get_text() for text in axes.texts]


def all_cases(**extra):
    return spec_of(*({"kind": kind, "options": options, **extra} for kind, options in CASES))


def test_every_panel_hands_out_what_was_measured_and_the_csv_file_holds_it(measured, tmp_path):
    drawing = draw(all_cases(), {"one": [measured]})
    assert drawing.numbers["panel"].nunique() == len(CASES)
    assert np.isfinite(drawing.numbers["value"].to_numpy(float)).all()
    assert not any("not measured" in texts(axes) for axes in panel_axes(drawing))
    assert "Not measured" not in drawing.caption
    with paper_style():
        read = pandas.read_csv(write_figure(drawing, "figure", tmp_path).paths["csv"])
    assert list(read.columns) == list(drawing.numbers.columns)
    np.testing.assert_array_equal(read["value"], drawing.numbers["value"].astype(float))


@pytest.mark.parametrize("there", ["no label", "no family", "no finished run"])
def test_panels_without_numbers_are_empty_frames(families, there):
    given = {"no label": {}, "no family": {"one": []}, "no finished run": {"one": [families["diverged"]]}}[there]
    drawing = draw(all_cases(runs=("one",)), given)
    assert [texts(axes) for axes in panel_axes(drawing)] == [["not measured"]] * len(CASES)
    assert drawing.numbers.empty
    assert "Not measured: (a) Loss over training, (b) Loss of each seed, " in drawing.caption


def test_runs_that_were_never_compared_are_no_error(families):
    drawing = draw(all_cases(), {"one": [families["alone"]]})
    pairs = zip(CASES, panel_axes(drawing), strict=True)
    there = {kind for (kind, _), axes in pairs if "not measured" not in texts(axes)}
    assert there == {"loss", "loss-by-seed", "sizes", "weights", "heads"}


def test_numbers_that_are_not_finite_are_no_error(measured):
    broken = {name: getattr(measured, name).assign(value=np.nan) for name in ("curves", "comparisons", "metrics")}
    drawing = draw(all_cases(), {"one": [replace(measured, **broken)]})
    words = {kind: texts(axes) for (kind, _), axes in zip(CASES, panel_axes(drawing), strict=True)}
    assert words.pop("weights") == words.pop("heads") == []
    assert all(said in (["no finite number"], ["not measured"]) for said in words.values())


def test_hostile_names_are_drawn_as_they_are(measured, families):
    label = f"_{HOSTILE}"
    drawing = draw(all_cases(title=HOSTILE), {label: [measured, families["alone"]], HOSTILE: [measured]})
    assert drawing.caption.startswith(f"(a) {HOSTILE}. (b) {HOSTILE}.")
    shown = HOSTILE.replace("深", "□")
    # Long words are broken where the panel ends.
    assert {"".join(title.replace(r"\$", "$").split()) for title in titles(drawing)} == {"".join(shown.split())}
    names = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert any(name.startswith(" _") for name in names)


def test_every_seed_of_another_run_counts_and_a_baseline_once(measured):
    found = measured.comparisons
    is_gd = found["baseline"] == "gd"
    several = found.assign(
        baseline_id=[f"{one.baseline_id}{one.seed if one.baseline == 'gd' else ''}" for one in found.itertuples()],
        value=found["value"].mask(is_gd & (found["measure"] == "baseline_loss"), 0.2 + 0.1 * found["seed"]),
    )
    numbers = losses_numbers(replace(measured, comparisons=several))
    losses = numbers.loc[numbers["quantity"] == "loss"]
    gd = losses.loc[losses["learner"] == "gd"]
    assert dict(zip(gd["seed"], gd["value"], strict=True)) == pytest.approx({0: 0.2, 1: 0.3})
    assert losses.loc[losses["learner"] == "ridge", "seed"].isna().tolist() == [True]


@pytest.mark.parametrize("kind", ["loss", "losses", "shift"])
def test_another_run_that_is_shown_itself_is_no_baseline_too(measured, kind):
    other = replace(measured.baselines["gd"], name="other", depends_on={OTHER_RUN: measured.runs[0].id})
    beside = replace(
        deeper(measured),
        runs=tuple(replace(run, id=run.id[::-1]) for run in measured.runs),
        baselines={"other": other},
        comparisons=measured.comparisons.replace({"baseline": {"gd": "other"}}),
        curves=measured.curves.replace({"learner": {"gd": "other"}}),
    )
    families = {"one": [measured], "two": [beside]}
    both = [parts(name) for name in draw(spec_of({"kind": kind}), families).numbers["learner"]]
    assert {name.run for name in both if name.kind == "model"} == {"one", "two"}
    assert "other" not in {name.kind for name in both}
    # In a panel without it, it is drawn as in the others.
    apart = draw(spec_of({"kind": "loss"}, {"kind": kind, "runs": ("two",)}), families).numbers
    named = [parts(name) for name in apart.loc[apart["panel"] == "b", "learner"]]
    assert {name.run for name in named if name.kind == "model"} == {"one", "two"}
    # Alone it is shown beside what is not in the figure.
    alone = draw(spec_of({"kind": kind}), {"two": [beside]}).numbers
    assert "other" in set(alone["learner"])


@pytest.mark.parametrize(
    ("kind", "curve", "x"),
    [
        ("copying", "copying-mean-of-norms", "training_step"),
        ("curvature-map", "curvature-map", "eigenvalue"),
        ("condition", "condition-number", "gamma"),
        ("roll-out", "roll-out-0.75", "applications"),
    ],
)
def test_curves_are_drawn_at_the_means_of_their_seeds(measured, kind, curve, x):
    drawing = draw(spec_of({"kind": kind}), {"one": [measured]})
    points = measured.curves[measured.curves["kind"] == curve]
    for learner, own in points.groupby("learner"):
        means = own.groupby("x")["value"].mean()
        label = learner_style(str(learner)).label
        (line,) = [one for one in panel_axes(drawing)[0].get_lines() if one.get_label() == label]
        np.testing.assert_allclose(line.get_xydata(), np.column_stack([means.index, means]), rtol=1e-12)
        table = drawing.numbers[(drawing.numbers["learner"] == learner) & drawing.numbers["seed"].notna()]
        assert sorted(table[[x, "value"]].itertuples(index=False)) == sorted(
            own[["x", "value"]].itertuples(index=False)
        )


def test_seeds_are_lines_of_their_own(measured):
    axes = panel_axes(draw(spec_of({"kind": "loss-by-seed", "options": {"baselines": ["gd"]}}), {"one": [measured]}))[0]
    curves = [line for line in axes.get_lines() if len(line.get_xdata()) == len(STEPS)]
    assert len(curves) == len(measured.finished) == 2
    assert len({str(line.get_color()) for line in curves}) == len({line.get_linestyle() for line in curves}) == 2


def test_bars_show_the_share_of_eigenvalues(measured):
    drawing = draw(spec_of({"kind": "eigenvalues"}), {"one": [measured]})
    assert list(drawing.numbers["learner"].unique()) == ["before", "after"]


def test_a_function_is_that_of_the_first_seed(measured):
    numbers = draw(spec_of({"kind": "function"}), {"one": [measured]}).numbers
    assert set(numbers["seed"]) == {0}
    assert set(numbers["learner"]) == {"model", "other run", "data", "target"}


def test_heads_are_scaled_by_their_own_step(families):
    family = families[HOSTILE]
    products = [one for one in family.weights.products if one.layer == 0]
    scaled = [one.projection_value[3, 3] * one.key_query for one in products]
    assert len(scaled) == 4
    for head, expected in enumerate([sum(scaled), *scaled]):
        numbers = draw(spec_of({"kind": "heads", "options": {"head": head}}), {"one": [family]}).numbers
        np.testing.assert_array_equal(numbers["value"], np.asarray(expected).ravel())


def test_sizes_are_one_point_a_configuration(measured, families):
    drawing = draw(
        spec_of({"kind": "sizes", "options": {"path": "model.layers", "baselines": ["gd"]}}),
        {"grid": [families["alone"], measured]},
    )
    means = drawing.numbers[drawing.numbers["seed"].isna() & (drawing.numbers["learner"] == "model")]
    expected = [
        family.metrics.query("name == 'held_out_loss' and step == 40")["value"].mean()
        for family in (measured, families["alone"])
    ]
    assert list(means["setting"]) == [1, 2]
    np.testing.assert_allclose(means["value"], expected, rtol=1e-12)


def test_sizes_hold_each_baseline_once_a_configuration(measured, families):
    numbers = draw(
        spec_of({"kind": "sizes", "options": {"path": "model.layers"}}), {"grid": [families["alone"], measured]}
    ).numbers
    assert not numbers.duplicated(["learner", "setting", "seed"]).any()
    assert numbers[numbers["learner"] == "gd"]["value"].tolist() == [0.2]


def test_runs_that_share_a_panel_are_told_apart_in_all(measured, families):
    spec = spec_of({"kind": "loss"}, {"kind": "cosine", "runs": ("second",), "options": {"baselines": ["gd"]}})
    drawing = draw(spec, {"first": [families[HOSTILE]], "second": [measured]})
    by_panel = {letter: set(own["learner"]) for letter, own in drawing.numbers.groupby("panel")}
    assert {"model 1: first", "model 2: second"} <= by_panel["a"]
    assert by_panel["b"] == {"model 2: second"}
    labels = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert labels == sorted(set(labels), key=labels.index)
    assert {"first", "second"} <= set(labels)


def test_a_baseline_that_runs_have_in_common_is_drawn_once(measured):
    drawing = draw(spec_of({"kind": "loss", "options": {"baselines": ["gd"]}}), {"a": [measured], "b": [measured]})
    assert list(drawing.numbers[drawing.numbers["step"].isna()]["learner"]) == ["gd"]


def test_a_grid_is_named_by_what_differs(measured, families):
    drawing = draw(spec_of({"kind": "loss"}), {"grid": [measured, families["alone"]]})
    models = [name for name in drawing.numbers["learner"].unique() if parts(name).kind == "model"]
    assert models == ["model 1: K = 1, recurrent no", "model 2: K = 2, recurrent yes"]
    beside = draw(spec_of({"kind": "loss"}), {"grid": [measured, deeper(measured)], "other": [families["alone"]]})
    models = [name for name in beside.numbers["learner"].unique() if parts(name).kind == "model"]
    assert models == ["model 1: grid, K = 1", "model 2: grid, K = 2", "model 3: other, K = 2"]


def test_baselines_that_were_not_measured_are_named(measured):
    drawing = draw(spec_of({"kind": "loss", "options": {"baselines": ["gd", "gd++"]}}), {"one": [measured]})
    assert "Not measured in (a): GD++." in drawing.caption


def test_the_caption_says_how_many_seeds_there_are(measured, families):
    two = draw(spec_of({"kind": "loss"}), {"one": [measured]}).caption
    one = draw(spec_of({"kind": "loss"}), {"one": [families["alone"]]}).caption
    both = draw(spec_of({"kind": "loss"}), {"one": [measured], "other": [families["alone"]]}).caption
    assert "Seeds: 2. Thick lines are means" in two
    assert "One seed each" in one
    assert "Seeds: one: 2 and other: 1." in both


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_panels_stand_in_rows_and_never_overlap(measured, columns):
    panels = [{"kind": kind} for kind in ("loss", "alignment", "cosine", "shift", "losses")]
    drawing = draw(spec_of(*panels, columns=columns), {"one": [measured]})
    letters = [axes.get_title(loc="left").split("$  ")[0] for axes in panel_axes(drawing)]
    assert letters == [rf"$\mathbf{{{letter}}}" for letter in "abcde"]
    rows = {round(axes.get_position().y0, 2) for axes in panel_axes(drawing)}
    assert len(rows) == -(-len(panels) // columns)
    boxes = [axes.get_position() for axes in panel_axes(drawing)]
    assert not any(a.overlaps(b) for index, a in enumerate(boxes) for b in boxes[index + 1 :])


@pytest.mark.parametrize("runs", [1, 4, 9, 13])
@pytest.mark.parametrize("columns", [2, 3])
def test_panels_stay_readable_however_many_runs_there_are(measured, runs, columns):
    panels = [{"kind": kind} for kind in ("losses", "shift", "loss")]
    grid = [measured, *(deeper(measured, layers) for layers in range(2, runs + 1))]
    drawing = draw(spec_of(*panels, columns=columns), {"grid": grid})
    box, figure = drawing.figure.get_tightbbox(), drawing.figure
    assert min(box.x0, box.y0) > -0.05
    assert box.x1 < figure.get_figwidth() + 0.05
    assert box.y1 < figure.get_figheight() + 0.05
    legend, dots = figure.legends[0].get_window_extent(), figure.get_dpi()
    for axes in panel_axes(drawing):
        assert axes.get_window_extent().height > 1.1 * dots
        assert axes.get_tightbbox().y1 < legend.y0 + 1
    names = [text.get_window_extent() for text in panel_axes(drawing)[0].texts]
    points = [points[0].get_window_extent() for points in panel_axes(drawing)[0].containers]
    assert not any(name.overlaps(point) for name in names for point in points)
    assert len(drawing.left_out) == (0 if runs == 1 else 1 if runs == 4 else 2)
    assert all(sentence in drawing.caption for sentence in drawing.left_out)


def test_a_figure_grows_with_its_legend(measured):
    labels = [f"a-label-as-long-as-they-are-made-by-many-{layers}" for layers in range(2, 6)]
    families = {label: [deeper(measured, layers)] for layers, label in enumerate(labels, 2)}
    heights = [
        panel_axes(draw(spec_of({"kind": "shift"}, {"kind": "loss"}, columns=2), chosen))[0].get_window_extent().height
        for chosen in ({"one": [measured]}, families)
    ]
    assert heights[1] > 0.9 * heights[0]


@pytest.mark.parametrize(
    ("runs", "left_out"),
    [
        (4, "interpolated (ridge) and interpolated (GD)."),
        (5, "interpolated (ridge), interpolated (GD) and ridge."),
        (13, "interpolated (ridge), interpolated (GD), ridge, GD and K = 13."),
    ],
)
def test_what_cannot_be_told_apart_leaves_in_order(measured, runs, left_out):
    drawing = draw(
        spec_of({"kind": "shift"}), {"grid": [measured, *(deeper(measured, layers) for layers in range(2, runs + 1))]}
    )
    assert f"told apart: {left_out}" in drawing.caption
    assert drawing.numbers["learner"].nunique() <= MOST_CURVES


def test_a_file_shows_what_it_names_alone(measured):
    other = replace(measured.baselines["gd"], name="other", depends_on={OTHER_RUN: "f" * 64})
    elsewhere = replace(
        measured,
        baselines={**measured.baselines, "other": other},
        comparisons=pandas.concat([measured.comparisons, measured.comparisons.replace({"baseline": {"gd": "other"}})]),
        curves=pandas.concat([measured.curves, measured.curves.replace({"learner": {"gd": "other"}})]),
    )
    kinds = ("loss", "losses", "cosine", "shift", "sizes", "interpolation")
    panels = [*({"kind": kind} for kind in kinds), {"kind": "shift", "options": {"baselines": ["ridge"]}}]
    spec = spec_of(*({**panel, "runs": ("one",)} for panel in panels))

    def ends(run_id):
        beside = deeper(measured)
        beside = replace(beside, runs=tuple(replace(run, id=run_id) for run in beside.runs))
        named = {"one": RunsSpec(label="one", baselines=("gd",)), "two": RunsSpec(label="two")}
        with paper_style():
            numbers = draw_paper_figure(spec, {"one": [elsewhere], "two": [beside]}, named).numbers
        shown = {letter: {parts(name).kind for name in own["learner"]} for letter, own in numbers.groupby("panel")}
        return {letter: {name.removeprefix("interpolated-") for name in own} for letter, own in shown.items()}

    of_gd = ends("0" * 64)
    assert of_gd.pop("g") == {"model", "ridge"}
    assert set.union(*of_gd.values()) == {"model", "gd"}
    # The same run as one of the file's own.
    assert "other" in ends("f" * 64)["a"]


def test_the_same_numbers_give_the_same_bytes(measured, tmp_path):
    contents = []
    for attempt in ("first", "second"):
        with paper_style():
            drawing = draw_paper_figure(spec_of({"kind": "loss"}, {"kind": "weights"}), {"one": [measured]})
            files = write_figure(drawing, "figure", tmp_path / attempt)
        contents.append({kind: path.read_bytes() for kind, path in files.paths.items()})
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("panel", "message"),
    [
        ({"kind": "los"}, r"unknown kind of panel 'los'. Did you mean 'loss'\? Allowed: alignment, "),
        ({"kind": "loss", "options": {"basline": ["gd"]}}, "unknown option of panel 'loss' 'basline'.*'baselines'"),
        ({"kind": "curvature-map", "options": {"log": True}}, "unknown option 'log' of panel 'curvature-map': it has"),
        ({"kind": "loss", "options": {"log": 1}}, "option 'log' of panel 'loss' is 1; it must be true or false"),
        ({"kind": "loss", "options": {"baselines": "gd"}}, "is 'gd'; it must be a list of texts"),
        ({"kind": "loss", "options": {"baselines": [0.5]}}, "it must be a list of texts"),
        ({"kind": "shift", "options": {"shift": "input"}}, r"Did you mean 'inputs'\?"),
        ({"kind": "roll-out", "options": {"damping": "1"}}, "it must be a number"),
        ({"kind": "roll-out", "options": {"damping": -1.0}}, "it must be 0 or more"),
        ({"kind": "weights", "options": {"layer": 0}}, "it must be 1 or more"),
        ({"kind": "sizes", "options": {"path": "task.contextlength"}}, r"Did you mean 'task.context_length'\?"),
    ],
)
def test_a_wrong_description_names_what_is_allowed(measured, panel, message):
    with pytest.raises(UsageError, match=message):
        draw(spec_of(panel), {"one": [measured]})


def test_names_with_numbers_read_back():
    name = numbered("interpolated-gd++", 12, HOSTILE)
    assert tuple(parts(name)) == ("interpolated-gd++", 12, HOSTILE)
    assert tuple(parts("gd")) == ("gd", None, "")


@pytest.mark.parametrize(
    "together",
    [
        ("self", "next", "others"),
        ("model", "formula"),
        ("mean", "median", "model", "gd++"),
        ("before", "after"),
        ("model", "target", "data"),
        ("model", "training", "gd"),
    ],
)
def test_what_shares_a_panel_differs_in_print_without_colour(together):
    looks = {(str(learner_style(name).line), learner_style(name).marker) for name in together}
    assert len(looks) == len(together)


def test_runs_differ_in_print_without_colour():
    assert len(RUN_COLORS) == len(set(RUN_COLORS)) == len(set(map(str, RUN_LINES))) == len(set(RUN_MARKERS))
    assert not set(RUN_COLORS) & {style.color for style in STYLES.values()}
    assert not set(STYLES) & set(ASPECTS)


def test_the_onset_panel_shows_onsets_and_no_losses(measured):
    numbers = draw(spec_of({"kind": "onset"}), {"one": [measured]}).numbers
    assert set(numbers["learner"]) == {"onset"}


def test_configurations_that_have_a_setting_each_are_one_curve(measured):
    """Where two share a setting, each has curves of its own instead."""
    panel = {"kind": "sizes", "options": {"path": "model.layers"}, "runs": ("one", "other")}
    alike = draw_paper_figure(spec_of(panel), {"one": [measured], "other": [measured]}).numbers
    apart = draw_paper_figure(spec_of(panel), {"one": [measured], "other": [deeper(measured, 3)]}).numbers
    assert set(apart["learner"]) == {parts(name).kind for name in alike["learner"]}
    assert len(set(alike["learner"])) == 2 * len(set(apart["learner"]))
    means = apart.loc[apart["seed"].isna()]
    assert means.groupby("learner")["setting"].apply(sorted).map(tuple).unique().tolist() == [(1.0, 3.0)]
