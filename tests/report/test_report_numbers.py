"""Numbers as text, and what seeds have in common."""

import io
import math
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
from configs import run_config
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from icl_cli.report.formatting import count, duration, enumeration, measure_text, measured, number, shell_command
from icl_cli.report.seeds import over_seeds, with_mean
from icl_cli.report.tables import trained_table
from icl_cli.store import RunStatus, Summary


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.19830, 0.00026, "0.19830 ± 0.00026"),
        (-0.0152, 0.0031, "−0.0152 ± 0.0031"),
        (8.62, 0.24, "8.62 ± 0.24"),
        (10220.3, 1843.2, "10200 ± 1800"),
        (0.20617, 0.00163, "0.2062 ± 0.0016"),
        (0.99996, 0.00996, "1.000 ± 0.010"),
        (0.00002, 0.0016, "0.0000 ± 0.0016"),
        (-1e-9, 0.01, "0.000 ± 0.010"),
        (2.0634e-5, 1.62e-7, "2.063e-5 ± 1.6e-7"),
        (-3e-7, 2e-8, "−3e-7 ± 2e-8"),
        (3e-7, 2e-5, "0 ± 2e-5"),
        (2.6e14, 1e13, "2.6e+14 ± 1e+13"),
        (1 / 3, 1e-12, "0.33333333 ± 1e-12"),
        (5e-324, 5e-324, "4.9e-324 ± 4.9e-324"),
        (3e33, 1e32, "3e+33 ± 1e+32"),
        (0.5, None, "0.5"),
        (0.5, math.nan, "0.5"),
        (math.nan, 0.1, "not finite"),
        (1.0, 0.0, "1 ± 0"),
    ],
)
def test_values_are_rounded_to_their_error(value, error, text):
    assert measured(value, error) == text


def test_numbers_are_short():
    assert [number(v) for v in (0.123456, 92533.4, -2.0, 1e-9, math.inf)] == [
        "0.1235",
        "92530",
        "−2",
        "1e-9",
        "not finite",
    ]
    assert number(4512.0, digits=2) == "4500"


def test_numbers_of_a_column_keep_their_digits_and_fit_it():
    values = (0.2, 12.5, 0.0, 9.9996e-5, 3.755e-5, -2.0351e-5, 999_999.0, 2.6e14)
    shown = ["0.2000", "12.50", "0.000", "0.0001000", "3.755e-5", "−2.035e-5", "1.000e+6", "2.600e+14"]
    assert [number(value, padded=True) for value in values] == shown
    assert [measure_text("cosine", value) for value in (0.99996, -1e-9, math.nan)] == ["1.0000", "0.0000", "not finite"]


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(min_value=1e-300, max_value=1e300))
def test_what_is_shown_is_within_a_tenth_of_the_error_and_of_eight_digits(value, error):
    shown, _, beside = measured(value, error).replace("−", "-").partition(" ± ")
    assert abs(float(shown) - value) <= max(0.051 * error, 1e-7 * abs(value))
    assert float(beside) == pytest.approx(error, rel=0.051)
    assert len(shown) <= 16
    assert len(beside) <= 12


def test_words():
    assert (count(1, "seed"), count(2, "seed")) == ("1 seed", "2 seeds")
    assert [enumeration(list(items)) for items in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]
    assert [duration(s) for s in (9.14, 42.0, 125.0, 12000.0)] == ["9.1 s", "42 s", "2 min 5 s", "3 h 20 min"]
    assert shell_command("icl", "a b", "$(id)") == "icl 'a b' '$(id)'"


def test_means_are_over_all_seeds_or_missing():
    points = pandas.DataFrame(
        {
            "step": [1, 1, 2, 2, 3],
            "seed": [0, 1, 0, 1, 0],
            "value": [1.0, 3.0, 1.0, np.inf, 5.0],
            "standard_error": [0.1, 0.3, 0.1, np.nan, 0.5],
        }
    )
    table = over_seeds(points, ["step"]).set_index("step")
    assert table.loc[1, ["value", "lowest", "highest", "standard_error", "seeds"]].tolist() == [2.0, 1.0, 3.0, 0.2, 2]
    assert table.loc[1, "deviation"] == pytest.approx(math.sqrt(2), rel=1e-15)
    assert table.loc[2, ["value", "lowest", "highest", "standard_error"]].isna().all()
    assert (table.loc[3, "value"], table.loc[3, "seeds"], math.isnan(table.loc[3, "deviation"])) == (5.0, 1, True)


def test_a_point_without_a_seed_is_its_own_mean_and_stands_once():
    points = pandas.DataFrame(
        {"learner": ["gd", "model", "model"], "seed": [None, 0, 1], "value": [5.0, 1.0, 2.0], "standard_error": 0.1}
    )
    table = with_mean(points, ["learner"])
    assert table[["learner", "value"]].to_numpy().tolist() == [
        ["model", 1.0],
        ["model", 2.0],
        ["gd", 5.0],
        ["model", 1.5],
    ]
    assert table["seed"].isna().tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("loss", "error", "shown"), [(2.063e-5, 1.6e-7, "2.063e-5 ± 1.6e-7"), (2.6e14, 1e13, "2.6e+14 ± 1e+13")]
)
def test_the_table_of_a_training_shows_losses_of_any_size(loss, error, shown):
    run = SimpleNamespace(
        short_id="862c8ef2",
        name="linear-1-layer-200-steps",
        seed=0,
        status=RunStatus.FINISHED,
        training_seconds=4.0,
        config=run_config(),
    )
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(trained_table([(run, [Summary("held_out_loss", loss, error)])]))
    line = console.export_text().splitlines()[1]
    assert line.split()[-4:] == [*shown.split(), "4.0"]
    assert "linear-1-layer-200-steps" in line
