"""What every measurement of a stored run starts from: its model at some step, and the tasks that all models see."""

from functools import lru_cache

from icl_cli.config import RunConfig
from icl_cli.models import Transformer, from_bytes, transformer_skeleton
from icl_cli.store import Database, Run, get_snapshot
from icl_cli.tasks import Episode, held_out_episodes


def load_model(database: Database, run: Run, step: int | None = None) -> Transformer:
    """The stored model of `run` at `step`, the last one by default."""
    return from_bytes(transformer_skeleton(run.config), get_snapshot(database, run.id, step).weights)


def shared_held_out(config: RunConfig) -> Episode:
    """The held-out tasks of `config`, drawn once for all its seeds as long as they follow each other."""
    return _cached_held_out(config.model_copy(update={"seed": 0}).to_json())


@lru_cache(maxsize=1)
def _cached_held_out(config_json: str) -> Episode:
    return held_out_episodes(RunConfig.from_json(config_json))
