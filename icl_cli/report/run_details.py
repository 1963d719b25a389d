"""Everything that the database holds of one run: for a terminal, and as JSON content."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from icl_cli.conventions import flat
from icl_cli.heavy_tails import heavy_tailed
from icl_cli.report.formatting import duration, measured
from icl_cli.report.json_records import RunRecord
from icl_cli.report.loss_chart import loss_chart
from icl_cli.report.loss_sentences import noise_sentence
from icl_cli.report.records import run_record
from icl_cli.report.run_tables import comparisons_table
from icl_cli.report.tables import two_column_table
from icl_cli.store import (
    Comparison,
    Database,
    Metric,
    Run,
    Summary,
    TunedBaseline,
    current_baselines,
    get_metrics,
    get_summaries,
    get_tags,
    list_comparisons,
)

LOSS = "held_out_loss"
BASELINE_LOSS = "baseline_loss"


@dataclass(frozen=True)
class RunDetails:
    """A run with its tags, summaries, losses over training, and comparisons; `baselines` are those that count."""

    run: Run
    tags: Sequence[str]
    summaries: Sequence[Summary]
    losses: Sequence[Metric]
    comparisons: Sequence[Comparison]
    baselines: Mapping[str, TunedBaseline]

    def record(self) -> RunRecord:
        """Everything but the curves, as JSON content."""
        return run_record(self.run, self.summaries, self.comparisons, self.tags)

    def parts(self, *, with_config: bool) -> Iterator[RenderableType]:
        """Tables and the chart, in the order in which they are read."""
        latest = _latest(self.comparisons)
        yield two_column_table(f"Run {self.run.short_id}", _facts(self.run, self.tags))
        outcome = {s.name: measured(s.value, s.standard_error) for s in self.summaries}
        yield two_column_table("Outcome", outcome or {"none yet": ""})
        if sentence := noise_sentence(self.run.config, self.summaries):
            yield Text(sentence)
        losses = {
            baseline.name: latest[each][BASELINE_LOSS].value
            for each, baseline in self.baselines.items()
            # A mean that says nothing is no level to reach.
            if BASELINE_LOSS in latest[each] and BASELINE_LOSS not in heavy_tailed(latest[each])
        }
        yield loss_chart(self.losses, losses) or Text("No loss curve yet.")
        yield comparisons_table(latest, self.baselines) or Text("Not compared yet.")
        if with_config:
            yield two_column_table("Configuration", flat(self.run.config.model_dump(mode="json")))
        yield two_column_table("Provenance", dict(self.run.provenance))


def run_details(database: Database, run: Run) -> RunDetails:
    """What the database holds of `run`, but its weights and the curves of its analyses."""
    comparisons = list_comparisons(database, [run.id])
    compared = dict.fromkeys(one.baseline_id for one in comparisons)
    return RunDetails(
        run,
        get_tags(database, run.id),
        get_summaries(database, run.id),
        get_metrics(database, run.id, [LOSS]),
        comparisons,
        {baseline.id: baseline for baseline in current_baselines(database, compared)},
    )


def differing_values(database: Database, first: Run, second: Run) -> dict[str, tuple[Any, Any]]:
    """What differs between two runs, by its name: the value of each, None where one has none."""
    ours, theirs = _compared_values(database, first), _compared_values(database, second)
    pairs = {name: (ours.get(name), theirs.get(name)) for name in {**ours, **theirs}}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _compared_values(database: Database, run: Run) -> dict[str, Any]:
    """What may tell two runs apart: configuration, name, tags, note and outcome."""
    results = {f"result.{summary.name}": summary.value for summary in get_summaries(database, run.id)}
    beside = {"name": run.name, "tags": list(get_tags(database, run.id)), "note": run.note, "status": run.status.value}
    outcome = {"step": run.step, "diverged_step": run.diverged_step, "error": run.error}
    return flat(run.config.model_dump(mode="json")) | beside | outcome | results


def _latest(comparisons: Sequence[Comparison]) -> dict[str, dict[str, Comparison]]:
    """By baseline the measures at the last step at which the run was compared with it."""
    latest: dict[str, dict[str, Comparison]] = {}
    steps: dict[str, int] = {}
    for one in sorted(comparisons, key=lambda one: one.step):
        if steps.get(one.baseline_id) != one.step:
            steps[one.baseline_id], latest[one.baseline_id] = one.step, {}
        latest[one.baseline_id][one.measure] = one
    return latest


def _facts(run: Run, tags: Sequence[str]) -> dict[str, object]:
    facts = {
        "name": run.name,
        "id": run.id,
        "status": run.status.value,
        "step": f"{run.step} of {run.config.training.steps}",
        "attempts": run.attempt,
        "training": duration(run.training_seconds),
        "started (UTC)": run.started_at.strftime("%Y-%m-%d %H:%M:%S"),
    }
    written = {
        "tags": ", ".join(tags),
        "note": run.note,
        "diverged at step": run.diverged_step,
        "error": " ".join((run.error or "").split()),
    }
    return facts | {name: value for name, value in written.items() if value}
