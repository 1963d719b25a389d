"""The type checker that jaxtyping puts around every function of the package while the tests run."""

from collections.abc import Callable
from inspect import isclass
from typing import Any, get_args

from beartype import beartype
from jaxtyping import AbstractArray


def check_shapes(function: Callable) -> Callable:
    """Beartype for annotations that speak of arrays.

    Pyright checks all others, and beartype refuses some that are right: Self outside of its class, plain protocols.
    `function` is jaxtyping's own stand-in, so its annotations can be changed in place.
    """
    function.__annotations__ = {name: hint for name, hint in function.__annotations__.items() if speaks_of_arrays(hint)}
    return beartype(function)


def speaks_of_arrays(hint: Any) -> bool:
    return (isclass(hint) and issubclass(hint, AbstractArray)) or any(map(speaks_of_arrays, get_args(hint)))
