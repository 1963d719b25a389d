"""The runs of a sweep under one label: what they are, with which seeds, and what is measured of them."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from icl_cli.config import FrozenConfig
from icl_cli.sweeps.points import Lists, Values, grid_points, most_grid_points, require_grid_points
from icl_cli.sweeps.values import Grid, Name, Seeds, Settings

QUICK_SEEDS = 3
# Each is compared with every combination of a grid.
MOST_EXCLUDED = 200

Named = Annotated[str, Field(max_length=80)]


class QuickSpec(FrozenConfig):
    """How a quick reproduction trains these runs: by the fast recipe, or as `recipe` and `settings` say.

    A `grid` here stands in place of the runs' own grid, and of what that includes and excludes.
    """

    recipe: Named = "fast"
    settings: Settings = Field(default_factory=dict)
    grid: Grid | None = None


class RunsBody(FrozenConfig):
    """What both forms of a sweep file say of runs: one configuration for each point, all seeds of each."""

    convention: Named | None = Field(default=None, description="paper-code (default) or paper-text")
    recipe: Named | None = Field(default=None, description="paper (default) or fast")
    settings: Settings = Field(default_factory=dict, description="configuration values of all these runs")
    grid: Grid = Field(default_factory=dict, description="lists of values, of which every combination is trained")
    include: tuple[Settings, ...] = Field(default=(), description="points beside the grid")
    exclude: Annotated[tuple[Settings, ...], Field(max_length=MOST_EXCLUDED)] = Field(
        default=(), description="combinations of the grid that have all values of a table are left out"
    )
    baselines: tuple[Named, ...] = Field(default=(), description="algorithms that each run is compared with")
    snapshots: Literal["last", "all"] = Field(default="last", description="weights that are compared")
    curves: bool = Field(default=True, description="whether shifted tasks and interpolated weights are compared too")
    analyses: tuple[Named, ...] = Field(default=(), description="analyses of each run's last weights")
    minutes: float | None = Field(
        default=None, gt=0, description="what training all of these runs took on two cores, for estimates"
    )
    quick: QuickSpec = QuickSpec()

    def points(self, quick: bool) -> Iterator[Values]:
        """The values that set each configuration apart, in the order of the file; some may mean the same."""
        return grid_points(*self._parts(quick))

    def most_points(self, quick: bool) -> int:
        """At least as many as there are points, without making them."""
        grid, include, _ = self._parts(quick)
        return most_grid_points(grid, include)

    def require_points(self) -> None:
        """Raises ValueError if there are none, and for a table of `exclude` that leaves nothing out."""
        require_grid_points(*self._parts(quick=False))

    def _parts(self, quick: bool) -> tuple[Lists, tuple[Values, ...], tuple[Values, ...]]:
        if quick and self.quick.grid is not None:
            return self.quick.grid, (), ()
        return self.grid, self.include, self.exclude


class RunsSpec(RunsBody):
    """Runs under one label of a file with several.

    **Fields**: `seeds` are the sweep's unless given; `with_runs` names runs of the same file to compare these with,
    seed by seed.
    """

    label: Name
    seeds: Seeds | None = None
    with_runs: Name | None = None
