"""What comparisons found, gathered over the seeds of one configuration."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

from icl_cli.analysis import Estimate
from icl_cli.heavy_tails import LOSSES, MEDIAN, OF_LOSSES, heavy_tailed
from icl_cli.report.formatting import measure_text, number
from icl_cli.report.json_records import ComparedRecord, MeasureRecord
from icl_cli.report.loss_sentences import BAYES_LOSS, heaviest, heavy_tail_sentence, noise_sentence
from icl_cli.report.tuned_parameters import written_parameters
from icl_cli.store import Comparison, Database, Run, Summary, get_summaries, list_comparisons
from icl_cli.sweeps import OtherRun, Tuned
from icl_cli.sweeps.judgement import CONFIDENCE, TOO_FEW_SEEDS, interval

COLUMNS = {
    "model_loss": "Model",
    "baseline_loss": "Baseline",
    "interpolated_loss": "Between",
    "cosine": "Cosine",
    "prediction_difference": "Δŷ",
    "model_difference": "Δmodel",
}


@dataclass(frozen=True)
class ComparedGroup:
    """Runs that differ in their seed alone, a snapshot of each against one baseline or another run.

    `step` is that of the snapshot, None for the last.
    """

    tuned: Tuned | OtherRun
    runs: Sequence[Run]
    measures: Sequence[Mapping[str, Comparison]]
    step: int | None = None
    summaries: Sequence[Summary] = ()

    @property
    def heavy_tailed(self) -> set[str]:
        """The losses whose mean says nothing, of one seed at least; then all are told by their medians.

        Comparing measures these wherever they are needed, so that nothing else lacks them.
        """
        if any(f"{name}{MEDIAN}" not in measures for measures in self.measures for name in OF_LOSSES):
            return set()
        return {loss for measures in self.measures for loss in heavy_tailed(measures)}

    def record(self) -> ComparedRecord:
        """The group as JSON content."""
        return {
            "baseline": self.tuned.record.name,
            "parameters": {name: list(values) for name, values in self.tuned.record.parameters.items()},
            "context_length": self.tuned.context_length,
            "noise_loss": self.runs[0].config.noise_loss,
            "bayes_loss": next((_measure(one) for one in self.summaries if one.name == BAYES_LOSS), None),
            "runs": [
                {
                    "id": run.id,
                    "name": run.name,
                    "seed": run.seed,
                    "step": run.step if self.step is None else self.step,
                    "measures": _record(measures),
                }
                for run, measures in zip(self.runs, self.measures, strict=True)
            ],
        }


def compared_groups(
    database: Database,
    runs: Sequence[Run],
    tuned: Mapping[str, Sequence[Tuned | OtherRun]],
    steps: Sequence[int] | None = None,
) -> list[ComparedGroup]:
    """One group for each configuration and baseline, from what the database holds of the last step.

    With `steps`, one group for each of them.
    """
    found = list_comparisons(database, [run.id for run in runs])
    groups: dict[tuple[str, str], list[tuple[Run, Tuned | OtherRun]]] = {}
    for run in runs:
        for baseline in tuned[run.id]:
            groups.setdefault((run.family, baseline.record.name), []).append((run, baseline))
    return [
        ComparedGroup(
            members[0][1],
            [run for run, _ in members],
            [_measures(found, run, baseline, step) for run, baseline in members],
            step,
            get_summaries(database, members[0][0].id),
        )
        for members in groups.values()
        for step in steps or (None,)
    ]


def comparison_table(group: ComparedGroup) -> Table:
    """A line a seed and, for several, their mean; losses carry one Monte-Carlo error, for all see the same tasks.

    Where the mean over tasks of one of the losses says nothing, medians over tasks stand in its place.
    """
    columns = _columns(group)
    table = Table(title=Text(_title(group)), title_justify="left", box=None, pad_edge=False, header_style="bold")
    for header in ("Run", "Seed", *columns.values()):
        table.add_column(header, justify="left" if header == "Run" else "right")
    for run, found in zip(group.runs, group.measures, strict=True):
        table.add_row(run.short_id, str(run.seed), *(measure_text(name, found[name].value) for name in columns))
    if len(group.runs) > 1:
        means = {name: statistics.fmean(found[name].value for found in group.measures) for name in columns}
        table.add_row("mean", "", *(measure_text(name, mean) for name, mean in means.items()), style="bold")
    table.caption, table.caption_justify = Text(_caption(group)), "left"
    return table


def _columns(group: ComparedGroup) -> dict[str, str]:
    """The measures that are shown, with their titles: those that all runs have."""
    columns = {name: title for name, title in COLUMNS.items() if all(name in found for found in group.measures)}
    if not group.heavy_tailed:
        return columns
    medians = {name: f"{name}{MEDIAN}" for name in columns if all(f"{name}{MEDIAN}" in one for one in group.measures)}
    return {
        medians.get(name, name): f"{title} (median)" if name in medians else title for name, title in columns.items()
    }


def parameters_text(tuned: Tuned | OtherRun) -> str:
    """`η/N 0.6061, γ 0.176`: the tuned parameters as the baseline writes them."""
    if isinstance(tuned, OtherRun):
        return "another trained model"
    written = written_parameters(tuned.record, tuned.context_length)
    return ", ".join(f"{symbol} {_numbers(values)}" for symbol, values in written) or "no parameters"


def _title(group: ComparedGroup) -> str:
    at = "" if group.step is None else f" at step {group.step}"
    return f"{group.runs[0].name}{at} against {group.tuned.record.name} ({parameters_text(group.tuned)})"


def _caption(group: ComparedGroup) -> str:
    sentences = [_outcome(group), *_heavy_tails(group), _tasks(group), _noise(group), *_without_between(group)]
    return "".join(f"{sentence}\n" for sentence in sentences if sentence)


def _noise(group: ComparedGroup) -> str:
    return noise_sentence(group.runs[0].config, group.summaries)


def _outcome(group: ComparedGroup) -> str:
    """Which of the two is better, as far as tasks and seeds tell; by medians where the mean of a loss says nothing."""
    by_median = bool(group.heavy_tailed)
    found = [measures[f"loss_difference{MEDIAN}" if by_median else "loss_difference"] for measures in group.measures]
    values = [Estimate(one.value, one.standard_error or 0.0) for one in found]
    mean, half = interval(values, CONFIDENCE, varies=len(values) > 1)
    low, high = mean - half, mean + half
    over = "tasks" if len(values) == 1 else "seeds and tasks"
    better = group.runs[0].name if high < 0 else group.tuned.record.name if low > 0 else None
    words = f"{better} has the lower loss{' on most tasks' * by_median}" if better else _undecided(len(values))
    subject = "Median of model - baseline" if by_median else "Model - baseline"
    shown = f"{number(mean)}, 95% over {over} {number(low)} to {number(high)}"
    return f"{subject}: {shown}: {words}."


def _undecided(seeds: int) -> str:
    if 1 < seeds <= TOO_FEW_SEEDS:
        return f"{seeds} seeds do not tell which has the lower loss, train more seeds"
    return "neither is known to have the lower loss"


def _heavy_tails(group: ComparedGroup) -> list[str]:
    """Of each loss whose mean says nothing, of the seed where it is worst, why and what to read instead."""
    names = {"model_loss": group.runs[0].name, "baseline_loss": group.tuned.record.name}
    return [
        heavy_tail_sentence(names[loss], loss, heaviest(loss, group.measures))
        for loss in LOSSES
        if loss in group.heavy_tailed
    ]


def _without_between(group: ComparedGroup) -> list[str]:
    """Why there is a column less than usual."""
    if isinstance(group.tuned, OtherRun) or any("interpolated_loss" in measures for measures in group.measures):
        return []
    return ["No column Between: only linear layers of one head can be paired with the steps of GD or GD++."]


def _tasks(group: ComparedGroup) -> str:
    most, kind = ("at most " if len(group.runs) > 1 else ""), (MEDIAN if group.heavy_tailed else "")
    model, difference = (_largest_error(group, f"{measure}{kind}") for measure in ("model_loss", "loss_difference"))
    of = "medians: of the model's loss" if kind else "the model's loss"
    error = f"Monte-Carlo s.e. of {of} {most}{model}, of model - baseline {most}{difference}"
    return f"{group.measures[0]['model_loss'].tasks} tasks, the same for all. {error}."


def _largest_error(group: ComparedGroup, measure: str) -> str:
    """That of the row where it is the largest."""
    errors = [found[measure].standard_error for found in group.measures]
    known = [error for error in errors if error is not None]
    return number(max(known), 2) if len(known) == len(errors) else "unknown"


def _numbers(values: Sequence[float]) -> str:
    return " ".join(map(number, values))


def _measures(
    found: Sequence[Comparison], run: Run, tuned: Tuned | OtherRun, step: int | None
) -> dict[str, Comparison]:
    """Those at one step, None for the last one that was compared."""
    ours = [point for point in found if (point.run_id, point.baseline_id) == (run.id, tuned.record.id)]
    shown = max(point.step for point in ours) if step is None else step
    return {point.measure: point for point in ours if point.step == shown}


def _record(measures: Mapping[str, Comparison]) -> dict[str, MeasureRecord]:
    return {name: _measure(point) for name, point in measures.items() if not math.isnan(point.value)}


def _measure(stored: Comparison | Summary) -> MeasureRecord:
    return {"value": stored.value, "standard_error": stored.standard_error}
