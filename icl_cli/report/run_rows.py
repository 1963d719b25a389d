"""The table of all runs: a line each, with what sets its configuration and provenance apart from the others'."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from icl_cli.report.formatting import duration, measured
from icl_cli.report.labels import architecture
from icl_cli.report.settings import all_settings
from icl_cli.store import Run, RunStatus, Summary

Facts = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class RunRow:
    """One run as text; `loss_order` is what its loss sorts by, empty if it has none. `section` is its family's."""

    run: Run
    section: str | None
    model: str
    status: str
    loss: str
    loss_order: str
    time: str
    settings: Facts
    provenance: Facts

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return run_anchor(self.run)


@dataclass(frozen=True)
class RunsTable:
    """All runs, newest first, and what all of them have in common."""

    rows: Sequence[RunRow]
    settings: Facts
    provenance: Facts


def runs_table(runs: Sequence[Run], losses: Mapping[str, Summary], sections: Sequence[str]) -> RunsTable:
    """The table of `runs`; `losses` are their held-out losses by id, `sections` the families with a section."""
    settings = [all_settings(run.config) for run in runs]
    provenance = [[(str(name), str(value)) for name, value in sorted(run.provenance.items())] for run in runs]
    same_settings, same_provenance = _in_common(settings), _in_common(provenance)
    rows = [
        RunRow(
            run,
            run.family[:8] if run.family in sections else None,
            architecture(run.config),
            _status(run),
            *_loss(losses.get(run.id)),
            duration(run.training_seconds),
            [fact for fact in own if fact not in same_settings],
            [fact for fact in came if fact not in same_provenance],
        )
        for run, own, came in zip(runs, settings, provenance, strict=True)
    ]
    return RunsTable(rows, list(same_settings), list(same_provenance))


def run_anchor(run: Run) -> str:
    """The id of a run's line: twice as many digits as people read, so that no two of a page are the same."""
    return f"run-{run.id[:16]}"


def _in_common(facts: Sequence[Facts]) -> dict[tuple[str, str], None]:
    """What all of `facts` hold, in order."""
    if not facts:
        return {}
    others = [set(own) for own in facts[1:]]
    return {fact: None for fact in facts[0] if all(fact in other for other in others)}


def _status(run: Run) -> str:
    return f"diverged at step {run.diverged_step}" if run.status is RunStatus.DIVERGED else run.status.value


def _loss(loss: Summary | None) -> tuple[str, str]:
    if loss is None:
        return "–", ""
    return measured(loss.value, loss.standard_error), f"{loss.value:.9g}" if math.isfinite(loss.value) else ""
