"""What every measurement of a stored run starts from: its model at some step, and the tasks that all models see."""

from functools import lru_cache

from icl_cli.config import RunConfig
from icl_cli.errors import SnapshotError
from icl_cli.models import Transformer, from_bytes, transformer_skeleton
from icl_cli.numerics import fixed_numerics
from icl_cli.store import Database, Run, get_snapshot, list_snapshot_steps
from icl_cli.tasks import Episode, held_out_episodes
from icl_cli.training import TrainingState, state_skeleton


@fixed_numerics()
def load_model(database: Database, run: Run, step: int | None = None) -> Transformer:
    """The stored model of `run` at `step`, the last one by default."""
    return from_bytes(model_skeleton(run.config), get_snapshot(database, run.id, step).weights)


def weights_problem(database: Database, run: Run) -> str | None:
    """Why the last stored weights of `run` are not those of its configuration; None if they are, or if it has none.

    Weights in float64, for example, were trained by a release that let the environment choose the type of numbers.
    """
    try:
        if list_snapshot_steps(database, run.id):
            load_model(database, run)
    except SnapshotError as error:
        return str(error)
    return None


def model_skeleton(config: RunConfig) -> Transformer:
    """What stored weights of `config` must fit, made once for all its seeds."""
    return _cached_skeleton(_of_any_seed(config))


def state_skeleton_of(config: RunConfig) -> TrainingState:
    """What a stored state of `config` must fit, made once for all its seeds."""
    return _cached_state_skeleton(_of_any_seed(config))


def shared_held_out(config: RunConfig) -> Episode:
    """The held-out tasks of `config`, drawn once for all its seeds as long as they follow each other."""
    return _cached_held_out(_of_any_seed(config))


@lru_cache(maxsize=1)
def _cached_held_out(config_json: str) -> Episode:
    return held_out_episodes(RunConfig.from_json(config_json))


@lru_cache(maxsize=32)
def _cached_skeleton(config_json: str) -> Transformer:
    return transformer_skeleton(RunConfig.from_json(config_json))


@lru_cache(maxsize=32)
def _cached_state_skeleton(config_json: str) -> TrainingState:
    return state_skeleton(RunConfig.from_json(config_json))


def _of_any_seed(config: RunConfig) -> str:
    return config.model_copy(update={"seed": 0}).to_json()
