"""A claim as data: a sentence, the measure that decides it, and a bound.

`measures` says where a measured value comes from; `judgement` compares it with the bound.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from icl_cli.config import FrozenConfig
from icl_cli.sweeps.values import Line, Settings

Operator = Literal["<", ">", "=", "within"]


class Measured(FrozenConfig):
    """Which number of which runs.

    **Fields**: `measure` is a key of `icl_cli.sweeps.measures.MEASURES`; `run` the label of the runs, which a file in
    the short form leaves out; `baseline` what they are compared with, for measures of a comparison: a baseline, or the
    label of other runs of the file, or a run's name; `kind`, `learner` and `x` choose the point of a curve; `at`
    chooses one configuration by its values.
    """

    measure: str
    run: str = ""
    baseline: str | None = None
    kind: str | None = None
    learner: str = "model"
    x: float | None = None
    at: Settings = Field(default_factory=dict)


class Versus(FrozenConfig):
    """What to subtract or divide by, seed by seed: the same number with some of its choices replaced.

    An `at` here stands in place of all of the claim's `at`: nothing of that is kept.
    """

    measure: str | None = None
    run: str | None = None
    baseline: str | None = None
    kind: str | None = None
    learner: str | None = None
    x: float | None = None
    at: Settings | None = None
    by: Literal["difference", "ratio"] = "difference"


class ClaimSpec(Measured):
    """One claim of a sweep file.

    "<" and ">" hold if the whole 95% interval is on that side of `bound`; "=" if the interval of 99% holds it, for
    numbers that are known exactly; "within" if the 95% interval lies between `bound` and `upper`.
    """

    sentence: Annotated[Line, Field(min_length=1, max_length=300)]
    operator: Operator
    bound: float
    upper: float | None = None
    versus: Versus | None = None
    source: Line = ""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.upper is not None) != (self.operator == "within"):
            raise ValueError("upper: needed with operator 'within', and with no other")
        if self.upper is not None and self.upper <= self.bound:
            raise ValueError(f"upper: {self.upper:g} given; it must exceed bound, {self.bound:g}")
        return self

    @property
    def compared(self) -> Measured | None:
        """The number that is subtracted or divided by, if any."""
        if self.versus is None:
            return None
        own = {name: getattr(self, name) for name in Measured.model_fields}
        replaced = {name: getattr(self.versus, name) for name in Measured.model_fields}
        return Measured(**own | {name: value for name, value in replaced.items() if value is not None})
