"""Numbers and commands as text that people read."""

import math
import shlex

MOST_DECIMALS = 8


def number(value: float, digits: int = 4) -> str:
    """So many significant digits, without an exponent below a million."""
    if not math.isfinite(value):
        return "not finite"
    return minus(f"{float(f'{value:.{digits}g}'):g}")


def measured(value: float, error: float | None) -> str:
    """`value ± error`, both to the second significant digit of the error; the value alone without a finite error."""
    if error is None or not math.isfinite(error) or not math.isfinite(value):
        return number(value)
    decimals = 4 if error == 0 else 1 - math.floor(math.log10(error))
    if abs(value) >= 1e5 or decimals > MOST_DECIMALS:
        return minus(f"{value:.4g} ± {error:.2g}")
    decimals = max(0, decimals)
    return minus(f"{value:.{decimals}f} ± {error:.{decimals}f}")


def minus(text: str) -> str:
    """A number with the minus sign of typography in place of the hyphen."""
    return text.replace("-", "−")


def count(number_of: int, noun: str) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{number_of} {noun}{'' if number_of == 1 else 's'}"


def enumeration(items: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def duration(seconds: float) -> str:
    """`9 s`, `2 min 5 s`, `3 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def shell_command(*words: str) -> str:
    """A command line that a shell reads back as these words, whatever is in them."""
    return shlex.join(words)


def printable(text: str, keep: str = "") -> str:
    """Text from a database for a terminal: what would move its cursor or colour it is replaced, but those to `keep`."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in keep else "\N{REPLACEMENT CHARACTER}" for sign in text)
