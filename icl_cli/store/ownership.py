"""Which process trains a run, and whether that process still lives.

An owner is known as "host:pid:birth". The birth tells the machine's boot, the namespace in which the number of the
process counts, and when the process started: numbers are used again, and two containers may have the same of all else.
"""

import os
import socket
from functools import cache
from pathlib import Path
from typing import NamedTuple

BOOT_DIGITS = 8
# Of /proc/PID/stat after the command's name in brackets: the ticks since the boot at which the process started.
START_FIELD = 19


class _Owner(NamedTuple):
    host: str
    process: str
    machine: str
    start: str


def current_owner() -> str:
    """This process, as the owner of runs."""
    process = os.getpid()
    return f"{socket.gethostname()}:{process}:{_machine()}.{_start(process) or 0}"


def owner_lives(owner: str, seen_from: str) -> bool | None:
    """Whether the process `owner` exists; None if `seen_from` is elsewhere and cannot know."""
    theirs, ours = _parts(owner), _parts(seen_from)
    if not theirs.machine or theirs.machine != ours.machine or not theirs.process.isdecimal():
        return None
    return _start(int(theirs.process)) == theirs.start


def readable_owner(owner: str) -> str:
    """`host:pid`, which a person can look for."""
    return ":".join(owner.split(":")[:2])


def _parts(owner: str) -> _Owner:
    host, process, birth = [*owner.split(":"), "", ""][:3]
    machine, _, start = birth.rpartition(".")
    return _Owner(host, process, machine, start)


@cache
def _machine() -> str:
    """The boot of this machine and the namespace of its processes; empty where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:BOOT_DIGITS]
        return f"{boot}-{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return ""


def _start(process: int) -> str | None:
    """When a process started, None if there is none, or only what is left of it until its parent looks."""
    try:
        words = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if words[0] in "ZX" else words[START_FIELD]
