"""Names of families: what they say of a sweep, and who has them."""

import pytest
from small_runs import SMALL_SWEEP, Silent, small_config

from icl_cli.distinguishing import differing_settings, distinguishing_settings
from icl_cli.store import list_runs, rename_runs
from icl_cli.sweeps import names_of_families, run_experiment
from icl_cli.sweeps.expansion import expand, names_of_points
from icl_cli.sweeps.sweep_reading import parse_sweep
from icl_cli.sweeps.sweep_run import enrol_sweep

RATE = "training.learning_rate"
SWEPT = SMALL_SWEEP + "\n[runs.grid]\ntraining.learning_rate = [0.001, 0.003]\ntask.label_noise = [0.0, 0.5]\n"
BASE = "linear-1-layer-N5-d3"


def sweep(text: str = SWEPT):
    return parse_sweep(text.encode(), "swept.toml")


def names(database) -> set[str]:
    return {run.name for run in list_runs(database)}


def test_runs_of_a_sweep_say_what_was_swept(database):
    enrol_sweep(database, sweep(), quick=False)
    runs = list_runs(database)
    assert len(runs) == 8
    assert {(run.name, run.config.training.learning_rate, run.config.task.label_noise) for run in runs} == {
        (f"{BASE}-learning-rate-{rate:g}-label-noise-{noise:g}", rate, noise)
        for rate in (0.001, 0.003)
        for noise in (0, 0.5)
    }


def test_values_that_follow_from_what_was_swept_are_not_said():
    """Encodings decide the size of a token, and that its key size."""
    text = SMALL_SWEEP + '\n[runs.grid]\nmodel.positional_encoding = ["none", "unit"]\n'
    found = set(names_of_points(None, expand(sweep(text), sweep(text).runs[0], quick=False)).values())
    assert found == {f"{BASE}-positional-encoding-none", f"{BASE}-positional-encoding-unit"}


def test_what_names_say_already_is_not_said_twice():
    found = names_of_families(None, [small_config({"model.layers": layers}) for layers in (1, 2)])
    assert set(found.values()) == {BASE, "linear-2-layers-N5-d3"}


def test_one_configuration_alone_keeps_its_short_name():
    assert set(names_of_families(None, [small_config({RATE: 0.003})], [RATE]).values()) == {BASE}


def test_a_name_belongs_to_the_family(database):
    """Another seed joins the name of the others, whoever gave it."""
    config = small_config({})
    run = run_experiment(database, config, BASE, Silent()).run
    other = config.model_copy(update={"seed": 7})
    assert names_of_families(database, [other]) == {config.family: BASE}
    rename_runs(database, [run.id], "mine")
    assert names_of_families(database, [other]) == {config.family: "mine"}
    enrol_sweep(
        database, sweep(SMALL_SWEEP.replace("steps = 60", "steps = 40").replace("points = 6", "points = 5")), False
    )
    assert {run.name for run in list_runs(database, family=config.family)} == {"mine"}
    assert len(list_runs(database, family=config.family)) == 2


def test_a_name_that_another_configuration_has_says_what_differs(database):
    run_experiment(database, small_config({}), BASE, Silent())
    config = small_config({RATE: 0.003, "task.label_noise": 0.5})
    assert set(names_of_families(database, [config], [RATE]).values()) == {f"{BASE}-learning-rate-0.003"}


def test_also_where_that_name_is_a_longer_one(database):
    enrol_sweep(database, sweep(), quick=False)
    (config,) = {
        run.config for run in list_runs(database) if run.config.seed == 0 and "0.001-label-noise-0.5" in run.name
    }
    new = config.model_copy(update={"training": config.training.model_copy(update={"learning_rate": 0.01})})
    (name,) = names_of_families(database, [new], [RATE]).values()
    assert name.startswith(f"{BASE}-learning-rate-0.01")
    assert name not in names(database)


def test_too_many_settings_for_a_name_leave_the_id_of_the_family(database):
    choices = {
        RATE: 0.01,
        "training.gradient_clip": 3.0,
        "training.adam_epsilon": 1e-7,
        "model.initial_scale": 0.5,
        "task.teacher_scale": 2.0,
    }
    run_experiment(database, small_config({}), BASE, Silent())
    config = small_config(choices)
    assert set(names_of_families(database, [config], list(choices)).values()) == {f"{BASE}-{config.family[:8]}"}


@pytest.mark.parametrize("seeds", [(0, 0), (0, 1)])
def test_configurations_that_differ_in_the_seed_alone_do_not_differ(seeds):
    configs = [small_config({}).model_copy(update={"seed": seed}) for seed in seeds]
    assert (differing_settings(configs), distinguishing_settings(configs)) == ([], [])


def test_as_few_settings_as_tell_apart_but_all_that_were_asked_for():
    configs = [small_config({"model.layers": layers, RATE: rate}) for layers, rate in ((1, 0.1), (2, 0.2))]
    assert "model.initial_scale" in differing_settings(configs)
    assert distinguishing_settings(configs) == ["model.layers"]
    assert distinguishing_settings(configs, [RATE, "model.layers", "task.label_noise"]) == [RATE, "model.layers"]
