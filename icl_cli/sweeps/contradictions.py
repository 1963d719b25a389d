"""What a sweep file must not say: the same thing twice, something that nothing reads, or names that mean nothing.

Asked of files alone: sweeps that a database holds were read once, and stay readable.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from icl_cli.errors import ConfigError, told_of, unknown_name
from icl_cli.recipes import RECIPES
from icl_cli.sweeps.claim import ClaimSpec, Measured
from icl_cli.sweeps.file_places import claim_place
from icl_cli.sweeps.measures import require_complete, require_used
from icl_cli.sweeps.runs_spec import RunsSpec
from icl_cli.sweeps.sweep_file import Sweep
from icl_cli.value_problems import quoted


def require_no_contradiction(sweep: Sweep) -> None:
    """Raises `UsageError` naming the runs or the claim, and what to do."""
    for index, runs in enumerate(sweep.runs):
        with told_of(sweep.place_of_runs(index)):
            _require_known_recipe(runs)
            _require_settled_once(runs)
    for index, claim in enumerate(sweep.claims):
        _require_used(claim, claim_place(index, claim.sentence))


def _require_known_recipe(runs: RunsSpec) -> None:
    # That of the full runs is asked for where they are made; the quick ones may never be.
    if runs.quick.recipe not in RECIPES:
        raise unknown_name("recipe of quick", runs.quick.recipe, RECIPES)


def _require_settled_once(runs: RunsSpec) -> None:
    _require_apart("settings", runs.settings, "grid", runs.grid)
    _require_different("grid", runs.grid)
    if runs.quick.grid is not None:
        _require_apart("quick.settings", runs.quick.settings, "quick.grid", runs.quick.grid)
        _require_different("quick.grid", runs.quick.grid)


def _require_apart(one: str, settings: Mapping[str, Any], other: str, grid: Mapping[str, Any]) -> None:
    for path in settings:
        if path in grid:
            raise ConfigError(f"{path!r} given in both `{one}` and `{other}`; remove it from one of them.")


def _require_different(name: str, grid: Mapping[str, Sequence[Any]]) -> None:
    for path, values in grid.items():
        # As text, in which true is not 1.
        counted = Counter(map(repr, values))
        if twice := [value for value in values if counted[repr(value)] > 1]:
            raise ConfigError(f"{name}.{path} has {quoted(twice[0])} more than once; give each value once.")


def _require_used(claim: ClaimSpec, place: str) -> None:
    with told_of(place):
        require_complete(claim)
        require_used(claim, claim.model_fields_set)
    if claim.versus is None or claim.compared is None:
        return
    with told_of(f"{place}, versus"):
        require_complete(claim.compared)
        require_used(claim.compared, claim.versus.model_fields_set)
        if all(getattr(claim.compared, name) == getattr(claim, name) for name in Measured.model_fields):
            raise ConfigError(
                "the claim's number is compared with itself; replace its `at`, its run or another choice."
            )
