"""The curve in the terminal goes where its numbers go."""

import math

import pytest
from rich.console import Console

from icl_cli.report.loss_chart import HEIGHT, WIDTH, loss_chart
from icl_cli.store import Metric

LEFT = 10


def curve(*values: float) -> list[Metric]:
    return [Metric(10 * place, "held_out_loss", value) for place, value in enumerate(values)]


def rows(points, baselines=None) -> list[str]:
    """The lines of the plot itself, between its title and its axis."""
    chart = loss_chart(points, baselines or {})
    assert chart is not None
    return chart.plain.splitlines()[1:-1]


def height_in_dots(line_of_rows: list[str], column: int) -> float:
    """The middle of the dots in one column of characters, in dots from the top: braille codes read anew."""
    places = []
    for row, line in enumerate(line_of_rows):
        bits = ord(line[LEFT + column]) - 0x2800
        if 0 < bits < 256:
            # Bits 0-2 and 3-5 are the upper three dots of each half, bits 6 and 7 the lowest.
            downs = [0, 1, 2, 0, 1, 2, 3, 3]
            places += [4 * row + downs[bit] for bit in range(8) if bits >> bit & 1]
    return sum(places) / len(places)


def test_a_straight_line_is_drawn_from_corner_to_corner():
    drawn = rows(curve(2.0, 1.5, 1.0))
    assert len(drawn) == HEIGHT
    for column in (0, WIDTH // 4, WIDTH // 2, WIDTH - 1):
        expected = (column + 0.5) / WIDTH * 4 * HEIGHT
        assert height_in_dots(drawn, column) == pytest.approx(expected, abs=1.5)


def test_losses_of_several_orders_are_logarithmic():
    drawn = rows(curve(1.0, 1e-1, 1e-2, 1e-3, 1e-4))
    assert height_in_dots(drawn, WIDTH // 2) == pytest.approx(2 * HEIGHT, abs=1.5)
    ticks = [float(line[:8]) for line in drawn if line[:8].strip()]
    assert ticks == [1.0, pytest.approx(1e-4 ** (5 / 9), rel=0.01), 1e-4]


@pytest.mark.parametrize("fall", [1e-2, 1e-4])
def test_ticks_of_an_almost_flat_curve_differ(fall):
    ticks = [line[:8].strip() for line in rows(curve(0.5, 0.5 - fall)) if line[:8].strip()]
    assert [float(tick) for tick in ticks] == pytest.approx([0.5, 0.5 - fall * 5 / 9, 0.5 - fall], abs=fall / 10)
    assert len(set(ticks)) == 3


@pytest.mark.parametrize("losses", [(3.757e-5, 3.756e-5, 3.7555e-5), (2.6e14, 2.59e14, 1e14), (-1.5e-7, 2.5e-7, 2e-7)])
def test_numbers_beside_the_chart_never_push_it_aside(losses):
    assert {line.index("┤") for line in rows(curve(*losses))} == {LEFT - 1}


def test_steps_are_linear():
    points = [Metric(0, "held_out_loss", 2.0), Metric(10, "held_out_loss", 1.0), Metric(100, "held_out_loss", 1.0)]
    drawn = rows(points)
    assert height_in_dots(drawn, 0) < 2 * HEIGHT
    assert all(height_in_dots(drawn, column) > 4 * HEIGHT - 2 for column in range(WIDTH // 8, WIDTH))


def test_baselines_are_lines_with_their_losses():
    drawn = rows(curve(2.0, 1.0, 1.0), {"gd": 1.5, "near": 1.501, "ridge": 1.0, "lost": math.nan})
    labels = {row: line[LEFT + WIDTH :].strip() for row, line in enumerate(drawn) if line[LEFT + WIDTH :].strip()}
    assert labels == {round(0.5 * (HEIGHT - 1)): "gd and near", HEIGHT - 1: "ridge 1"}
    assert all("──" in drawn[row] for row in labels)


def test_numbers_that_are_none_are_left_out():
    assert loss_chart([], {"gd": 1.0}) is None
    assert loss_chart(curve(1.0), {}) is None
    assert loss_chart(curve(math.nan, math.inf, 1.0), {}) is None
    drawn = rows(curve(2.0, math.nan, 1.0, math.inf))
    assert [float(line[:8]) for line in drawn if line[:8].strip()][-1] == 1.0


@pytest.mark.parametrize("values", [(1.0, 1.0), (0.0, 0.0), (-1.0, 1.0), (1e300, 1e-300), (0.0, 1e9)])
def test_odd_ranges_are_drawn(values):
    assert len(rows(curve(*values), {"gd": values[0]})) == HEIGHT


def test_it_fits_the_terminal_whatever_the_names_are():
    chart = loss_chart(curve(2.0, 1.0), {"x" * 80: 1.5, "\x1b[31mred": 1.0})
    console = Console(width=80, force_terminal=False)
    with console.capture() as captured:
        console.print(chart)
    lines = captured.get().splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in captured.get()


def test_a_baseline_that_is_far_better_leaves_the_curve_its_room():
    points = [Metric(step, "held_out_loss", loss) for step, loss in ((0, 0.4), (50, 0.2), (100, 0.1))]
    assert rows(points, {"least-squares": 1e-9}) == rows(points)
    assert rows(points, {"ridge": 0.05}) != rows(points)


def test_long_names_leave_the_chart_within_a_terminal():
    names = {"linear-1-layer-200-steps": 0.2452, "other": 0.7, "another-that-is-long": 0.7001}
    lines = rows(curve(1.0, 0.5, 0.1), names)
    assert max(map(len, lines)) <= 80
    assert any(line.endswith("… 0.2452") for line in lines)
    assert any(line.endswith("…") for line in lines)
