"""On what machine numbers were measured."""

import platform
import re
from importlib.metadata import version
from pathlib import Path

import jax

from icl_cli.training.devices import available_cores, training_devices


def facts() -> dict[str, str]:
    """Names and values, for people to read."""
    devices = training_devices()
    return {
        "processor": _first("/proc/cpuinfo", r"model name\s*: (.*)") or platform.processor() or platform.machine(),
        "cores": str(available_cores()),
        "memory": _gigabytes(_first("/proc/meminfo", r"MemTotal:\s*(\d+) kB")),
        "JAX devices": f"{len(devices)} × {devices[0].device_kind}",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "JAX": jax.__version__,
        "icl": version("icl-cli"),
    }


def _first(file: str, pattern: str) -> str | None:
    path = Path(file)
    found = re.search(pattern, path.read_text()) if path.exists() else None
    return found[1] if found else None


def _gigabytes(kibibytes: str | None) -> str:
    return "unknown" if kibibytes is None else f"{int(kibibytes) * 1024 / 1e9:.1f} GB"
