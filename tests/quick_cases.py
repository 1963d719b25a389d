"""Which cases of a test run every time, where each takes seconds to compile."""

from collections.abc import Iterable
from typing import Any

import pytest


def quick_cases(cases: Iterable[Any], count: int) -> list[Any]:
    """The first `count` of `cases` as they are, the others marked slow; a tuple is one case of several parameters."""
    known = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*case, marks=[] if place < count else pytest.mark.slow) for place, case in enumerate(known)]
