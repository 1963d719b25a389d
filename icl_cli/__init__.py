"""`icl`: a command-line laboratory for in-context learning.

The names below are what `from icl_cli import …` offers, and keeps; docs/python.md shows how. They are loaded when they
are first asked for, so that the command line need not wait for JAX.
"""

from __future__ import annotations

from importlib import import_module

# Not imported: the command line can be interrupted without a traceback once this module is loaded, and `typing` is half
# of the time.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any

    from icl_cli.interface import (
        Database,
        IclError,
        Run,
        RunConfig,
        RunStatus,
        compare,
        comparisons_frame,
        configure,
        curves_frame,
        find_runs,
        held_out_tasks,
        list_runs,
        load_model,
        metrics_frame,
        open_database,
        runs_frame,
        train,
        write_report,
    )

__version__ = "0.1.0"

__all__ = [
    "Database",
    "IclError",
    "Run",
    "RunConfig",
    "RunStatus",
    "compare",
    "comparisons_frame",
    "configure",
    "curves_frame",
    "find_runs",
    "held_out_tasks",
    "list_runs",
    "load_model",
    "metrics_frame",
    "open_database",
    "runs_frame",
    "train",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """The name from `icl_cli.interface`, at its first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("icl_cli.interface"), name)


def __dir__() -> list[str]:
    """What there is, also before its first use."""
    return sorted({*globals(), *__all__})
