"""Whole runs: their reports, their resumption bit by bit, and their divergence."""

import math

import jax
import numpy as np
import pytest
from configs import run_config

from icl_cli.config import RunConfig
from icl_cli.models import named_arrays, to_bytes
from icl_cli.training import Report, initial_state, load_state, train, train_together
from icl_cli.training.schedule import recording_steps

SMALL = {
    "training.steps": 60,
    "training.batch_size": 32,
    "evaluation.tasks": 100,
    "evaluation.points": 6,
    "evaluation.snapshots": 4,
    "task.context_length": 5,
    "task.input_size": 3,
}


class Notes:
    def __init__(self, stop_at: int | None = None):
        self.reports: list[Report] = []
        self.steps: list[int] = []
        self.stop_at = stop_at

    def record(self, report: Report) -> None:
        self.reports.append(report)
        if report.step == self.stop_at:
            raise KeyboardInterrupt

    def progress(self, step: int, loss: float) -> None:
        assert math.isfinite(loss)
        self.steps.append(step)


def small(**choices) -> RunConfig:
    return run_config({**SMALL, **{name.replace("__", "."): value for name, value in choices.items()}})


def test_reports_come_at_the_scheduled_steps_with_their_metrics():
    notes = Notes()
    outcome = train(small(), notes)
    snapshots = set(recording_steps(60, 4))
    assert [report.step for report in notes.reports] == sorted(snapshots | set(recording_steps(60, 6)))
    assert {report.step for report in notes.reports if report.keep_weights} == snapshots
    assert set(notes.reports[0].metrics) == {"held_out_loss", "held_out_loss_standard_error"}
    assert set(notes.reports[1].metrics) > {"training_loss", "gradient_norm"}
    assert outcome.diverged_step is None
    assert outcome.held_out_loss == notes.reports[-1].metrics["held_out_loss"]
    assert notes.steps[-1] == 60


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"model__attention": ("softmax",), "model__heads": 2},
        {"model__layers": 2, "model__recurrent": True},
        {"task__dataset_size": 16},
    ],
)
def test_a_run_resumed_at_any_report_ends_bit_identical(choices):
    config = small(**choices)
    undisturbed = Notes()
    train(config, undisturbed)
    final = named_arrays(undisturbed.reports[-1].state)
    for stop in [report.step for report in undisturbed.reports[:-1:3]]:
        stopped = Notes(stop_at=stop)
        with pytest.raises(KeyboardInterrupt):
            train(config, stopped)
        resumed = Notes()
        train(config, resumed, load_state(config, to_bytes(stopped.reports[-1].state)))
        assert [report.step for report in resumed.reports] == [r.step for r in undisturbed.reports if r.step > stop]
        assert resumed.reports[-1].metrics == undisturbed.reports[-1].metrics
        for name, array in named_arrays(resumed.reports[-1].state).items():
            np.testing.assert_array_equal(array, final[name], err_msg=name)


def test_a_run_resumed_at_its_last_step_only_tells_its_outcome():
    config, notes = small(), Notes()
    outcome = train(config, notes)
    again = Notes()
    resumed = train(config, again, notes.reports[-1].state)
    assert again.reports == []
    assert resumed.held_out_loss == outcome.held_out_loss


def test_divergence_is_an_outcome_with_its_step():
    notes = Notes()
    outcome = train(small(training__learning_rate=1e3, model__layers=3), notes)
    assert outcome.diverged_step is not None
    assert 0 < outcome.diverged_step < 60
    assert notes.reports[-1].step == outcome.diverged_step
    assert not math.isfinite(notes.reports[-1].metrics["gradient_norm"])
    assert all(math.isfinite(r.metrics["held_out_loss_standard_error"]) for r in notes.reports[:1])


def test_weights_that_the_last_update_ruins_are_a_divergence():
    # The loss before the only update is finite; the rate is a thousand times that of any other run.
    config = small(training__steps=1, model__layers=5, model__token_clip=None, training__learning_rate=1e3)
    outcome = train(config, Notes())
    assert not math.isfinite(outcome.held_out_loss)
    assert (outcome.diverged_step, outcome.problem) == (1, "held-out loss not finite after step 1")


def test_a_finite_loss_that_blew_up_is_a_divergence_and_keeps_its_number():
    notes = Notes()
    outcome = train(small(training__steps=1, training__learning_rate=1e3), notes)
    before = notes.reports[0].metrics["held_out_loss"]
    assert 1e3 * before < outcome.held_out_loss < math.inf
    assert outcome.diverged_step == 1
    assert outcome.problem is not None
    assert outcome.problem.startswith("held-out loss blew up")


def test_an_infinite_gradient_norm_is_a_divergence():
    # Its square overflows float32, so that the clip would make every update zero.
    notes = Notes()
    outcome = train(small(task__input_half_width=1e6), notes)
    assert (outcome.diverged_step, outcome.problem) == (0, "gradient norm not finite at step 0")
    assert math.isfinite(notes.reports[-1].metrics["training_loss"])


def test_training_reduces_the_loss_towards_the_gradient_step():
    notes = Notes()
    outcome = train(small(training__steps=400, training__learning_rate=1e-2, training__batch_size=256), notes)
    assert outcome.held_out_loss < 0.8 * notes.reports[0].metrics["held_out_loss"]


def test_seeds_differ_and_repeat():
    finals = [to_bytes(train(small(seed=seed), Notes()).state) for seed in (0, 1, 0)]
    assert finals[0] == finals[2] != finals[1]
    assert len({leaf.dtype for leaf in jax.tree.leaves(load_state(small(), finals[0]).model)}) == 1


def test_seeds_that_train_together_end_where_each_ends_alone():
    configs = [small(seed=seed) for seed in (0, 1, 5)]
    together = [Notes() for _ in configs]
    outcomes = train_together(configs, together, [None] * 3)
    for config, notes, outcome in zip(configs, together, outcomes, strict=True):
        alone = Notes()
        expected = train(config, alone)
        assert [report.step for report in notes.reports] == [report.step for report in alone.reports]
        assert [report.keep_weights for report in notes.reports] == [report.keep_weights for report in alone.reports]
        assert outcome.held_out_loss == pytest.approx(expected.held_out_loss, rel=1e-4)
        for name, array in named_arrays(expected.state.model).items():
            np.testing.assert_allclose(named_arrays(outcome.state.model)[name], array, atol=2e-5)
        for one, other in zip(notes.reports[1:], alone.reports[1:], strict=True):
            assert one.metrics["training_loss"] == pytest.approx(other.metrics["training_loss"], rel=1e-4)


def test_a_seed_that_diverges_does_not_stop_the_others():
    configs = [small(seed=seed) for seed in (0, 1)]
    sick = jax.tree.map(lambda leaf: leaf * np.nan if leaf.dtype == np.float32 else leaf, initial_state(configs[0]))
    notes = [Notes(), Notes()]
    outcomes = train_together(configs, notes, [sick, initial_state(configs[1])])
    assert [outcome.diverged_step for outcome in outcomes] == [0, None]
    assert [report.step for report in notes[0].reports] == [0]
    assert notes[1].reports[-1].step == 60
    assert outcomes[1].held_out_loss == pytest.approx(train(configs[1], Notes()).held_out_loss, rel=1e-4)


def test_only_seeds_of_one_configuration_train_together():
    for other in (small(seed=1, training__learning_rate=0.5), small(seed=1, training__steps=70)):
        with pytest.raises(ValueError, match="seed alone"):
            train_together([small(), other], [Notes(), Notes()], [None, None])
