"""What there is to compute with, and whether `icl` can use all of it."""

import math
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from icl_cli.doctor.finding import Finding, note, ok, problem
from icl_cli.doctor.place import Place

# What a container's share of the processor's time is, in microseconds a period (cgroup v2).
PROCESSOR_SHARE = Path("/sys/fs/cgroup/cpu.max")
SECONDS_TO_ANSWER = 20.0
# JAX is asked in a process of its own: it takes most of a GPU's memory, and a driver that hangs must not hang this.
ASK_JAX = "import jax; print(*(f'{d.platform}:{d.device_kind}' for d in jax.local_devices()), sep='\\n')"
HIDING = {"JAX_PLATFORMS": ("cpu",), "JAX_PLATFORM_NAME": ("cpu",), "CUDA_VISIBLE_DEVICES": ("", "-1")}
# How JAX spells a switch that is off.
OFF = ("0", "n", "no", "f", "false", "off")
SLOW_SETTINGS = {
    "JAX_CHECK_TRACER_LEAKS": "every function is traced anew",
}


def check_cores(place: Place) -> Iterator[Finding]:  # noqa: ARG001
    """The cores of this process, of the machine, and of the container."""
    # Here, because where JAX cannot be imported the other checks still have something to say.
    from icl_cli.training.devices import available_cores

    cores, machine, share = available_cores(), os.cpu_count() or 1, _processor_share()
    if cores < machine:
        yield note(
            f"{cores} of the machine's {machine} cores may be used: taskset, a scheduler or a container says so",
            f"taskset -cp 0-{machine - 1} $$",
        )
    else:
        yield ok(f"all {cores} cores")
    if share is not None and share < cores:
        usable = max(1, math.floor(share))
        yield note(
            f"This container has the time of {share:g} of {cores} cores; more at work wait for each other",
            f"icl train --cores {usable}",
        )


def check_accelerators(place: Place) -> Iterator[Finding]:  # noqa: ARG001
    """GPUs that are there, and whether JAX sees them."""
    gpus = _gpus()
    devices, complaint = _jax_devices()
    seen = [device for device in devices if not device.startswith("cpu:")]
    if complaint and (asked := os.environ.get("JAX_PLATFORMS")):
        yield problem(f"JAX does not start with JAX_PLATFORMS={asked}: {complaint}", "unset JAX_PLATFORMS")
    elif complaint:
        yield problem(f"JAX does not start: {complaint}", "pip install --upgrade --force-reinstall jax jaxlib")
    elif gpus and not seen:
        hidden = [name for name, values in HIDING.items() if os.environ.get(name) in values]
        if hidden:
            yield note(f"{_counted(gpus)}, which {hidden[0]} hides from JAX", f"unset {' '.join(hidden)}")
        else:
            yield note(f"{_counted(gpus)}, which JAX does not see", "pip install 'icl-cli[cuda12]'")
    elif seen:
        yield ok(f"JAX computes on {', '.join(dict.fromkeys(seen))} ({len(seen)} in all)")
    else:
        yield ok("JAX computes on the CPU; there is no GPU")


def check_environment(place: Place) -> Iterator[Finding]:  # noqa: ARG001
    """Settings of JAX that are meant for debugging, and of its compiler."""
    # Here, because where JAX cannot be imported the other checks still have something to say.
    from icl_cli.numerics import COMPILER_FLAGS, compiler_flags

    slow = {name: why for name, why in SLOW_SETTINGS.items() if os.environ.get(name, "").lower() not in ("", *OFF)}
    for name, why in slow.items():
        yield note(f"{name} is set: {why}, which takes many times as long", f"unset {name}")
    if not slow:
        yield ok("no setting slows JAX down")
    if compiler_flags():
        yield note(
            f"{COMPILER_FLAGS} is set ({compiler_flags()}): the compiler may round otherwise than without it; every "
            "run trained like this records it in its provenance",
            f"unset {COMPILER_FLAGS}",
        )


def _processor_share() -> float | None:
    """How many cores' time this process has, None if nothing limits it or nothing is known."""
    try:
        quota, period = PROCESSOR_SHARE.read_text(encoding="ascii").split()
        return int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _gpus() -> list[str]:
    """The NVIDIA GPUs of this machine, as its driver names them."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        answer = subprocess.run(
            [program, "--query-gpu=name", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip()] if answer.returncode == 0 else []


def _jax_devices() -> tuple[list[str], str | None]:
    """JAX's devices as "platform:kind", and why there are none."""
    environment = os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    try:
        answer = subprocess.run(
            [sys.executable, "-P", "-c", ASK_JAX],
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_ANSWER,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return [], f"no answer within {SECONDS_TO_ANSWER:g} s"
    if answer.returncode != 0:
        return [], (answer.stderr.strip().splitlines() or [f"exit code {answer.returncode}"])[-1][:200]
    return answer.stdout.split("\n")[:-1], None


def _counted(gpus: list[str]) -> str:
    return f"{len(gpus)} GPU{'' if len(gpus) == 1 else 's'} ({', '.join(dict.fromkeys(gpus))})"
