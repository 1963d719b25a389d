"""Checksums as `sha256sum` writes and reads them: 64 digits, two blanks, a path, a line each."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sums_text(digests: Mapping[str, str]) -> str:
    """A line for each path, sorted."""
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items()))


def read_sums(text: str) -> dict[str, str]:
    """The inverse of `sums_text`. Raises ValueError for a line of another form, or a path that comes twice."""
    digests: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in digests:
            raise ValueError(f"line {number}")
        digests[match[2]] = match[1]
    return digests
