from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icl_cli.training.schedule import recording_steps

STEPS, POINTS = st.integers(1, 10**8), st.integers(1, 1000)


@given(STEPS, POINTS)
def test_schedule_runs_from_start_to_end_without_repeats(steps, points):
    found = recording_steps(steps, points)
    assert found[0] == 0
    assert found[-1] == steps
    assert all(earlier < later for earlier, later in pairwise(found))
    assert len(found) <= points + 1


@given(STEPS, POINTS)
def test_recording_gets_rarer_up_to_rounding(steps, points):
    gaps = [later - earlier for earlier, later in pairwise(recording_steps(steps, points))]
    assert all(earlier <= later + 1 for earlier, later in pairwise(gaps))


@given(STEPS, POINTS)
def test_as_many_points_as_asked_for_when_there_are_steps_enough(steps, points):
    # The first steps lie closest together, steps / points² apart.
    if steps > points**2:
        assert len(recording_steps(steps, points)) == points + 1


@pytest.mark.parametrize(
    ("steps", "points", "expected"),
    [(100, 10, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100]), (3, 1, [0, 3]), (1, 50, [0, 1]), (2, 1000, [0, 1, 2])],
)
def test_steps_are_spaced_quadratically(steps, points, expected):
    assert recording_steps(steps, points) == expected
