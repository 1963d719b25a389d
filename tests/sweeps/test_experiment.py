"""One experiment in the database: what it leaves behind however it ends."""

import logging
import math
import subprocess

import numpy as np
import pytest
from oracles import ridge_prediction
from small_runs import Silent, StopsAt, small_config

from icl_cli.errors import BusyError
from icl_cli.store import (
    ClaimOutcome,
    Database,
    RunStatus,
    find_checkpoint,
    get_metrics,
    get_snapshot,
    get_summaries,
    iterate_snapshots,
    list_runs,
    list_snapshot_steps,
)
from icl_cli.sweeps import default_name, provenance, run_experiment
from icl_cli.sweeps.experiment import run_together
from icl_cli.sweeps.recorder import StoreRecorder
from icl_cli.tasks import held_out_episodes
from icl_cli.training.schedule import recording_steps


def test_a_finished_run_keeps_metrics_weights_summary_and_provenance(database):
    config = small_config()
    run = run_experiment(database, config, "small", Silent()).run
    assert (run.status, run.step, run.id) == (RunStatus.FINISHED, 40, config.identity)
    assert list_snapshot_steps(database, run.id) == recording_steps(40, 3)
    losses = {metric.step: metric.value for metric in get_metrics(database, run.id, ["held_out_loss"])}
    assert sorted(losses) == sorted({*recording_steps(40, 3), *recording_steps(40, 5)})
    (summary,) = get_summaries(database, run.id)
    assert (summary.name, summary.value) == ("held_out_loss", losses[40])
    for key in ("git_commit", "git_dirty", "jax", "device", "host", "command", "python"):
        assert run.provenance[key]


def test_a_run_on_noisy_tasks_keeps_the_lowest_possible_loss_on_them(database):
    """That of ridge regression with the penalty τ²/ω², in NumPy and float64 on the held-out tasks."""
    config = small_config({"task.label_noise": 0.5, "task.teacher_scale": 2.0})
    run = run_experiment(database, config, "noisy", Silent()).run
    summaries = {summary.name: summary for summary in get_summaries(database, run.id)}
    assert set(summaries) == {"held_out_loss", "bayes_loss"}
    episodes = held_out_episodes(config)
    parts = (episodes.context.inputs, episodes.context.targets, episodes.query, episodes.target)
    losses = [
        0.5 * np.sum((ridge_prediction(x, y, query, 0.0625) - target) ** 2)
        for x, y, query, target in zip(*(np.asarray(part, np.float64) for part in parts), strict=True)
    ]
    expected = (np.mean(losses), np.std(losses, ddof=1) / 10)
    np.testing.assert_allclose(summaries["bayes_loss"].value, expected[0], rtol=1e-4)
    np.testing.assert_allclose(summaries["bayes_loss"].standard_error, expected[1], rtol=1e-4)


def test_an_ended_run_is_not_trained_again(database):
    first = run_experiment(database, small_config(), "small", Silent())
    listener = Silent()
    second = run_experiment(database, small_config(), "other", listener)
    assert (first.outcome, second.outcome) == (ClaimOutcome.NEW, ClaimOutcome.ENDED)
    assert second.run == first.run
    assert listener.starts == listener.steps == []


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (KeyboardInterrupt(), RunStatus.INTERRUPTED),
        (SystemExit(143), RunStatus.INTERRUPTED),
        (RuntimeError("the device is gone"), RunStatus.FAILED),
    ],
)
def test_a_stopped_run_says_so_and_resumes_to_the_same_weights(tmp_path, error, status):
    config = small_config()
    with (
        Database.open(tmp_path / "stopped.db", mode="create") as stopped,
        Database.open(tmp_path / "whole.db", mode="create") as whole,
    ):
        with pytest.raises(type(error)):
            run_experiment(stopped, config, "small", StopsAt(20, error))
        (run,) = list_runs(stopped)
        assert run.status is status
        assert run.error == ("RuntimeError: the device is gone" if status is RunStatus.FAILED else None)
        assert 0 < run.step < 40
        listener = Silent()
        claim = run_experiment(stopped, config, "small", listener)
        assert (claim.outcome, claim.run.status, claim.run.attempt) == (ClaimOutcome.RESUMED, RunStatus.FINISHED, 2)
        assert listener.starts == [(run.step, True)]
        run_experiment(whole, config, "small", Silent())
        ends = [list(iterate_snapshots(database, config.identity)) for database in (stopped, whole)]
        assert ends[0] == ends[1]
        assert find_checkpoint(stopped, config.identity) == find_checkpoint(whole, config.identity)
        assert get_metrics(stopped, config.identity) == get_metrics(whole, config.identity)


def test_a_diverged_run_is_a_stored_outcome(database):
    config = small_config({"training.learning_rate": 1e3, "model.layers": 3, "training.steps": 200})
    run = run_experiment(database, config, "wild", Silent()).run
    assert run.status is RunStatus.DIVERGED
    assert run.diverged_step == run.step
    assert str(run.diverged_step) in (run.error or "")
    (summary,) = get_summaries(database, run.id)
    assert math.isnan(summary.value)
    assert not math.isfinite(get_metrics(database, run.id, ["training_loss"])[-1].value)
    assert get_snapshot(database, run.id).step == run.step


def test_a_recorder_that_lost_its_run_stops(database):
    class Thief(Silent):
        def stepped(self, step: int, loss: float) -> None:
            recorder.owner = "elsewhere:1"
            recorder.record(report)

    from icl_cli.store import Claimant, claim_run, current_owner
    from icl_cli.training import Report, initial_state

    config = small_config()
    run = claim_run(database, config, Claimant(current_owner(), {}, 60), name="small").run
    recorder = StoreRecorder(database, run, Silent(), lambda: None)
    report = Report(0, {}, initial_state(config), True, 0.0)
    with pytest.raises(BusyError):
        Thief().stepped(0, 0.0)


@pytest.mark.parametrize(
    ("choices", "name"),
    [
        ({}, "linear-1-layer"),
        ({"model.layers": 2, "model.recurrent": True}, "linear-2-layers-recurrent"),
        ({"model.attention": ("softmax",), "model.heads": 2}, "softmax-1-layer-2-heads"),
        (
            {"model.tokens": "interleaved", "model.layers": 2, "model.attention": ("softmax", "linear")},
            "softmax+linear-2-layers-interleaved",
        ),
        ({"task.kind": "sine"}, "sine-linear-1-layer"),
        ({"task.kind": "sine", "model.attention": ("gradient-descent",)}, "sine-gradient-descent-1-layer"),
        ({"model.embedding_size": 20}, "linear-1-layer-embedding-20"),
        ({"task.dataset_size": 128, "task.context_length": 20}, "linear-1-layer-N20-d10-128-tasks"),
    ],
)
def test_default_names_say_what_a_run_is(choices, name):
    from configs import run_config

    assert default_name(run_config(choices)) == name


def test_seeds_together_leave_what_they_leave_alone(database):
    configs = [small_config({"seed": seed}) for seed in (0, 1, 2)]
    with pytest.raises(KeyboardInterrupt):
        run_experiment(database, configs[1], "small", StopsAt(10, KeyboardInterrupt()))
    claims = run_together(database, configs, "small", Silent())
    assert [claim.outcome for claim in claims] == [ClaimOutcome.NEW, ClaimOutcome.RESUMED, ClaimOutcome.NEW]
    assert all(claim.run.status is RunStatus.FINISHED and claim.run.step == 40 for claim in claims)
    for claim in claims:
        assert list_snapshot_steps(database, claim.run.id) == recording_steps(40, 3)
        (summary,) = get_summaries(database, claim.run.id)
        assert math.isfinite(summary.value)
    again = run_together(database, configs, "small", Silent())
    assert {claim.outcome for claim in again} == {ClaimOutcome.ENDED}


def test_an_error_gives_up_all_seeds_that_had_not_finished(database):
    configs = [small_config({"seed": seed}) for seed in (0, 1)]
    with pytest.raises(KeyboardInterrupt):
        run_together(database, configs, "small", StopsAt(10, KeyboardInterrupt()))
    assert {run.status for run in list_runs(database, limit=5)} == {RunStatus.INTERRUPTED}


@pytest.fixture
def checkout(tmp_path):
    """A folder of code in a repository of its own, with one commit."""
    folder = tmp_path / "code" / "package"
    folder.mkdir(parents=True)
    (folder / "config.py").write_text("")
    settings = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    for words in (["init", "-q"], ["add", "."], [*settings, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *words], cwd=folder.parent, check=True)
    return folder


def test_a_commit_that_git_does_not_tell_is_said_to_be_unknown(checkout, monkeypatch, caplog):
    told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True)
    git_state = provenance._git_state.__wrapped__
    assert git_state(checkout) == (told.stdout.strip(), "no")
    # What git itself offers for trying its refusal of a repository that another user owns.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    with caplog.at_level(logging.WARNING):
        assert git_state(checkout) == ("unknown", "unknown")
    assert "The commit of the code is not recorded with the run: fatal: detected dubious ownership" in caplog.text
    assert "safe.directory" in caplog.text


def test_code_outside_a_checkout_has_no_commit_and_nothing_is_said(tmp_path, caplog):
    (tmp_path / "package").mkdir()
    assert provenance._git_state.__wrapped__(tmp_path / "package") == ("none", "unknown")
    assert not caplog.records
