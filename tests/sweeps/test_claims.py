"""Claims against made-up numbers of runs: intervals by hand, verdicts on either side of a bound."""

import math
from dataclasses import replace

import numpy as np
import pandas
import pytest
from configs import run_config

from icl_cli.analysis import Estimate
from icl_cli.sweeps.claim import ClaimSpec
from icl_cli.sweeps.judgement import CONFIDENCE, Verdict, interval, judge
from icl_cli.sweeps.measures import MEASURES, RunNumbers, measured

STEPS = 40
# t with four degrees of freedom, and the normal distribution, at 97.5%: from tables.
T_4, Z = 2.7764, 1.9600


def numbers(loss: float, cosine: float = 0.5, error: float = 0.0) -> RunNumbers:
    """What the database might hold of one run."""
    config = run_config({"training.steps": STEPS})
    rows = [
        (20, "gd", "cosine", cosine + 0.25, error),
        (STEPS, "gd", "cosine", cosine, error),
        (STEPS, "gd++", "cosine", 0.9, error),
        (STEPS, "gd", "model_loss", loss, error),
        (STEPS, "gd", "baseline_loss", 0.25, error),
        (STEPS, "gd", "loss_difference", loss - 0.25, error),
        (STEPS, "gd", "interpolated_loss", loss + 0.125, error),
        (STEPS, "gd", "prediction_difference", 0.03125, error),
        (STEPS, "gd", "model_difference", 0.0625, error),
    ]
    comparisons = pandas.DataFrame(rows, columns=["step", "baseline", "measure", "value", "standard_error"])
    comparisons["tasks"] = 10_000
    points = [
        ("roll-out-1", learner, x, scale * value, error)
        for learner, scale in (("model", 1.0), ("gd", 2.0))
        for x, value in enumerate((0.5, 0.25, 0.5, 1.0, math.nan))
    ]
    curves = pandas.DataFrame(points, columns=["kind", "learner", "x", "value", "standard_error"])

    class Run:
        pass

    run = Run()
    run.config = config
    return RunNumbers(run, {"held_out_loss": Estimate(loss, error)}, comparisons, curves, {"gd++": "0" * 64})


def claim(**fields) -> ClaimSpec:
    given = {"sentence": "It holds.", "measure": "loss", "run": "a", "operator": "<", "bound": 0.3, **fields}
    return ClaimSpec(**given)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("loss", 0.75),
        ("model_loss", 0.75),
        ("baseline_loss", 0.25),
        ("loss_difference", 0.5),
        ("loss_ratio", 3.0),
        ("interpolated_loss", 0.875),
        ("cosine", 0.5),
        ("highest_cosine", 0.75),
        ("prediction_difference", 0.03125),
        ("model_difference", 0.0625),
        ("curve", 0.25),
        ("curve_end", 1.0),
        ("curve_gap", 0.5),
        ("divergence", 3.0),
        ("rise", 0.0),
    ],
)
def test_every_measure_reads_its_number(measure, expected):
    choice = claim(measure=measure, baseline="gd", kind="roll-out-1", x=1)
    assert measured(numbers(0.75), choice).value == expected


def test_every_measure_was_tested():
    tested = next(mark for mark in test_every_measure_reads_its_number.pytestmark if mark.name == "parametrize")
    assert {name for name, _ in tested.args[1]} == set(MEASURES)


def test_what_overflowed_has_diverged():
    run = numbers(0.75)
    run.curves.loc[run.curves["x"] == 3, "value"] = math.nan
    assert measured(run, claim(measure="divergence", kind="roll-out-1")).value == 3


def test_a_curve_that_never_exceeds_its_beginning_does_not_diverge():
    run = numbers(0.75)
    tame = run.curves.loc[run.curves["x"] < 3]
    assert measured(replace(run, curves=tame), claim(measure="divergence", kind="roll-out-1")).value == 3


@pytest.mark.parametrize("measure", [name for name in MEASURES if name not in ("loss",)])
def test_what_was_not_measured_is_none(measure):
    empty = numbers(0.75)
    empty = replace(empty, comparisons=empty.comparisons.iloc[:0], curves=empty.curves.iloc[:0])
    choice = claim(measure=measure, baseline="gd", kind="roll-out-1", x=1)
    assert measured(empty, choice) is None


def test_the_interval_is_students_over_seeds_and_the_error_of_the_tasks():
    values = [Estimate(value, 0.1) for value in (1.0, 2.0, 3.0, 4.0, 5.0)]
    mean, half = interval(values, CONFIDENCE, varies=True)
    by_hand = math.sqrt((T_4 * math.sqrt(2.5) / math.sqrt(5)) ** 2 + (Z * 0.1) ** 2)
    assert mean == 3
    np.testing.assert_allclose(half, by_hand, rtol=1e-4)


def test_what_no_seed_changes_has_the_error_of_the_tasks_alone():
    _, half = interval([Estimate(1.0, 0.1)], CONFIDENCE, varies=False)
    np.testing.assert_allclose(half, Z * 0.1, rtol=1e-4)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    random = np.random.default_rng(0)
    draws = random.normal(size=(4000, 5))
    inside = [
        abs(mean) <= half for mean, half in (interval([Estimate(x, 0.0) for x in row], 0.95, True) for row in draws)
    ]
    # Four standard errors of a share of 4000.
    np.testing.assert_allclose(np.mean(inside), 0.95, atol=4 * math.sqrt(0.95 * 0.05 / 4000))


SEEDS = {seed: numbers(0.2 + 0.001 * seed, error=1e-4) for seed in range(5)}


@pytest.mark.parametrize(
    ("operator", "bound", "upper", "verdict"),
    [
        ("<", 0.21, None, Verdict.HOLDS),
        (">", 0.21, None, Verdict.FAILS),
        (">", 0.19, None, Verdict.HOLDS),
        ("<", 0.19, None, Verdict.FAILS),
        ("<", 0.2021, None, Verdict.OPEN),
        (">", 0.2021, None, Verdict.OPEN),
        ("within", 0.19, 0.21, Verdict.HOLDS),
        ("within", 0.21, 0.22, Verdict.FAILS),
        ("within", 0.18, 0.19, Verdict.FAILS),
        ("within", 0.202, 0.21, Verdict.OPEN),
        ("=", 0.2021, None, Verdict.HOLDS),
        ("=", 0.21, None, Verdict.FAILS),
    ],
)
def test_verdicts_on_either_side_of_a_bound(operator, bound, upper, verdict):
    found = judge(claim(operator=operator, bound=bound, upper=upper), SEEDS, SEEDS)
    assert found.verdict is verdict
    assert found.low < found.value < found.high
    np.testing.assert_allclose(found.value, 0.202)
    assert found.seeds == 5


@pytest.mark.parametrize("bound", [0.21, 0.19])
def test_a_claim_with_its_bound_reversed_fails(bound):
    verdicts = {judge(claim(operator=operator, bound=bound), SEEDS, SEEDS).verdict for operator in "<>"}
    assert verdicts == {Verdict.HOLDS, Verdict.FAILS}


def test_one_seed_and_none_are_not_enough():
    one = judge(claim(), {0: SEEDS[0]}, {})
    none = judge(claim(), {}, {})
    assert (one.verdict, one.seeds) == (Verdict.OPEN, 1)
    assert (none.verdict, none.seeds) == (Verdict.OPEN, 0)
    assert (one.absent, none.absent) == ("", "no run of a has finished")


@pytest.mark.parametrize(
    ("choice", "absent"),
    [
        ({"measure": "cosine", "baseline": "gdd"}, "a is not compared with 'gdd'; did you mean 'gd'?"),
        ({"measure": "cosine", "baseline": "ridge"}, "a is not compared with 'ridge'; there are gd, gd++"),
        ({"measure": "model_loss", "baseline": "gd++"}, "the final weights of a are not compared with gd++"),
        ({"measure": "curve", "kind": "roll-out"}, "a has no curve 'roll-out'; did you mean 'roll-out-1'?"),
        ({"measure": "rise", "kind": "x"}, "a has no curve 'x'; there is roll-out-1"),
        ({"measure": "curve_end", "kind": "roll-out-1", "learner": "x"}, "'roll-out-1' of a has no 'x'; there are gd,"),
        ({"measure": "curve_gap", "kind": "roll-out-1", "baseline": "gd++"}, "of a has no 'gd++'; did you mean 'gd'?"),
        ({"measure": "curve", "kind": "roll-out-1", "x": 0.5}, "of a has no x = 0.5; there are 5 from 0 to 4"),
        ({"measure": "curve", "kind": "roll-out-1", "x": 4}, "the value of a is not a number"),
        ({"versus": {"run": "b", "measure": "cosine", "baseline": "sgd"}}, "b is not compared with 'sgd'; did you"),
    ],
)
def test_what_is_not_measured_says_why(choice, absent):
    found = judge(claim(**choice), SEEDS, SEEDS)
    assert found.seeds == 0
    assert absent in found.absent


def test_seeds_that_have_nothing_in_common_are_told():
    found = judge(claim(versus={"run": "b"}), {0: SEEDS[0]}, {1: SEEDS[1]})
    assert (found.verdict, found.absent) == (Verdict.OPEN, "no seed has both numbers, or the second of them is 0")


def test_one_seed_is_enough_for_what_no_seed_changes():
    found = judge(claim(measure="baseline_loss", baseline="gd", operator="=", bound=0.25), {0: SEEDS[0]}, {})
    assert found.verdict is Verdict.HOLDS


def test_differences_are_paired_by_seed():
    """Seeds differ by a thousand times more than the two runs of a seed: unpaired, nothing could be said."""
    own = {seed: numbers(0.2 + seed) for seed in range(5)}
    others = {seed: numbers(0.2 + seed + 0.001) for seed in range(1, 7)}
    found = judge(claim(bound=0, versus={"run": "b"}), own, others)
    assert (found.verdict, found.seeds) == (Verdict.HOLDS, 4)
    np.testing.assert_allclose(found.value, -0.001, rtol=1e-9)


def test_ratios_and_other_baselines_can_be_claimed():
    ratio = judge(claim(measure="cosine", baseline="gd", versus={"baseline": "gd++", "by": "ratio"}), SEEDS, SEEDS)
    np.testing.assert_allclose(ratio.value, 0.5 / 0.9)


def test_ratios_are_judged_on_the_logarithmic_scale():
    """Seeds at 1/4 and 4 are equally far from 1, and one seed at 2000 does not make the interval reach below 0."""
    halves = {seed: numbers(0.25 * 4.0 ** (-1) ** seed) for seed in range(4)}
    ratio = judge(claim(measure="loss_ratio", baseline="gd", operator="=", bound=1), halves, halves)
    np.testing.assert_allclose(ratio.value, 1, rtol=1e-12)
    np.testing.assert_allclose(ratio.low * ratio.high, 1, rtol=1e-12)
    assert (ratio.statistic, ratio.verdict) == ("geometric mean", Verdict.HOLDS)
    ratios = [1.6, 1.8, 2.0, 2.3, 2000.0]
    own = {seed: numbers(0.25 * value) for seed, value in enumerate(ratios)}
    skewed = judge(claim(measure="loss_ratio", baseline="gd", operator=">", bound=2), own, own)
    logarithms = np.log(ratios)
    half = T_4 * logarithms.std(ddof=1) / math.sqrt(5)
    ends = (logarithms.mean(), logarithms.mean() - half, logarithms.mean() + half)
    np.testing.assert_allclose((skewed.value, skewed.low, skewed.high), np.exp(ends), rtol=1e-3)
    alike = judge(claim(versus={"run": "b", "by": "ratio"}, bound=2), own, {seed: numbers(0.25) for seed in own})
    np.testing.assert_allclose((alike.value, alike.low), (skewed.value, skewed.low), rtol=1e-9)


def test_the_error_of_the_tasks_counts_on_the_logarithmic_scale():
    """Every seed has 2 ± 0.02, so the logarithm ± 0.01."""
    own = {seed: numbers(0.5, error=0.005) for seed in range(5)}
    found = judge(claim(measure="loss_ratio", baseline="gd", operator=">", bound=1), own, own)
    np.testing.assert_allclose((found.low, found.high), (2 * math.exp(-Z * 0.01), 2 * math.exp(Z * 0.01)), rtol=1e-5)


def test_one_seed_of_a_ratio_is_not_enough():
    found = judge(claim(measure="loss_ratio", baseline="gd", operator=">", bound=0.001), {0: SEEDS[0]}, {})
    assert (found.verdict, found.low, found.high) == (Verdict.OPEN, -math.inf, math.inf)


def test_a_ratio_that_changes_its_sign_has_an_arithmetic_mean():
    own = {seed: numbers(0.25, cosine=cosine) for seed, cosine in enumerate((-0.9, 0.9, 0.9))}
    ratio = judge(claim(measure="cosine", baseline="gd", versus={"baseline": "gd++", "by": "ratio"}), own, own)
    np.testing.assert_allclose(ratio.value, 1 / 3)
    assert ratio.statistic == "mean"


def heavy(numbers: RunNumbers, with_medians: bool = True) -> RunNumbers:
    """The same where GD has a loss without a mean, of 3000 ± 1200 on these tasks, and a median of 0.4."""
    rows = numbers.comparisons.copy()
    large = rows["measure"].isin(["baseline_loss", "loss_difference"])
    rows.loc[large, ["value", "standard_error"]] = (3000.0, 1200.0)
    medians = {"model_loss_median": 0.2, "baseline_loss_median": 0.4, "loss_difference_median": -0.1}
    added = [(STEPS, "gd", name, value, 0.01, 10_000) for name, value in medians.items()]
    added += [(STEPS, "gd", "baseline_loss_tail_index", 0.5, 0.0, 10_000)]
    more = pandas.DataFrame(added if with_medians else added[:0], columns=rows.columns)
    return replace(numbers, comparisons=pandas.concat([rows, more], ignore_index=True))


@pytest.mark.parametrize(
    ("measure", "value", "statistic"),
    [
        ("model_loss", None, "mean"),
        ("baseline_loss", 0.4, "mean of medians"),
        ("loss_difference", -0.1, "mean of medians"),
        ("loss_ratio", 0.5, "geometric mean of medians"),
        ("cosine", 0.5, "mean"),
    ],
)
def test_losses_without_a_mean_are_judged_by_their_medians(measure, value, statistic):
    own = {seed: heavy(one) for seed, one in SEEDS.items()}
    found = judge(claim(measure=measure, baseline="gd"), own, own)
    expected = np.mean([measured(one, claim(measure="loss")).value for one in own.values()]) if value is None else value
    np.testing.assert_allclose(found.value, expected)
    assert found.statistic == statistic


def test_without_the_medians_a_mean_that_says_nothing_gives_no_verdict():
    own = {seed: heavy(one, with_medians=False) for seed, one in SEEDS.items()}
    found = judge(claim(measure="loss_difference", baseline="gd", operator=">", bound=0), own, own)
    assert (found.verdict, found.seeds) == (Verdict.OPEN, 0)
    assert "its median is not stored; compare again" in found.absent


@pytest.mark.parametrize(("seeds", "advice"), [(1, "train more seeds"), (2, "train more seeds"), (3, "")])
def test_what_one_or_two_seeds_leave_open_more_seeds_decide(seeds, advice):
    own = {seed: numbers(0.2 + 0.1 * (-1) ** seed) for seed in range(seeds)}
    found = judge(claim(operator="<", bound=0.25), own, own)
    assert (found.verdict, found.advice) == (Verdict.OPEN, advice)


def test_what_no_seed_changes_asks_for_no_seeds():
    own = {0: numbers(0.2, error=0.1)}
    found = judge(claim(measure="baseline_loss", baseline="gd", operator="<", bound=0.3), own, own)
    assert (found.verdict, found.advice) == (Verdict.OPEN, "")


def test_a_ratio_to_nothing_is_not_enough_data():
    zero = {seed: numbers(0.0) for seed in range(5)}
    assert judge(claim(versus={"run": "b", "by": "ratio"}), SEEDS, zero).verdict is Verdict.OPEN


def test_errors_of_the_same_tasks_cancel_where_losses_are_proportional():
    """Twice a loss has twice its error: of their ratio nothing is left, of their difference what one of them has."""
    own = {seed: numbers(0.4 + 0.002 * seed, error=0.02) for seed in range(5)}
    half = {seed: numbers(0.2 + 0.001 * seed, error=0.01) for seed in range(5)}
    ratio = judge(claim(versus={"run": "b", "by": "ratio"}, operator=">", bound=1), own, half)
    np.testing.assert_allclose((ratio.low, ratio.high), 2, rtol=1e-9)
    difference = judge(claim(versus={"run": "b"}, operator=">", bound=0), own, half)
    spread = T_4 * np.std(0.001 * np.arange(5), ddof=1) / math.sqrt(5)
    np.testing.assert_allclose(difference.high - difference.value, math.hypot(spread, Z * 0.01), rtol=1e-4)


def test_another_run_goes_by_the_label_that_the_file_gives_it():
    own = numbers(0.75)
    assert measured(own.calling({"0" * 64}, "looped"), claim(measure="cosine", baseline="looped")).value == 0.9
    assert measured(own.calling({"1" * 64}, "looped"), claim(measure="cosine", baseline="looped")) is None
    renamed = replace(own, others={"gd": "0" * 64}).calling({"0" * 64}, "looped")
    assert measured(renamed, claim(measure="curve_gap", kind="roll-out-1", baseline="looped")).value == 0.5
