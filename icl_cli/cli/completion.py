"""What the shell offers when Tab is pressed: names from the database, figures, files and registries.

A mistake here must never show: whatever goes wrong, nothing is offered. Only names that a shell reads as they stand
are offered, because somebody else's database may hold any.
"""

import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import typer

from icl_cli.figure_files import figure_files

# Their registries need JAX, for which nobody waits at a prompt; a test compares.
BASELINES = ("gd", "gd-per-step", "gd++", "gd++-per-step", "least-squares", "ridge")
ANALYSES = ("roll-out", "critical-damping", "curvature", "cancellation", "copying", "attention", "plateau")
PLOTS = (
    "loss",
    "loss-by-seed",
    "alignment",
    "cosine",
    "losses",
    "shift",
    "roll-out",
    "interpolation",
    "sizes",
    "weights",
    "heads",
    "copying",
    "attention",
    "curvature-map",
    "condition",
    "eigenvalues",
    "curvature-rates",
    "critical-damping",
    "function",
    "onset",
    "figure-2",
    "training",
    "page-alignment",
    "page-losses",
    "page-interpolation",
    "out-of-distribution",
    "page-roll-out",
    "page-weights",
    "overview",
)

# More than this is no help; and a server that is slower than this is not waited for.
MOST_OFFERED = 50
SECONDS = 2
FIGURE_PREFIX = "fig"

Offer = tuple[str, str]
Complete = Callable[[typer.Context, str], list[Offer]]


def one_of(choices: Iterable[str]) -> Complete:
    """Completes one of a few words."""
    return _silent(lambda *_: ((choice, "") for choice in choices))


def _silent(offers: Callable[[typer.Context, str], Iterable[Offer]]) -> Complete:
    """The offers that begin as typed, and that a shell takes as they are; none if anything goes wrong."""

    def complete(ctx: typer.Context, incomplete: str) -> list[Offer]:
        try:
            found = [offer for offer in offers(ctx, incomplete) if offer[0].startswith(incomplete)]
        except Exception:
            return []
        return [(word, text) for word, text in found if " " not in word and _is_plain(word) and _is_plain(text)][
            :MOST_OFFERED
        ]

    return complete


def _is_plain(text: str) -> bool:
    """Whether a shell reads every word of `text` as it stands, and not as an option: zsh evaluates descriptions too."""
    return shlex.join(text.split(" ")) == text and not text.startswith("-") if text else True


def _database(context: typer.Context) -> Any:
    from icl_cli.cli.options import DEFAULT_DATABASE
    from icl_cli.store import Database

    given = context.params.get("db") or os.environ.get("ICL_DB") or DEFAULT_DATABASE
    if "://" in given and "connect_timeout" not in given:
        given += f"{'&' if '?' in given else '?'}connect_timeout={SECONDS}"
    return Database.open(given, mode="read", busy_seconds=SECONDS)


def _runs(context: typer.Context, beginning: str) -> Iterator[Offer]:
    """`latest`, names, and ids as far as people read them: the newest first."""
    from icl_cli.store.beginnings import LATEST, runs_beginning_with

    yield LATEST, "the last finished run"
    with _database(context) as database:
        found = runs_beginning_with(database, beginning, MOST_OFFERED)
    yield from ((name, "name") for name in dict.fromkeys(run.name for run in found))
    yield from ((run.short_id, run.status) for run in found)


def _sweeps(context: typer.Context, beginning: str) -> Iterator[Offer]:
    from icl_cli.store.beginnings import sweeps_beginning_with

    with _database(context) as database:
        yield from ((name, "") for name in sweeps_beginning_with(database, beginning, MOST_OFFERED))


def _figures(_: typer.Context, beginning: str) -> Iterator[Offer]:
    """Figures as they are called, fig3a for fig03a, unless the zero was typed."""
    for name in figure_files():
        short = FIGURE_PREFIX + name.removeprefix(FIGURE_PREFIX).lstrip("0")
        yield (name if name.startswith(beginning) and not short.startswith(beginning) else short), "figure"


def _sweep_files(_: typer.Context, beginning: str) -> Iterator[Offer]:
    """TOML files of the folder that was typed so far, and of the folders in it."""
    folder = beginning[: beginning.rfind("/") + 1]
    for pattern in ("*.toml", "*/*.toml"):
        for path in sorted(Path(folder or ".").glob(pattern)):
            yield folder + path.relative_to(folder or ".").as_posix(), "sweep file"


def _figures_and_files(context: typer.Context, beginning: str) -> Iterator[Offer]:
    yield from _figures(context, beginning)
    yield from _sweep_files(context, beginning)


def _runs_or_figures(context: typer.Context, beginning: str) -> Iterator[Offer]:
    yield from (_figures_and_files if context.params.get("paper") else _runs)(context, beginning)


runs = _silent(_runs)
sweeps = _silent(_sweeps)
figures_and_files = _silent(_figures_and_files)
runs_or_figures = _silent(_runs_or_figures)
baselines = one_of(BASELINES)
analyses = one_of(ANALYSES)
plots = one_of(PLOTS)
