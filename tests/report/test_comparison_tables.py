"""What `icl compare` says of its numbers: which of the two is better, as far as tasks and seeds tell."""

import io
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest
from configs import run_config
from rich.console import Console

from icl_cli.report.comparisons import ComparedGroup, comparison_table
from icl_cli.report.formatting import number
from icl_cli.store import Comparison, Summary

# Student's t at 97.5% with two degrees of freedom, and the normal distribution: from tables.
T_2, Z = 4.3027, 1.9600


def group(differences, error=0.01, interpolated=False, name="gd"):
    """Made-up losses of one model under several seeds, and of a baseline."""
    record = SimpleNamespace(id="0" * 64, name=name, parameters={"learning_rates": [1.0]})
    config = run_config({})
    runs = [
        SimpleNamespace(id="0" * 64, short_id=f"{seed:08}", step=1, seed=seed, name="mine", config=config)
        for seed in range(len(differences))
    ]
    measures = []
    for run, difference in zip(runs, differences, strict=True):
        values = {"model_loss": 0.2 + difference, "baseline_loss": 0.2, "loss_difference": difference, "cosine": 0.9}
        values |= {"prediction_difference": 0.1, "model_difference": 0.1}
        values |= {"interpolated_loss": 0.2} if interpolated else {}
        measures.append(
            {name: Comparison(run.short_id, 1, "0" * 64, name, v, error, 100) for name, v in values.items()}
        )
    return ComparedGroup(SimpleNamespace(record=record, context_length=10), runs, measures)


def caption(group) -> str:
    return " ".join(str(comparison_table(group).caption).split())


@pytest.mark.parametrize(
    ("difference", "words"),
    [
        (-0.1, "mine has the lower loss"),
        (0.1, "gd has the lower loss"),
        (0.01, "neither is known to have the lower loss"),
    ],
)
def test_one_seed_is_judged_by_the_error_of_its_tasks(difference, words):
    low, high = difference - Z * 0.01, difference + Z * 0.01
    said = f"Model - baseline: {number(difference)}, 95% over tasks {number(low)} to {number(high)}: {words}."
    assert said in caption(group([difference]))


def test_several_seeds_are_judged_by_their_spread_too():
    # Mean -0.02, deviation 0.01.
    half = math.hypot(T_2 * 0.01 / math.sqrt(3), Z * 0.001)
    said = caption(group([-0.01, -0.02, -0.03], error=0.001))
    assert f"−0.02, 95% over seeds and tasks {number(-0.02 - half)} to {number(-0.02 + half)}: neither is known" in said
    assert "mine has the lower loss" in caption(group([-0.019, -0.02, -0.021], error=0.001))


def test_two_seeds_that_do_not_tell_ask_for_more():
    said = caption(group([-0.02, 0.03], error=0.001))
    assert "2 seeds do not tell which has the lower loss, train more seeds." in said
    assert "neither is known" not in said


def without_mean(differences, medians):
    """Losses of a baseline that has no mean."""
    large = group(differences, error=1200.0, name="least-squares")
    for found, median in zip(large.measures, medians, strict=True):
        template = found["model_loss"]
        values = {
            "model_loss_median": (0.1, 0.01),
            "baseline_loss_median": (0.1 - median, 0.01),
            "loss_difference_median": (median, 0.02),
            "prediction_difference_median": (1.0, 0.1),
            "model_difference_median": (1.0, 0.1),
            "baseline_loss_tail_index": (0.5, 0.0),
            "baseline_loss_largest_share": (0.99, None),
            "baseline_loss_trimmed_mean": (4.0, 0.1),
        }
        for name, (value, error) in values.items():
            found[name] = replace(template, measure=name, value=value, standard_error=error)
    return large


def test_a_mean_that_does_not_exist_gives_no_verdict():
    """Three means of -3000 ± 1200 leave open what medians decide, the other way round."""
    said = caption(without_mean([-3000.0, -2990.0, -3010.0], [0.5, 0.51, 0.49]))
    half = math.hypot(T_2 * 0.01 / math.sqrt(3), Z * 0.02)
    assert f"Median of model - baseline: 0.5, 95% over seeds and tasks {0.5 - half:.4g} to {0.5 + half:.4g}" in said
    assert "least-squares has the lower loss on most tasks." in said
    assert "The loss of least-squares has no mean: 1% of the tasks make up 99% of their average" in said
    assert "Without the smallest and the largest 10% it is 4, 95% 3.804 to 4.196." in said
    assert "-3000" not in said


def test_label_noise_and_the_bayes_loss_are_told_beside_losses():
    noisy = group([0.1])
    noisy.runs[0].config = run_config({"task.label_noise": 0.5})
    assert "every loss contains 0.125 (τ²/2) that nobody can learn." in caption(noisy)
    with_bayes = replace(noisy, summaries=[Summary("bayes_loss", 0.30008, 0.004)])
    assert "the Bayes loss, the lowest possible of any learner, is 0.3001 ± 0.0040 on the same" in caption(with_bayes)
    assert with_bayes.record()["bayes_loss"] == {"value": 0.30008, "standard_error": 0.004}
    assert "noise" not in caption(group([0.1]))


def test_the_table_shows_medians_where_a_mean_does_not_exist():
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(comparison_table(without_mean([-3000.0], [-0.5])))
    shown = console.export_text()
    assert "(median)" in shown
    assert "0.6000" in shown
    assert "-2999" not in shown


def test_a_column_that_is_not_there_is_explained():
    assert "No column Between" in caption(group([0.1]))
    assert "No column Between" not in caption(group([0.1], interpolated=True))


def test_the_error_stated_is_the_largest_of_all_rows():
    assert "s.e. of the model's loss 0.01, of model - baseline 0.01." in caption(group([0.1]))
    several = group([0.1, 0.2])
    several.measures[1]["model_loss"] = replace(several.measures[1]["model_loss"], standard_error=0.05)
    assert "s.e. of the model's loss at most 0.05, of model - baseline at most 0.01." in caption(several)


@pytest.mark.parametrize("scale", [1e-5, 1.0, 1e14])
def test_losses_of_any_size_have_four_digits_and_fit_a_terminal(scale):
    small = group([0.0125, 0.0375])
    for measures in small.measures:
        for name in set(measures) - {"cosine"}:
            measures[name] = replace(measures[name], value=measures[name].value * scale)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(comparison_table(small))
    lines = console.export_text().splitlines()
    assert max(map(len, lines)) <= 80
    _, _, model, baseline, cosine, *_ = lines[2].split()
    assert (float(model), float(baseline)) == pytest.approx((0.2125 * scale, 0.2 * scale), rel=1e-12)
    assert cosine == "0.9000"
    assert float(lines[4].split()[1]) == pytest.approx(0.225 * scale, rel=1e-12)


def test_all_of_it_fits_a_terminal():
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(comparison_table(group([-0.1, -0.15], name="a-baseline-with-a-name-that-is-long")))
    assert max(map(len, console.export_text().splitlines())) <= 80
