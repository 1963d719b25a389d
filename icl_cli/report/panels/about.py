"""What people are told of a kind of plot before they draw it: what it shows, where the paper has it, what it needs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """The words about a kind of plot.

    **Fields**: `shows` in a few words; `paper` the figure or section; `measured_by` the command, without `icl`, that
    puts its numbers into the database, empty where training does; `only` the models that have them, empty for all.
    """

    shows: str
    paper: str
    measured_by: tuple[str, ...] = ()
    only: str = ""

    @property
    def analysis(self) -> str | None:
        """The analysis that measures it, None where no analysis does."""
        return self.measured_by[-1] if self.measured_by[:1] == ("analyse",) else None


def analysed(name: str) -> tuple[str, ...]:
    """The command of one analysis."""
    return ("analyse", "--analysis", name)


COMPARED = ("compare",)
COMPARED_OVER_TRAINING = ("compare", "--at", "all")
SEVERAL_LINEAR_LAYERS = "two or more linear layers"
