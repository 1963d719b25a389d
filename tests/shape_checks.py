"""The type checker that jaxtyping puts around every function of the package while the tests run."""

from collections.abc import Callable
from inspect import isclass
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray

# The others have no shapes to check; a wrapper around each of their functions would be a sixth of all time.
PACKAGES_OF_ARRAYS = [
    "icl_cli.analysis",
    "icl_cli.baselines",
    "icl_cli.compilation",
    "icl_cli.constructions",
    "icl_cli.models",
    "icl_cli.report.panels",
    "icl_cli.tasks",
    "icl_cli.training",
]


def check_shapes(function: Callable) -> Callable:
    """Beartype for annotations that speak of arrays.

    Pyright checks all others, and beartype refuses some that are right: Self outside of its class, plain protocols.
    `function` is jaxtyping's own stand-in, so its annotations can be changed in place.
    """
    function.__annotations__ = {name: hint for name, hint in function.__annotations__.items() if speaks_of_arrays(hint)}
    return beartype(function)


def speaks_of_arrays(hint: Any) -> bool:
    return (isclass(hint) and issubclass(hint, AbstractArray)) or any(map(speaks_of_arrays, get_args(hint)))
