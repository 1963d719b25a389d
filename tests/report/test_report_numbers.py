"""Numbers as text, and what seeds have in common."""

import math

import numpy as np
import pandas
import pytest

from icl_cli.report.formatting import count, duration, enumeration, measured, number, shell_command
from icl_cli.report.seeds import over_seeds, with_mean


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (0.19830, 0.00026, "0.19830 ± 0.00026"),
        (-0.0152, 0.0031, "−0.0152 ± 0.0031"),
        (8.62, 0.24, "8.62 ± 0.24"),
        (10220.3, 1843.2, "10220 ± 1843"),
        (3e33, 1e32, "3e+33 ± 1e+32"),
        (0.5, None, "0.5"),
        (0.5, math.nan, "0.5"),
        (math.nan, 0.1, "not finite"),
        (1.0, 0.0, "1.0000 ± 0.0000"),
    ],
)
def test_values_are_rounded_to_their_error(value, error, text):
    assert measured(value, error) == text


def test_numbers_are_short():
    assert [number(v) for v in (0.123456, 92533.4, -2.0, 1e-9, math.inf)] == [
        "0.1235",
        "92530",
        "−2",
        "1e−09",
        "not finite",
    ]
    assert number(4512.0, digits=2) == "4500"


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
