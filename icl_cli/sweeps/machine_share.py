"""How the worker processes of one machine share it: cores among them, or a GPU for each.

The environment of a worker is set before it imports JAX, which looks at it only then.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from itertools import pairwise

from icl_cli.training.devices import available_cores

# Of a GPU's memory, for all workers on it together; the rest is for what else the driver needs.
GPU_MEMORY_SHARE = 0.9


def shares(jobs: int, gpus: Sequence[str]) -> list[dict[str, str]]:
    """What to add to the environment of each of `jobs` workers.

    With GPUs every worker sees one; several on one GPU divide its memory. Without, workers divide the cores.
    """
    if not gpus:
        return [{"ICL_CORES": ",".join(map(str, cores))} for cores in divided_cores(jobs, own_cores())]
    most_on_one = -(-jobs // len(gpus))
    memory = f"{GPU_MEMORY_SHARE / most_on_one:.3f}"
    return [{"CUDA_VISIBLE_DEVICES": gpus[job % len(gpus)], "XLA_CLIENT_MEM_FRACTION": memory} for job in range(jobs)]


def divided_cores(jobs: int, cores: Sequence[int]) -> list[list[int]]:
    """Cores for each worker: groups as equal as can be, or in turn one each where there are more workers."""
    if jobs >= len(cores):
        return [[cores[job % len(cores)]] for job in range(jobs)]
    edges = [job * len(cores) // jobs for job in range(jobs + 1)]
    return [list(cores[start:end]) for start, end in pairwise(edges)]


def own_cores() -> list[int]:
    """The cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(available_cores()))


def visible_gpus(environment: Mapping[str, str]) -> list[str]:
    """The GPUs that JAX would see: those of CUDA_VISIBLE_DEVICES or, if it is not set, of the driver."""
    if environment.get("JAX_PLATFORMS", "") == "cpu":
        return []
    if "CUDA_VISIBLE_DEVICES" in environment:
        return [gpu.strip() for gpu in environment["CUDA_VISIBLE_DEVICES"].split(",") if gpu.strip() not in ("", "-1")]
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    query = [program, "--query-gpu=index", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, timeout=30, check=False)
    return answer.stdout.split() if answer.returncode == 0 else []
