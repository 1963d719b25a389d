"""What the database holds of a sweep: its finished runs, their numbers, and the judgements on its claims."""

from collections.abc import Mapping
from dataclasses import dataclass

from icl_cli.baselines import BASELINES
from icl_cli.errors import ConfigError, told_of
from icl_cli.store import Database, Run, RunStatus, list_runs
from icl_cli.sweeps.claim import ClaimSpec, Measured
from icl_cli.sweeps.expansion import Point, expand
from icl_cli.sweeps.file_places import claim_place, runs_place
from icl_cli.sweeps.judgement import Judgement, Numbers, judge
from icl_cli.sweeps.measures import RunNumbers, require_complete, run_numbers
from icl_cli.sweeps.runs_spec import RunsSpec
from icl_cli.sweeps.sweep_file import Sweep
from icl_cli.value_problems import quoted


@dataclass(frozen=True)
class PointRuns:
    """One configuration of a label, and those of its runs that the database has."""

    point: Point
    runs: tuple[Run, ...]

    @property
    def finished(self) -> tuple[Run, ...]:
        """The runs that have finished, which alone are measured."""
        return tuple(run for run in self.runs if run.status is RunStatus.FINISHED)

    @property
    def steps_left(self) -> int:
        """Steps that are still to be trained; those that diverged are not trained again."""
        steps = sum(config.training.steps for config in self.point.configs)
        return steps - sum(run.config.training.steps if run.status.has_ended else run.step for run in self.runs)


def sweep_runs(database: Database, sweep: Sweep, quick: bool) -> dict[str, list[PointRuns]]:
    """What there is of each label's configurations."""
    return {runs.label: _of_label(database, sweep, runs, quick) for runs in sweep.runs}


def planned_runs(sweep: Sweep, quick: bool) -> dict[str, list[PointRuns]]:
    """The same before anything was trained."""
    return {runs.label: _unmeasured(sweep, runs, quick) for runs in sweep.runs}


def _unmeasured(sweep: Sweep, runs: RunsSpec, quick: bool) -> list[PointRuns]:
    return [PointRuns(point, ()) for point in expand(sweep, runs, quick)]


def judge_sweep(
    database: Database, sweep: Sweep, quick: bool, known: dict[str, RunNumbers] | None = None
) -> list[Judgement]:
    """The judgements on all claims of `sweep`, from its full runs or its quick ones.

    `known` keeps the numbers of runs, by id, for the next sweep: figures share runs.
    """
    found = sweep_runs(database, sweep, quick)
    read = {} if known is None else known

    def numbers(points: PointRuns, choice: Measured) -> Numbers:
        runs = points.finished
        read.update({run.id: run_numbers(database, run) for run in runs if run.id not in read})
        baseline = choice.baseline
        if baseline is None or baseline in BASELINES or baseline not in found:
            return {run.seed: read[run.id] for run in runs}
        # Runs of this file in the place of a baseline, which may have any name in the database.
        others = {run.id for point in found[baseline] for run in point.finished}
        return {run.seed: read[run.id].calling(others, baseline) for run in runs}

    judgements = []
    for index, claim in enumerate(sweep.claims):
        own, other = _both_chosen(found, index, claim)
        judgements.append(judge(claim, numbers(own, claim), numbers(other, claim.compared or claim)))
    return judgements


def require_judgeable(sweep: Sweep, quick: bool) -> None:
    """Raises `ConfigError` for what could not be compared or judged, before anything is trained for it.

    That is a claim that names no point of its runs, and runs with another grid than those they are compared with.
    """
    points: dict[str, list[PointRuns]] = {}
    for index, runs in enumerate(sweep.runs):
        with told_of(sweep.place_of_runs(index)):
            points[runs.label] = _unmeasured(sweep, runs, quick)
    for index, runs in enumerate(sweep.runs):
        with told_of(f"{runs_place(index, runs.label)}, with_runs"):
            _require_pairs(points, runs)
    for index, claim in enumerate(sweep.claims):
        _both_chosen(points, index, claim)


def _require_pairs(points: Mapping[str, list[PointRuns]], runs: RunsSpec) -> None:
    if runs.with_runs is None:
        return
    own, others = len(points[runs.label]), len(points[runs.with_runs])
    if own != others:
        raise ConfigError(
            f"{runs.label!r} has {own} configurations and {runs.with_runs!r} {others}, which cannot be paired; give "
            "both the same grid."
        )


def _of_label(database: Database, sweep: Sweep, runs: RunsSpec, quick: bool) -> list[PointRuns]:
    return [PointRuns(point, _stored(database, point)) for point in expand(sweep, runs, quick)]


def _stored(database: Database, point: Point) -> tuple[Run, ...]:
    """The runs of a point in the order of its seeds."""
    found = {run.id: run for run in list_runs(database, family=point.configs[0].family)}
    return tuple(found[config.identity] for config in point.configs if config.identity in found)


def _both_chosen(found: Mapping[str, list[PointRuns]], index: int, claim: ClaimSpec) -> tuple[PointRuns, PointRuns]:
    """The configuration that the claim at this `index` is on, and the one that it is compared with.

    Raises `UsageError` where there is not one, and for a measure that does not exist or lacks a field.
    """
    place = claim_place(index, claim.sentence)
    with told_of(place):
        require_complete(claim)
    with told_of(f"{place}, at"):
        own = _chosen(found, claim)
    if claim.compared is None:
        return own, own
    with told_of(f"{place}, versus"):
        require_complete(claim.compared)
    with told_of(f"{place}, versus.at"):
        return own, _chosen(found, claim.compared)


def _chosen(found: Mapping[str, list[PointRuns]], choice: Measured) -> PointRuns:
    """The one configuration that a number is of."""
    points = found[choice.run]
    chosen = [one for one in points if all(one.point.value(path) == value for path, value in choice.at.items())]
    if len(chosen) == 1:
        return chosen[0]
    given = f"{quoted(choice.at)} given" if choice.at else "none given"
    among = " | ".join(quoted(one.point.values) for one in (chosen or points)[:3])
    more = " | …" if len(chosen or points) > 3 else ""
    raise ConfigError(
        f"{given}, which fits {len(chosen)} of the {len(points)} configurations of {choice.run!r}; it must fit one "
        f"alone. {'Of these there are' if chosen else 'There are'} {among}{more}."
    )
