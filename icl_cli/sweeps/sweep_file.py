"""A sweep as a TOML file: which runs to train, what to measure of them, what to draw, and what is claimed.

    name = "depth"
    title = "How the loss falls with depth"
    seeds = 5
    baselines = ["gd", "gd++"]

    [grid]
    model.layers = [1, 2, 3]

    [[claims]]
    sentence = "Three layers surpass one."
    measure = "loss"
    at = { model.layers = 3 }
    versus = { at = { model.layers = 1 } }
    operator = "<"
    bound = 0

That is the short form, of runs under one label: the sweep's name. Runs of several kinds stand in [[runs]] tables, with
the same keys and a `label` each. Nothing in a file is executed. `settings`, `grid`, `include` and `exclude` hold
configuration values by their path, as `icl train --dry-run` lists them; `quick` says what is different in a quick
reproduction.
"""

from collections.abc import Iterator
from typing import Self

from pydantic import Field, model_validator

from icl_cli.config import FrozenConfig
from icl_cli.sweeps.claim import ClaimSpec
from icl_cli.sweeps.figure_spec import FigureSpec
from icl_cli.sweeps.file_places import claim_place, panel_place, runs_place
from icl_cli.sweeps.runs_spec import QUICK_SEEDS, RunsBody, RunsSpec
from icl_cli.sweeps.values import Line, Lines, Name, Seeds, near
from icl_cli.value_problems import quoted

MOST_RUNS = 10_000


class SweepHead(FrozenConfig):
    """What both forms say of the whole sweep.

    `source` is the place in the paper; `note` says which settings it follows where text and code differ.
    """

    name: Name
    title: Line
    source: Line = ""
    note: Lines = ""
    seeds: Seeds = Field(default=1, description="how many seeds, from 0 on, or a list of seeds")
    figure: FigureSpec = FigureSpec()
    claims: tuple[ClaimSpec, ...] = ()


class Sweep(SweepHead):
    """A whole file, with a [[runs]] table for each label."""

    runs: tuple[RunsSpec, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        labels = [runs.label for runs in self.runs]
        if not labels:
            raise ValueError("runs: none given; add `settings`, a [grid], or [[runs]] tables")
        if len(set(labels)) < len(labels):
            raise ValueError(f"runs: labels {quoted(labels)} given; each must be there once")
        for place, used in self._used_labels():
            if used not in labels:
                given = f"{used!r} is no run of this file" if used else "no run of this file named"
                raise ValueError(f"{place}: {given}; its runs are {quoted(labels)}{near(used, labels)}")
        self._require_few_runs()
        for index, runs in enumerate(self.runs):
            self._require_points(index, runs)
        return self

    def _require_points(self, index: int, runs: RunsSpec) -> None:
        try:
            runs.require_points()
        except ValueError as error:
            place = self.place_of_runs(index)
            raise ValueError(f"{place}, {error}" if place else str(error)) from error

    def _require_few_runs(self) -> None:
        """Counted, not made: a few lines can mean more runs than any memory holds."""
        asked = max(self._most_runs(quick) for quick in (False, True))
        if asked > MOST_RUNS:
            raise ValueError(
                f"{asked:,} runs asked for; allowed are {MOST_RUNS:,}. Give fewer values or seeds, or several files"
            )

    def _most_runs(self, quick: bool) -> int:
        return sum(runs.most_points(quick) * len(self.seeds_of(runs, quick)) for runs in self.runs)

    def _used_labels(self) -> Iterator[tuple[str, str]]:
        """Where a label is used, and which."""
        for index, claim in enumerate(self.claims):
            place = claim_place(index, claim.sentence)
            yield f"{place}, run", claim.run
            if claim.versus is not None and claim.versus.run is not None:
                yield f"{place}, versus.run", claim.versus.run
        for index, panel in enumerate(self.figure.panels):
            for label in panel.runs:
                yield f"{panel_place(index, panel.kind)}, runs", label
        for index, runs in enumerate(self.runs):
            if runs.with_runs is not None:
                yield f"{runs_place(index, runs.label)}, with_runs", runs.with_runs

    def place_of_runs(self, index: int) -> str:
        """What messages call the runs at this `index`: nothing in a file that has no others."""
        return runs_place(index, self.runs[index].label) if len(self.runs) > 1 else ""

    def labelled(self, label: str) -> RunsSpec:
        """The runs of that label, which the file has."""
        return next(runs for runs in self.runs if runs.label == label)

    def seeds_of(self, runs: RunsSpec, quick: bool) -> tuple[int, ...]:
        """The seeds of each configuration of `runs`; a quick reproduction takes the first few."""
        seeds = self.seeds if runs.seeds is None else runs.seeds
        chosen = tuple(range(seeds)) if isinstance(seeds, int) else seeds
        return chosen[:QUICK_SEEDS] if quick else chosen


class ShortSweep(SweepHead, RunsBody):
    """A whole file of runs under one label, which is the sweep's name; claims and panels need not name it."""

    def in_full(self) -> Sweep:
        """The same with a [[runs]] table. Raises pydantic's `ValidationError` as `Sweep` does."""
        body = {name: getattr(self, name) for name in RunsBody.model_fields}
        head = {name: getattr(self, name) for name in SweepHead.model_fields}
        claims = tuple(claim if claim.run else claim.model_copy(update={"run": self.name}) for claim in self.claims)
        runs = RunsSpec.model_validate({"label": self.name, **body})
        return Sweep.model_validate(head | {"claims": claims, "runs": (runs,)})
