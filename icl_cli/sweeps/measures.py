"""What a claim can be about: numbers of a finished run, each from what the database holds of it.

A measure gives one `Estimate` a run, with the standard error 0 where it has none, or None where it was not measured.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas

from icl_cli.analysis import Estimate
from icl_cli.errors import ConfigError, unknown_name
from icl_cli.heavy_tails import LOSSES, MEDIAN, WITH_MEDIAN, heavy_tailed
from icl_cli.store import OTHER_RUN, Database, Run, current_baselines, get_summaries
from icl_cli.store.frames import comparisons_frame, curves_frame
from icl_cli.sweeps.claim import Measured


@dataclass(frozen=True)
class RunNumbers:
    """All that was measured of one run: its summaries, comparisons (newest tuning of each baseline), last curves.

    `others` are the ids of runs that it was compared with, by the names that they have in both.
    """

    run: Run
    summaries: Mapping[str, Estimate]
    comparisons: pandas.DataFrame
    curves: pandas.DataFrame
    others: Mapping[str, str]

    @property
    def final(self) -> pandas.DataFrame:
        """The comparisons of the final weights."""
        return self.comparisons.loc[self.comparisons["step"] == self.run.config.training.steps]

    def calling(self, run_ids: Collection[str], label: str) -> "RunNumbers":
        """The same, with `label` for the names of those other runs."""
        names = {name: label for name, run_id in self.others.items() if run_id in run_ids}
        return replace(
            self,
            comparisons=self.comparisons.replace({"baseline": names}),
            curves=self.curves.replace({"learner": names}),
        )


@dataclass(frozen=True)
class Measure:
    """An entry of the registry.

    `needs` are the fields of a claim without which it means nothing, `may` those that it reads too if they are given.
    `of_model` says whether seeds differ in it: a baseline's own loss is the same for all. `relative` is a positive
    ratio, whose mean over seeds is geometric. `of_losses` are the losses of a comparison that it is made of: where one
    of them is heavy-tailed, it is told by medians.
    """

    summary: str
    find: Callable[[RunNumbers, Measured], Estimate | None]
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    of_model: bool = True
    relative: bool = False
    of_losses: tuple[str, ...] = ()


def run_numbers(database: Database, run: Run) -> RunNumbers:
    """What the database has of `run`."""
    comparisons = comparisons_frame(database, [run.id])
    current = current_baselines(database, comparisons["baseline_id"].unique())
    curves = curves_frame(database, [run.id])
    return RunNumbers(
        run,
        {one.name: Estimate(one.value, one.standard_error or 0.0) for one in get_summaries(database, run.id)},
        comparisons.loc[comparisons["baseline_id"].isin([one.id for one in current])],
        curves.loc[curves["step"] == run.config.training.steps],
        {one.name: one.depends_on[OTHER_RUN] for one in current if OTHER_RUN in one.depends_on},
    )


def measured(numbers: RunNumbers, choice: Measured, by_median: bool = False) -> Estimate | None:
    """The number that `choice`, which `require_complete` accepts, names; by the medians over tasks where asked for."""
    if by_median and MEASURES[choice.measure].of_losses:
        numbers = replace(numbers, comparisons=_medians(numbers.comparisons))
    return MEASURES[choice.measure].find(numbers, choice)


def is_heavy_tailed(numbers: RunNumbers, choice: Measured) -> bool:
    """Whether the number that `choice` names rests on a mean over tasks that says nothing (`icl_cli.heavy_tails`)."""
    losses = MEASURES[choice.measure].of_losses
    if not losses or numbers.comparisons.empty:
        return False
    final = numbers.final.loc[numbers.final["baseline"] == choice.baseline]
    measures = {str(row.measure): row for row in final.itertuples()}
    return not set(losses).isdisjoint(heavy_tailed(measures))  # type: ignore[arg-type]


def _medians(comparisons: pandas.DataFrame) -> pandas.DataFrame:
    """The medians under the names of the means."""
    names = {f"{name}{MEDIAN}": name for name in WITH_MEDIAN}
    rows = comparisons.loc[comparisons["measure"].isin(names)]
    return rows.assign(measure=rows["measure"].map(names))


def require_complete(choice: Measured) -> None:
    """Raises `UsageError` unless the measure exists and has the fields that it needs."""
    if choice.measure not in MEASURES:
        raise unknown_name("measure", choice.measure, MEASURES)
    for field in MEASURES[choice.measure].needs:
        if getattr(choice, field) is None:
            raise ConfigError(f"Measure {choice.measure!r} needs {field!r}; add it to the claim.")


def require_used(choice: Measured, given: Collection[str]) -> None:
    """Raises `ConfigError` if one of the `given` fields is none that the measure, which exists, reads."""
    measure = MEASURES[choice.measure]
    reads = (*measure.needs, *measure.may)
    for field in sorted({"baseline", "kind", "learner", "x"}.intersection(given).difference(reads)):
        allowed = f"reads {' and '.join(map(repr, reads))} alone" if reads else "reads no such key"
        raise ConfigError(f"{field!r} given, which measure {choice.measure!r} does not use: it {allowed}. Remove it.")


def _summary(numbers: RunNumbers, choice: Measured) -> Estimate | None:  # noqa: ARG001
    return numbers.summaries.get("held_out_loss")


def _comparison(measure: str) -> Callable[[RunNumbers, Measured], Estimate | None]:
    def find(numbers: RunNumbers, choice: Measured) -> Estimate | None:
        rows = _of(numbers.final, measure, choice)
        return None if rows.empty else _value(rows.iloc[-1])

    return find


def _loss_ratio(numbers: RunNumbers, choice: Measured) -> Estimate | None:
    """The model's loss over the baseline's; its error is that of the paired difference."""
    parts = [_comparison(name)(numbers, choice) for name in ("model_loss", "baseline_loss", "loss_difference")]
    if None in parts:
        return None
    model, baseline, difference = (part for part in parts if part is not None)
    return Estimate(model.value / baseline.value, difference.standard_error / baseline.value)


def _highest_cosine(numbers: RunNumbers, choice: Measured) -> Estimate | None:
    """Over all snapshots that were compared."""
    rows = _of(numbers.comparisons, "cosine", choice)
    return None if rows.empty else _value(rows.sort_values("value").iloc[-1])


def _curve(numbers: RunNumbers, choice: Measured) -> Estimate | None:
    rows = _points(numbers, choice.kind, choice.learner)
    rows = rows.loc[np.isclose(rows["x"], choice.x if choice.x is not None else 0.0)]
    return None if rows.empty else _value(rows.iloc[0])


def _curve_gap(numbers: RunNumbers, choice: Measured) -> Estimate | None:
    """The largest distance of the model's curve from the baseline's, as a share of the latter."""
    model, other = (_points(numbers, choice.kind, name).set_index("x")["value"] for name in ("model", choice.baseline))
    gap = ((model - other).abs() / other.abs()).dropna().to_numpy(float)
    return Estimate(float(gap.max()), 0.0) if gap.size else None


def _rise(numbers: RunNumbers, choice: Measured) -> Estimate | None:
    """Where a curve first reaches half of its largest value."""
    rows = _points(numbers, choice.kind, choice.learner)
    high = rows.loc[rows["value"] >= rows["value"].max() / 2]
    return None if high.empty else Estimate(float(high["x"].min()), 0.0)


def _last(numbers: RunNumbers, choice: Measured) -> Estimate | None:
    """The value at the right end of a curve."""
    rows = _points(numbers, choice.kind, choice.learner)
    return None if rows.empty else _value(rows.sort_values("x").iloc[-1])


def _divergence(numbers: RunNumbers, choice: Measured) -> Estimate | None:
    """The first x at which a curve exceeds where it began; one more than its largest x if it never does."""
    curves = numbers.curves
    rows = curves.loc[(curves["kind"] == choice.kind) & (curves["learner"] == choice.learner)].sort_values("x")
    if rows.empty:
        return None
    # What overflowed has no value.
    above = rows.loc[rows["value"].fillna(np.inf) > rows["value"].iloc[0]]
    steps = above["x"].to_numpy(float)
    return Estimate(float(steps[0]) if steps.size else float(rows["x"].to_numpy(float)[-1] + 1), 0.0)


def _of(comparisons: pandas.DataFrame, measure: str, choice: Measured) -> pandas.DataFrame:
    chosen = (comparisons["measure"] == measure) & (comparisons["baseline"] == choice.baseline)
    return comparisons.loc[chosen]


def _points(numbers: RunNumbers, kind: str | None, learner: str | None) -> pandas.DataFrame:
    curves = numbers.curves
    return curves.loc[(curves["kind"] == kind) & (curves["learner"] == learner)].dropna(subset=["value"])


def _value(row: Any) -> Estimate:
    return Estimate(float(row["value"]), float(np.nan_to_num(row["standard_error"])))


_AGAINST = ("baseline",)
_CURVE, _OF = ("kind",), ("learner",)

MEASURES: Mapping[str, Measure] = {
    "loss": Measure("held-out loss after training", _summary),
    "model_loss": Measure("the same, as compared", _comparison("model_loss"), _AGAINST, of_losses=("model_loss",)),
    "baseline_loss": Measure(
        "loss of the baseline", _comparison("baseline_loss"), _AGAINST, of_model=False, of_losses=("baseline_loss",)
    ),
    "loss_difference": Measure("model - baseline, paired", _comparison("loss_difference"), _AGAINST, of_losses=LOSSES),
    "loss_ratio": Measure("model / baseline", _loss_ratio, _AGAINST, relative=True, of_losses=LOSSES),
    "interpolated_loss": Measure("loss halfway to the construction", _comparison("interpolated_loss"), _AGAINST),
    "cosine": Measure("of the sensitivities", _comparison("cosine"), _AGAINST),
    "highest_cosine": Measure("the highest over training", _highest_cosine, _AGAINST),
    "prediction_difference": Measure(
        "|ŷ - ŷ_baseline|", _comparison("prediction_difference"), _AGAINST, of_losses=LOSSES
    ),
    "model_difference": Measure(
        "distance of the sensitivities", _comparison("model_difference"), _AGAINST, of_losses=LOSSES
    ),
    "curve": Measure("a curve at x", _curve, _CURVE, (*_OF, "x")),
    "curve_end": Measure("a curve at its largest x", _last, _CURVE, _OF),
    "curve_gap": Measure("largest relative distance of model and baseline", _curve_gap, (*_CURVE, "baseline")),
    "divergence": Measure("first x at which a curve exceeds where it began", _divergence, _CURVE, _OF),
    "rise": Measure("x where a curve reaches half its maximum", _rise, _CURVE, _OF),
}
