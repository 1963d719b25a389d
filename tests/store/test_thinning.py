"""A thinned copy: smaller, whole, and the original untouched."""

import numpy as np
import pytest
from small_runs import Silent, StopsAt, small_config

from icl_cli.errors import UsageError
from icl_cli.store import (
    Database,
    find_checkpoint,
    get_metrics,
    get_snapshot,
    list_runs,
    list_snapshot_steps,
    write_thinned_copy,
)
from icl_cli.store.thinning import spread
from icl_cli.sweeps import run_experiment


@pytest.mark.parametrize("count", [1, 2, 5, 17])
@pytest.mark.parametrize("kept", [2, 3, 4, 30])
def test_steps_are_spread_evenly_from_first_to_last(count, kept):
    steps = list(range(0, 10 * count, 10))
    found = spread(steps, kept)
    assert len(found) == min(count, kept)
    assert (found[0], found[-1]) == (steps[0], steps[-1])
    gaps = np.diff(found)
    assert gaps.size == 0 or gaps.max() - gaps.min() <= 10


def test_a_copy_has_all_that_ended_and_fewer_points(tmp_path):
    config = small_config({"evaluation.points": 20, "evaluation.snapshots": 10})
    with Database.open(tmp_path / "full.db", mode="create") as full:
        run = run_experiment(full, config, "whole", Silent()).run
        with pytest.raises(KeyboardInterrupt):
            run_experiment(full, small_config({"seed": 1}), "broken", StopsAt(20, KeyboardInterrupt()))
        before = [(metric.name, metric.step, metric.value) for metric in get_metrics(full, run.id)]
        write_thinned_copy(full, tmp_path / "thin.db", points=5, weights=3)
        last = get_snapshot(full, run.id).weights
        assert [(metric.name, metric.step, metric.value) for metric in get_metrics(full, run.id)] == before
        assert len(list_runs(full)) == 2
    with Database.open(tmp_path / "thin.db", mode="read") as thin:
        assert [each.id for each in list_runs(thin)] == [run.id]
        assert len(list_snapshot_steps(thin, run.id)) == 3
        assert get_snapshot(thin, run.id).weights == last
        kept = {(metric.name, metric.step, metric.value) for metric in get_metrics(thin, run.id)}
        assert kept < set(before)
        assert len({step for _, step, _ in kept}) == 5
        assert find_checkpoint(thin, run.id) is None
    assert (tmp_path / "thin.db").stat().st_size < (tmp_path / "full.db").stat().st_size


def test_the_first_seeds_of_every_configuration_are_kept(tmp_path):
    with Database.open(tmp_path / "full.db", mode="create") as full:
        for seed in (2, 0, 1):
            for layers in (1, 2):
                run_experiment(full, small_config({"seed": seed, "model.layers": layers}), "any", Silent())
        write_thinned_copy(full, tmp_path / "thin.db", points=2, weights=2, seeds=2)
    with Database.open(tmp_path / "thin.db", mode="read") as thin:
        found = sorted((run.config.model.layers, run.seed) for run in list_runs(thin))
    assert found == [(1, 0), (1, 1), (2, 0), (2, 1)]


def test_a_file_is_never_replaced_and_too_little_is_refused(tmp_path):
    (tmp_path / "there.db").write_text("mine")
    with Database.open(tmp_path / "full.db", mode="create") as full:
        with pytest.raises(UsageError, match="exists"):
            write_thinned_copy(full, tmp_path / "there.db", points=5, weights=3)
        with pytest.raises(UsageError, match="at least 2"):
            write_thinned_copy(full, tmp_path / "new.db", points=1, weights=3)
    assert (tmp_path / "there.db").read_text() == "mine"
