"""How much memory `icl train` takes at most, by the number of its steps: a leak would grow with them."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from measure import Effort, Sample
from rows import Row, Target
from storage import ICL

STEPS = (1000, 50_000)
# Evaluations are few, for their number is not what this asks for; each is as large as it always is.
FEW_EVALUATIONS = ("--evaluation-points", "20", "--snapshots", "5")
TINY = ("--evaluation-tasks", "100", "--batch-size", "32", "--evaluation-points", "1", "--snapshots", "1")

GIGABYTE = 1000.0
SIZE, FLATNESS = Target("≤", 1), Target("≤", 1.1)


def measure(effort: Effort) -> list[Row]:
    """Peak resident megabytes; ratios are the share of a gigabyte and, last, the longest over the shortest training."""
    steps, options = ((1, 2), TINY) if effort.quick else (STEPS, FEW_EVALUATIONS)
    peaks = {count: peak_megabytes(["--steps", str(count), *options]) for count in steps}
    rows = [_row(f"{count:,} steps of 1 GB", peak, peak / GIGABYTE, SIZE) for count, peak in peaks.items()]
    first, last = peaks[min(steps)], peaks[max(steps)]
    return [*rows, _row(f"{max(steps):,} steps of {min(steps):,}", last, last / first, FLATNESS)]


def peak_megabytes(options: Sequence[str]) -> float:
    """The largest resident size of `icl train` with `options`."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", ICL, "train", *options, "--db", str(Path(folder) / "results.db")]
        # From a small process of its own: a child's peak begins with the size of the process that started it.
        asked = f"import resource, subprocess; subprocess.run({command!r}, check=True, capture_output=True)"
        printed = f"{asked}; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        found = subprocess.run([sys.executable, "-c", printed], capture_output=True, text=True, check=True)
    return float(found.stdout) * 1024 / 1e6


def _row(case: str, megabytes: float, ratio: float, target: Target) -> Row:
    return Row("memory", case, "icl train", Sample((megabytes,)), "MB", ratio, target)
