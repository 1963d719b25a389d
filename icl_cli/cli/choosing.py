"""How commands choose among stored runs: by name or id, and by conditions."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from icl_cli.cli.options import defaulting
from icl_cli.errors import NothingMatchedError

WhereOption = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="CONDITION",
        help=defaulting(
            "A field, one of = != < <= > >= ~ (contains), and a value: layers=5, 'loss<0.12'. May be repeated; "
            "all must hold.",
            "every run",
        ),
        show_default=False,
    ),
]


def chosen_ids(database: Any, references: Sequence[str] | None, where: Sequence[str] | None) -> list[str] | None:
    """The ids of the runs that `references` mean (none: all) and of which all of `where` holds; None: all there are.

    Raises `NothingMatchedError` if there is none.
    """
    from icl_cli.store import Choice, choose_runs, resolve_all

    if not references and not where:
        return None
    named = [run.id for run in resolve_all(database, references)] if references else None
    if not where:
        return named
    found = choose_runs(database, Choice(where=where))
    ids = [each for each in (named or found.values) if each in found.values]
    if not ids:
        raise none_matched(database.path, where, found.total if named is None else len(named))
    return ids


def none_matched(path: str, where: Sequence[str], number: int) -> NothingMatchedError:
    """The error where conditions leave no run."""
    conditions = " and ".join(where)
    return NothingMatchedError(
        f"No run in {path} has {conditions}; looked at {number}. Relax a condition, or see all with `icl runs list`."
    )
