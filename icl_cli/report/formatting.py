"""Numbers and commands as text that people read."""

import math
import shlex

# Numbers from the first to below the second are written without an exponent.
PLAIN = (1e-4, 1e6)
# Digits of a value, at most, however small its error: float32 holds no more.
MOST_DIGITS = 8


def number(value: float, digits: int = 4, *, padded: bool = False) -> str:
    """So many significant digits: `0.1983`, `2.06e-5`, `2.6e+14`; zeros at the end stay if `padded`, as in columns."""
    if not math.isfinite(value):
        return "not finite"
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded == 0 and not padded:
        return "0"
    return _text(rounded, _power(rounded) - digits + 1, padded)


def measured(value: float, error: float | None) -> str:
    """`value ± error`, both to the second significant digit of the error; the value alone without a finite error.

    `0.2062 ± 0.0016`, `2.063e-5 ± 1.6e-7`, `2.6e+14 ± 1e+13`. The value has `MOST_DIGITS` digits at most.
    """
    if error is None or not math.isfinite(error) or not math.isfinite(value):
        return number(value)
    error = float(f"{error:.1e}")
    if error == 0:
        return f"{number(value)} ± 0"
    last = max(_power(error) - 1, _power(value) - MOST_DIGITS + 1) if value else _power(error) - 1
    rounded = round(value, -last)
    if not _is_plain(max(abs(rounded), error)):
        return f"{_text(rounded, last)} ± {number(error, 2)}"
    if error < 10.0**last:
        return f"{_text(rounded, last, padded=True)} ± {number(error, 2)}"
    decimals = max(0, -last)
    return f"{_signed(f'{rounded:z.{decimals}f}')} ± {error:.{decimals}f}"


def measure_text(measure: str, value: float) -> str:
    """A measure of a comparison, for a column: four digits; a cosine has four decimals, as its distance to 1 counts."""
    is_cosine = measure == "cosine" and math.isfinite(value)
    return _signed(f"{value:z.4f}") if is_cosine else number(value, padded=True)


def _is_plain(value: float) -> bool:
    return value == 0 or PLAIN[0] <= abs(value) < PLAIN[1]


def _power(value: float) -> int:
    """The exponent of the first digit: 2 of 300; 0 of 0."""
    return int(f"{value:e}".split("e")[1])


def _text(value: float, last: int, padded: bool = False) -> str:
    """A rounded value whose last digit has the place `last`: 0 for ones, -2 for hundredths."""
    if _is_plain(value):
        digits, exponent = f"{value:z.{max(0, -last)}f}", ""
    else:
        digits, power = f"{value:.{max(0, _power(value) - last)}e}".split("e")
        exponent = f"e{int(power):+d}"
    if "." in digits and not padded:
        digits = digits.rstrip("0").rstrip(".")
    return f"{_signed(digits)}{exponent}"


def _signed(digits: str) -> str:
    """Digits with the minus sign of typography; an exponent keeps its hyphen."""
    return digits.replace("-", "−")


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
