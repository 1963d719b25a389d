"""What commands print with --json, as types: the fields, and what each means.

A number that was not measured, or is not finite, is null. Moments are ISO 8601 in UTC, ids 64 hexadecimal digits.
"""

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

Status = Literal["planned", "running", "interrupted", "finished", "diverged", "failed"]
Id = Annotated[str, Field(description="64 hexadecimal digits: the SHA-256 of the configuration")]
Name = Annotated[str, Field(description="as given by --name, or what the run is")]
Seed = Annotated[int, Field(description="the seed of its configuration")]
Step = Annotated[int, Field(description="the last recorded training step")]
Number = Annotated[float | None, Field(description="null: not finite")]
Error = Annotated[float | None, Field(description="Monte-Carlo standard error; null: unknown")]
Files = Annotated[list[str], Field(description="paths of written files, in the order of writing")]
Count = Annotated[int, Field(ge=0)]


class SummaryRecord(TypedDict):
    """One number that describes a whole run."""

    name: Annotated[str, Field(description='"held_out_loss": that of the last step; "bayes_loss"')]
    value: Number
    standard_error: Error


class ComparisonRecord(TypedDict):
    """One measure of a run's model at one step against a baseline, or another run."""

    run_id: Id
    step: Step
    baseline_id: Annotated[str, Field(description="of the tuned baseline")]
    measure: Annotated[str, Field(description='"model_loss", "baseline_loss", "cosine", …')]
    value: Number
    standard_error: Error
    tasks: Annotated[int, Field(description="held-out tasks that the value is a mean over")]


class RunOutline(TypedDict):
    """What a list says of a run."""

    id: Id
    name: Name
    seed: Seed
    status: Status
    step: Step
    steps: Annotated[int, Field(description="the training steps that it was asked for")]
    started_at: Annotated[str, Field(description="when the last attempt began")]


class ListedRecord(RunOutline):
    """A run in a list, with what `--columns` asks for."""

    values: Annotated[dict[str, Any], Field(description="by field; null: the run has no such value")]


class TrainedRecord(RunOutline):
    """A run after `icl train`."""

    diverged_step: int | None
    training_seconds: Annotated[float, Field(description="of all attempts")]
    summaries: list[SummaryRecord]


class RunRecord(TrainedRecord):
    """Everything about a run but its time series, curves and weights."""

    family: Annotated[str, Field(description="the id without the seed: what runs of other seeds share")]
    error: Annotated[str | None, Field(description="why it diverged or failed")]
    attempt: Annotated[int, Field(description="how often it was begun or continued")]
    config: Annotated[dict[str, Any], Field(description="as `icl train --dry-run` prints it")]
    provenance: Annotated[dict[str, str], Field(description="versions, commit, host, … of the last attempt")]
    comparisons: list[ComparisonRecord]
    tags: list[str]
    note: Annotated[str | None, Field(description="what a person wrote beside it")]


class ConfigurationRecord(TypedDict):
    """A configuration, and where each of its values came from."""

    id: Id
    config: dict[str, Any]
    sources: Annotated[dict[str, str], Field(description="dotted path to reason")]


class DifferenceRecord(TypedDict):
    """What differs between two runs."""

    runs: Annotated[list[str], Field(description="the ids of both")]
    differences: Annotated[dict[str, list[Any]], Field(description="name to the values of both")]


class MeasureRecord(TypedDict):
    """A mean over held-out tasks."""

    value: Number
    standard_error: Error


class ComparedRunRecord(TypedDict):
    """What was measured of one run at its last stored step."""

    id: Id
    name: Name
    seed: Seed
    step: Step
    measures: dict[str, MeasureRecord]


class ComparedRecord(TypedDict):
    """Runs that differ in the seed alone, against one baseline or another run."""

    baseline: str
    parameters: Annotated[dict[str, list[float]], Field(description="tuned; learning rates are η, not η/N")]
    context_length: Annotated[int, Field(description="N")]
    noise_loss: Annotated[float, Field(description="what label noise on the query's target adds to every loss")]
    bayes_loss: Annotated[
        MeasureRecord | None, Field(description="the lowest possible loss on these tasks; null: no label noise")
    ]
    runs: list[ComparedRunRecord]


class PointRecord(TypedDict):
    """A point of a curve, or a single number at x = 0."""

    kind: str
    learner: str
    x: float
    value: Number
    standard_error: Error


class AnalysedRecord(TypedDict):
    """What analyses found of one run."""

    id: Id
    name: Name
    seed: Seed
    step: Step
    analyses: Annotated[dict[str, list[PointRecord]], Field(description="by the analysis's name")]


class ClaimRecord(TypedDict):
    """A claim and its verdict."""

    figure: Annotated[str, Field(description="the figure's or sweep's name")]
    sentence: str
    verdict: Literal["holds", "fails", "not enough data"]
    quick: bool
    value: Annotated[float | None, Field(description="the mean over seeds, geometric of ratios")]
    low: Annotated[float | None, Field(description="the lower end of the interval")]
    high: Annotated[float | None, Field(description="the upper end of the interval")]
    seeds: Count
    absent: Annotated[str, Field(description="why no number was measured; empty if one was")]
    statistic: Annotated[
        Literal["mean", "geometric mean", "mean of medians", "geometric mean of medians"],
        Field(description="over seeds: geometric of ratios; of medians over tasks where means over tasks say nothing"),
    ]
    advice: Annotated[str, Field(description="what an open claim lacks; empty if nothing certainly decides it")]
    operator: Literal["<", ">", "=", "within"]
    bound: float
    upper: Annotated[float | None, Field(description='with "within" only')]
    source: Annotated[str, Field(description="where the claim is from")]
    measured: Annotated[dict[str, Any], Field(description="which number of which runs")]


class ReproducedRecord(TypedDict):
    """A figure that was drawn."""

    figure: str
    files: Files
    claims: list[ClaimRecord]


class FigureRecord(TypedDict):
    """A figure, and what of it is there."""

    figure: str
    title: str
    source: str
    runs_finished: Count
    runs: Count
    training_minutes_left: Annotated[float | None, Field(description="null: nothing is known to go by")]


class ReportRecord(TypedDict):
    """A written report."""

    page: str
    files: Files


class FilesRecord(TypedDict):
    """Written files."""

    files: Files


class UnfinishedRecord(RunOutline):
    """A run of a sweep that is not through, or came to nothing."""

    attempt: int
    owner: Annotated[str | None, Field(description="the process that trains it")]
    error: str | None


class SweepRecord(TypedDict):
    """A sweep and how its runs stand."""

    id: Annotated[str, Field(description="64 hexadecimal digits")]
    name: str
    quick: bool
    planned_at: str
    runs: Annotated[Count, Field(description="all that it planned")]
    counts: Annotated[dict[Status, int], Field(description="runs by status")]
    deleted: Annotated[Count, Field(description="runs that were deleted since they were planned")]
    unfinished: list[UnfinishedRecord]


class Standings(TypedDict):
    """How many runs stand where."""

    done: Count
    diverged: Count
    running: Count
    interrupted: Count
    failed: Count
    missing: Count


class PlannedRecord(Standings):
    """One configuration of a sweep."""

    label: str
    values: Annotated[dict[str, Any], Field(description="those of the grid")]
    seeds: list[int]
    ids: list[str]


class PlanRecord(Standings):
    """A sweep before it is run."""

    sweep: str
    title: str
    quick: bool
    runs: Count
    training_minutes_left: Annotated[float | None, Field(description="null: nothing is known to go by")]
    bytes_left: Annotated[int, Field(description="what the rest will take in the database")]
    configurations: list[PlannedRecord]


class MadeRecord(TypedDict):
    """A database that is there now."""

    database: str
    made: Annotated[bool, Field(description="false: it was there before")]


class UpgradeRecord(TypedDict):
    """A database's schema before and now."""

    database: str
    before: str | None
    now: str
    backup: Annotated[str | None, Field(description="the copy of the data as they were")]


class ProblemRecord(TypedDict):
    """Something stored that is not what it says."""

    table: str
    id: Annotated[str, Field(description="empty: the whole table")]
    text: str


class CheckRecord(TypedDict):
    """What a check of a database found."""

    database: str
    rows: Annotated[dict[str, int], Field(description="by table")]
    problems: list[ProblemRecord]
    notes: Annotated[list[str], Field(description="what is no problem, but may surprise")]


class PrunedRecord(TypedDict):
    """Runs that were deleted, or would be."""

    deleted: Count
    dry_run: bool
    runs: list[RunOutline]


class CopiedRecord(TypedDict):
    """What was copied from one database to another."""

    copied: Count
    present: Annotated[int, Field(description="runs that were there already")]
    in_training: Annotated[list[str], Field(description="ids of runs that were passed over")]


class PlotRecord(TypedDict):
    """A figure that was drawn."""

    kind: str
    caption: str
    files: Files


class OptionRecord(TypedDict):
    """A value that `--set` gives a kind of figure."""

    default: Any
    choices: list[Any] | None


class PlotKindRecord(TypedDict):
    """A kind of figure."""

    kind: str
    title: str
    shows: str
    paper: Annotated[str | None, Field(description="the figure of the paper that has it")]
    needs: Annotated[str, Field(description="what must have been measured")]
    only: Annotated[str | None, Field(description="the runs for which it makes sense; null: all")]
    configurations: Annotated[str, Field(description="how many it takes at once")]
    log_or_linear: Annotated[bool, Field(description="whether its vertical axis can be either")]
    options: dict[str, OptionRecord]


class BundleRecord(TypedDict):
    """An archive of results that was written."""

    file: str
    sha256: str
    bytes: Count
    runs: Count
    in_training: Annotated[list[str], Field(description="ids of runs that were left out")]


class ImportedRecord(TypedDict):
    """What an archive brought into a database."""

    imported: Count
    present: Annotated[int, Field(description="runs that were there already")]
    in_training: Annotated[list[str], Field(description="ids of runs that were passed over")]


class FindingRecord(TypedDict):
    """What one check of this machine found."""

    check: str
    level: Literal["ok", "note", "problem"]
    text: str
    mend: Annotated[str | None, Field(description="the command that mends it")]


class DoctorRecord(TypedDict):
    """What all checks of this machine found."""

    findings: list[FindingRecord]
    notes: Count
    problems: Count
