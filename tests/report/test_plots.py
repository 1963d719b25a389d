"""Plots of their own: told apart without colour, named in their titles, and the same bytes in every process."""

import itertools
import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.colors import to_rgb
from matplotlib.container import ErrorbarContainer
from matplotlib.patches import Rectangle
from plotted import draw
from recorded_runs import HOSTILE, deeper

from icl_cli.errors import NothingMatchedError, UsageError
from icl_cli.report.files import rendered_figure
from icl_cli.report.panels import PANELS
from icl_cli.report.panels.heat_map import draw_heat_map, symmetric_norm
from icl_cli.report.plot import MOST_RUNS
from icl_cli.report.plot_kinds import PLOT_KINDS, option_values, plot_kind
from icl_cli.report.scales import loss_axis, rescale
from icl_cli.report.style import ONE_COLUMN, TWO_COLUMNS, new_figure, paper_style

# ITU-R BT.709 weights of linear light. Greys closer than this are hard to tell apart in print.
WEIGHTS = np.array([0.2126, 0.7152, 0.0722])
SMALLEST_CONTRAST = 0.12
# Panels of one row of points a learner, with its name above them.
ROWS = ("losses", "critical-damping", "onset")
OVERLAID = [name for name, panel in PANELS.items() if panel.takes == "overlaid"]


def luminance(color):
    values = np.array(to_rgb(color))
    return float(WEIGHTS @ np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4))


def title(drawing):
    figure = drawing.figure
    text = figure.legends[0].get_title().get_text() if figure.legends else figure.get_suptitle()
    return " ".join(text.replace("\u00a0", " ").split())


def labelled(axes):
    return [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]


def of_seeds(family, *seeds):
    """The family as if the other seeds had never been trained."""
    frames = {
        name: frame.loc[frame["seed"].isin(seeds)]
        for name, frame in vars(family).items()
        if isinstance(frame, pandas.DataFrame)
    }
    return replace(family, runs=tuple(run for run in family.runs if run.seed in seeds), **frames)


def look(line):
    """What of a line is left in print without colour, its grey apart."""
    return str(line._dash_pattern), line.get_marker(), to_rgb(line.get_markerfacecolor()) == (1, 1, 1)


def drawn_overlaid(measured, kind, several):
    """The axes of a plot of one or of two configurations, and how many learners are in its numbers."""
    families = [measured, deeper(measured)] if several else [measured]
    options = ["baselines=gd"] if PANELS[kind].takes_one_baseline and several else []
    drawing = draw(kind, *families, options=options)
    return drawing.figure.axes[0], drawing.numbers["learner"].nunique()


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("kind", [kind for kind in OVERLAID if kind not in ROWS])
def test_curves_differ_in_grey(measured, kind, several):
    axes, learners = drawn_overlaid(measured, kind, several)
    curves = labelled(axes)
    if kind == "loss-by-seed" and not several:
        # Here the seeds of the model are the series; elsewhere they lie around their mean and look like it.
        seeds = [line for line in axes.get_lines() if line.get_label() == "_seed"]
        assert len(seeds) == len(measured.finished)
        curves, learners = curves + seeds, learners - 1 + len(seeds)
    assert len(curves) >= learners
    for one, other in itertools.combinations(curves, 2):
        contrast = abs(luminance(one.get_color()) - luminance(other.get_color()))
        assert look(one) != look(other) or contrast > SMALLEST_CONTRAST, (one.get_label(), other.get_label())


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("kind", ROWS)
def test_rows_of_points_are_told_apart_by_their_names(measured, kind, several):
    axes, learners = drawn_overlaid(measured, kind, several)
    axes.figure.draw_without_rendering()
    names = [text.get_text() for text in sorted(axes.texts, key=lambda text: -text.get_window_extent().y0)]
    assert len(set(names)) == len(names) == learners
    assert all(name.strip() for name in names)
    looks = {place: set() for place in range(learners)}
    for points in axes.containers:
        looks[round(points[0].get_ydata()[0])].add((look(points[0]), points[0].get_color()))
    assert all(len(own) == 1 for own in looks.values())
    assert len({color for own in looks.values() for _, color in own}) == learners or several


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("kind", ROWS)
def test_a_rows_name_stands_in_its_row_above_its_points_and_covers_none(measured, kind, several, columns):
    families = [measured, deeper(measured)] if several else [measured]
    axes = draw(kind, *families, columns=columns).figure.axes[0]
    axes.figure.draw_without_rendering()
    bottoms = {place: axes.transData.transform((0, place + 0.5))[1] for place in range(-1, len(axes.texts))}
    for place, text in enumerate(axes.texts):
        box = text.get_window_extent()
        assert bottoms[place] < box.y0
        assert box.y1 < bottoms[place - 1] + 1
        points = [line for line in (c[0] for c in axes.containers) if round(line.get_ydata()[0]) == place]
        radius = max(line.get_markersize() for line in points) / 2 * axes.figure.dpi / 72
        heights = [axes.transData.transform(line.get_xydata())[0, 1] for line in points]
        assert points
        assert max(heights) + radius < box.y0 + 1
        assert bottoms[place] < min(heights)
        # Its own points are nearer to a name than those of any other row.
        others = [line for line in (c[0] for c in axes.containers) if round(line.get_ydata()[0]) != place]
        middle = (box.y0 + box.y1) / 2
        away = [abs(axes.transData.transform(line.get_xydata())[0, 1] - middle) for line in others]
        assert abs(max(heights) - middle) < min(away, default=math.inf)


def test_negative_entries_of_a_heat_map_carry_a_stroke():
    matrix = np.array([[1.0, -1.0], [-0.3, 0.001], [-0.0001, 0.3]])
    axes = new_figure(2, 2).subplots()
    draw_heat_map(axes, matrix, symmetric_norm([matrix]))
    (strokes,) = axes.collections
    centres = {tuple(np.mean(segment, axis=0)) for segment in strokes.get_segments()}
    assert centres == {(1.0, 0.0), (0.0, 1.0)}


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize(("columns", "width"), [(1, ONE_COLUMN), (2, TWO_COLUMNS)])
def test_every_panel_fits_either_width_without_cut_words(measured, kind, columns, width):
    families = [measured, deeper(measured)] if PANELS[kind].takes == "grid" else [measured]
    options = ["path=model.layers"] if PANELS[kind].takes == "grid" else []
    figure = draw(kind, *families, columns=columns, options=options).figure
    assert figure.get_figwidth() == width
    box = figure.get_tightbbox()
    assert box.x0 > -0.05
    assert box.y0 > -0.05
    assert box.x1 < width + 0.05
    assert box.y1 < figure.get_figheight() + 0.05
    smallest = min(text.get_fontsize() for text in figure.findobj(lambda each: hasattr(each, "get_fontsize")))
    assert smallest >= 6


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("kind", ["shift", "losses"])
def test_a_plot_of_many_curves_keeps_its_height(measured, kind, columns):
    drawing = draw(kind, *(deeper(measured, layers) for layers in range(2, 6)), columns=columns)
    axes, figure = drawing.figure.axes[0], drawing.figure
    assert axes.get_window_extent().height > 1.1 * figure.get_dpi()
    assert figure.get_tightbbox().y1 < figure.get_figheight() + 0.05
    assert ("told apart: interpolated (ridge) and interpolated (GD)." in drawing.caption) == (kind == "shift")


@pytest.mark.parametrize("kind", [kind for kind in PLOT_KINDS if PLOT_KINDS[kind].takes in ("one", "overlaid")])
def test_a_caption_speaks_of_what_is_drawn(measured, kind):
    drawing = draw(kind, measured)
    every = drawing.figure.findobj(FillBetweenPolyCollection)
    levels = drawing.figure.findobj(lambda one: isinstance(one, Rectangle) and one.get_alpha() == 0.1)
    assert ("Thick lines" in drawing.caption) == bool(every)
    assert ("horizontal lines" in drawing.caption.lower()) == bool(levels)
    bars = [one for axes in drawing.figure.axes for one in axes.containers if isinstance(one, ErrorbarContainer)]
    assert not ("bars" in drawing.caption and not bars)
    assert "below" not in drawing.caption


def test_the_title_says_what_is_compared_and_of_how_many_seeds(measured):
    assert title(draw("loss", measured)) == ("Loss over training: compared K = 1, linear; mean and range of 2 seeds")
    one = of_seeds(measured, 0)
    both = title(draw("shift", measured, deeper(one), options=["baselines=gd"]))
    assert both == "Out of distribution: compared and deep 2 mean and range of seeds: compared 2, deep 2 1"
    # Where the legend tells models apart, it does not say what they are compared with.
    against = title(draw("cosine", measured, deeper(measured), options=["baselines=gd"]))
    assert against.startswith("Alignment: compared and deep 2 against GD ")
    assert title(draw("weights", measured)).endswith("seed 0 of 2 seeds")
    assert title(draw("loss-by-seed", measured)).endswith("2 seeds, each shown")


def test_names_that_two_configurations_share_are_told_apart(measured):
    other = deeper(measured)
    same = replace(other, runs=tuple(replace(run, id=f"f{run.id[1:]}", name="compared") for run in other.runs))
    words = title(draw("loss", measured, same, options=["baselines=gd"]))
    assert "compared (layers 1) and compared (layers 2)" in words


def test_hostile_names_are_drawn_as_they_are(families):
    assert r"\$x_{□\$--><script>alert('1')" in title(draw("loss", families[HOSTILE]))


def test_what_a_kind_does_not_take_is_refused_in_one_line(measured, families):
    other, hostile = deeper(measured), replace(measured, curves=measured.curves.iloc[:0])
    refused = {
        "shows one configuration; 2 were given: .*overlaid by loss, loss-by-seed": ("weights", [measured, other], {}),
        "figure-2 shows one configuration": ("figure-2", [measured, other], {}),
        "Choose it, such as --set baselines=gd": ("alignment", [measured, other], {}),
        f"at most {MOST_RUNS} can be told apart": ("loss", [deeper(measured, n) for n in range(2, 9)], {}),
        "task.context_length, which is 4 in all .* model.layers: --set path": ("sizes", [measured, other], {}),
        "do not apply to cosine; they do to loss, ": ("cosine", [measured], {"scale": "log"}),
        "do not apply to training": ("training", [measured], {"scale": "log"}),
        "--columns: 1 given; figure-2 is laid out for 2 columns": ("figure-2", [measured], {"columns": 1}),
        "overview shows two configurations or more; 1 given": ("overview", [measured], {}),
        "baseline of these runs 'gdd'. Did you mean 'gd'": ("loss", [measured], {"options": ["baselines=gdd"]}),
    }
    for words, (kind, given, choices) in refused.items():
        with pytest.raises(UsageError, match=words) as caught:
            draw(kind, *given, **choices)
        assert "\n" not in str(caught.value)
    short = hostile.finished[0].short_id
    with pytest.raises(NothingMatchedError, match=rf"`icl analyse {short} \w+ --analysis plateau --db results.db`"):
        draw("onset", hostile)
    with pytest.raises(NothingMatchedError, match=rf"`icl compare {short} \w+ --db results.db`"):
        draw("shift", hostile)
    with pytest.raises(NothingMatchedError, match="copying exists for interleaved tokens only"):
        draw("copying", hostile)
    with pytest.raises(NothingMatchedError, match=r"damping=2.0 is not stored for .*; with damping=0.75 it is"):
        draw("roll-out", measured, options=["damping=2"])
    with pytest.raises(NothingMatchedError, match=r"Only finished runs can be drawn: .* is diverged"):
        draw("loss", families["diverged"])


def test_runs_of_two_loss_conventions_never_share_an_axis(measured):
    training = measured.config.training
    other = "squared-error" if training.loss == "half-squared-error" else "half-squared-error"
    config = measured.config.model_copy(update={"training": training.model_copy(update={"loss": other})})
    second = replace(measured, id="2" * 64, runs=tuple(replace(run, config=config) for run in measured.runs))
    with pytest.raises(UsageError, match="which one axis cannot hold"):
        draw("loss", measured, second)
    assert draw("cosine", measured, second).numbers["value"].notna().all()


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("roll-out", "damping", "write NAME=VALUE"),
        ("roll-out", "damping=fast", "must be a number"),
        ("roll-out", "dampin=1", r"Did you mean 'damping'\?"),
        ("weights", "layer=1.5", "must be an integer"),
        ("loss", "training=yes", "must be true or false"),
        ("onset", "log=true", "onset has no options"),
        ("figure-2", "log=true", "figure-2 has no options"),
    ],
)
def test_a_wrong_option_names_what_is_allowed(kind, text, message):
    with pytest.raises(UsageError, match=message):
        option_values(plot_kind(kind), [text])


def test_options_are_read_as_the_type_of_their_default():
    assert option_values(plot_kind("roll-out"), ["damping=1"]) == {"damping": 1.0}
    assert option_values(plot_kind("weights"), ["layer=2", "matrix=key-query"]) == {"layer": 2, "matrix": "key-query"}
    assert option_values(plot_kind("loss"), ["baselines=gd,gd++", "log=true"]) == {
        "baselines": ["gd", "gd++"],
        "log": True,
    }


@pytest.mark.parametrize("kind", [name for name, panel in PANELS.items() if panel.rescales and panel.takes != "grid"])
def test_the_vertical_axis_is_as_asked(measured, kind):
    for scale in ("log", "linear"):
        axes = draw(kind, measured, scale=scale).figure.axes[0]
        assert axes.get_yscale() == scale
        low, high = axes.get_ylim()
        assert low < high
        ticks = [text.get_text() for text in axes.get_yticklabels()]
        assert any(ticks)


def test_a_linear_axis_keeps_its_top_and_begins_at_zero():
    axes = new_figure(2, 2).subplots()
    axes.set(yscale="log", ylim=(0.1, 20))
    rescale(axes, pandas.DataFrame({"value": [1.0]}), "linear")
    assert axes.get_ylim() == (0, 20)


@pytest.mark.parametrize("size", [3e-5, 2.6e14])
def test_numbers_beside_an_axis_are_short_whatever_their_size(size):
    with paper_style():
        figure = new_figure(ONE_COLUMN, 2.0)
        axes = figure.subplots()
        loss_axis(axes, pandas.DataFrame({"value": [size, 0.6 * size]}))
        rendered_figure(figure, ["svg"])
    power = axes.yaxis.get_offset_text().get_text().replace("−", "-")
    shown = [label.get_text() for label in axes.get_yticklabels()]
    assert max(map(len, shown)) <= 4
    low, high = axes.get_ylim()
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    values = [float(text) * float(power) for text in shown]
    assert all(any(value == pytest.approx(tick, rel=1e-6) for value in values) for tick in ticks)


def test_every_panel_and_figure_is_a_kind_and_says_what_it_needs():
    assert set(PANELS) <= set(PLOT_KINDS)
    assert {"figure-2", "training", "page-weights", "overview"} <= set(PLOT_KINDS)
    for kind in PLOT_KINDS.values():
        assert kind.about.shows
        assert kind.about.paper
        assert kind.needs.startswith("icl ")


def test_a_single_seed_is_named(families):
    assert title(draw("loss", families["alone"])).endswith("seed 0")


DRAWING = """
import sys
from pathlib import Path
from icl_cli.report.data import load_data
from icl_cli.report.plot import PlotRequest, draw_plot
from icl_cli.report.plot_files import write_plot
from icl_cli.report.plot_kinds import plot_kind
from icl_cli.report.style import paper_style
from icl_cli.store import Database, resolve_runs

with Database.open(sys.argv[1], mode="read") as database, paper_style():
    for name in ("loss", "page-weights", "losses"):
        data = load_data(database, resolve_runs(database, "compared"))
        finished = load_data(database, data.families[0].finished)
        drawing = draw_plot(finished, PlotRequest(plot_kind(name), None, {}, None))
        write_plot(drawing, {kind: Path(sys.argv[2]) / f"{name}.{kind}" for kind in ("svg", "pdf", "png")}, True)
"""


def test_two_processes_write_the_same_bytes(database, tmp_path):
    contents = []
    for hash_seed in ("1", "2"):
        folder = tmp_path / hash_seed
        words = [sys.executable, "-c", DRAWING, str(database.path), str(folder)]
        subprocess.run(words, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
        contents.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert len(contents[0]) == 12
    assert contents[0] == contents[1]
    assert all(b"/Type3" not in content for content in contents[0].values())
