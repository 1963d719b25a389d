"""What the figures are drawn from: the chosen runs and all their numbers, read once from the database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import pandas

from icl_cli.analysis import LayerProducts, can_interpolate, layer_products
from icl_cli.analysis.interpolation import rescaled_products
from icl_cli.config import RunConfig
from icl_cli.models import Transformer
from icl_cli.numerics import fixed_numerics
from icl_cli.store import (
    OTHER_RUN,
    Database,
    Run,
    RunStatus,
    Summary,
    TunedBaseline,
    current_baselines,
    get_summaries,
    list_snapshot_steps,
)
from icl_cli.store.frames import comparisons_frame, curves_frame, metrics_frame
from icl_cli.sweeps import load_model, weights_problem


@dataclass(frozen=True)
class Weights:
    """W_KQ and W_PV of every layer and head at the end of one run; `rescaled` to W_KQ / β and W_PV β (Appendix A.3)."""

    run: Run
    products: tuple[LayerProducts, ...]
    rescaled: bool


@dataclass(frozen=True)
class Family:
    """Chosen runs that differ in nothing but the seed, by seed.

    The frames, with a column `seed`, hold the numbers of `finished` runs only. `curves` are those of their final
    weights. `weights` belong to the first of them, None if there is none. `unfit` says, by the id of a run, why its
    stored weights are not those of its configuration; such a run's numbers enter no figure and no mean.
    """

    id: str
    runs: tuple[Run, ...]
    metrics: pandas.DataFrame
    comparisons: pandas.DataFrame
    curves: pandas.DataFrame
    baselines: Mapping[str, TunedBaseline]
    summaries: Mapping[str, Sequence[Summary]]
    weights: Weights | None
    unfit: Mapping[str, str]

    @property
    def short_id(self) -> str:
        """The first 8 digits of the id."""
        return self.id[:8]

    @property
    def config(self) -> RunConfig:
        """The configuration that the runs share, with the seed of the first."""
        return self.runs[0].config

    @property
    def finished(self) -> list[Run]:
        """The runs that means are taken over."""
        return [run for run in self.runs if run.status is RunStatus.FINISHED and run.id not in self.unfit]

    @property
    def others(self) -> dict[str, str]:
        """Of the baselines that are other runs the id of that run, by name."""
        return {name: one.depends_on[OTHER_RUN] for name, one in self.baselines.items() if OTHER_RUN in one.depends_on}

    @property
    def names(self) -> list[str]:
        """The names that the runs were given, each once."""
        return list(dict.fromkeys(run.name for run in self.runs))

    @property
    def final_comparisons(self) -> pandas.DataFrame:
        """The comparisons of the final weights."""
        return self.comparisons.loc[self.comparisons["step"] == self.config.training.steps]


@dataclass(frozen=True)
class Data:
    """The families of the chosen runs, the one that was begun first at the front, and where they are stored."""

    source: str
    families: tuple[Family, ...]


@fixed_numerics()
def load_data(database: Database, runs: Sequence[Run]) -> Data:
    """Everything that a report on `runs` needs."""
    ordered = sorted(runs, key=lambda run: (run.family, run.seed))
    groups = groupby(ordered, key=lambda run: run.family)
    families = [_family(database, family, tuple(members)) for family, members in groups]
    return Data(str(database.path), tuple(sorted(families, key=lambda family: min(r.created_at for r in family.runs))))


def _family(database: Database, identity: str, runs: tuple[Run, ...]) -> Family:
    problems = {run.id: weights_problem(database, run) for run in runs if run.status is RunStatus.FINISHED}
    finished = [run for run in runs if run.id in problems and problems[run.id] is None]
    ids = [run.id for run in finished]
    seeds = {run.id: run.seed for run in finished}
    comparisons = comparisons_frame(database, ids)
    tuned = current_baselines(database, comparisons["baseline_id"].unique())
    is_current = comparisons["baseline_id"].isin([one.id for one in tuned])
    curves = curves_frame(database, ids)
    return Family(
        id=identity,
        runs=runs,
        metrics=_with_seed(metrics_frame(database, ids), seeds),
        comparisons=_with_seed(comparisons.loc[is_current], seeds),
        # A run that was compared before it was resumed keeps curves of weights that are no longer its last.
        curves=_with_seed(curves.loc[curves["step"] == runs[0].config.training.steps], seeds),
        baselines={baseline.name: baseline for baseline in tuned},
        summaries={run.id: get_summaries(database, run.id) for run in runs},
        weights=_weights(database, finished[0]) if finished else None,
        unfit={run_id: problem for run_id, problem in problems.items() if problem is not None},
    )


def _with_seed(frame: pandas.DataFrame, seeds: Mapping[str, int]) -> pandas.DataFrame:
    return frame.assign(seed=[seeds[run_id] for run_id in frame["run_id"]]).reset_index(drop=True)


def _weights(database: Database, run: Run) -> Weights | None:
    if not list_snapshot_steps(database, run.id):
        return None
    model = load_model(database, run)
    if not can_interpolate(model):
        return Weights(run, tuple(layer_products(model)), rescaled=False)
    return Weights(run, _rescaled(model, run.config.task.input_size), rescaled=True)


def _rescaled(model: Transformer, inputs: int) -> tuple[LayerProducts, ...]:
    """The products of one-head layers, with the factor that can be moved between the two made the same everywhere."""
    products = []
    for layer, block in enumerate(model.blocks):
        key_query, projection_value = (matrix[0] for matrix in rescaled_products(block, inputs))
        products.append(LayerProducts(layer, 0, key_query.__array__(), projection_value.__array__()))
    return tuple(products)
