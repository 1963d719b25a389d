"""Stopping on SIGINT and SIGTERM, also where Python cannot raise an exception, or loses it.

While the program itself is being loaded there is nothing to keep, and it leaves at once: an exception would end as a
traceback, or end the interpreter. Afterwards the handlers raise, so that work is put away, with two exceptions. Within
an import nothing is raised, because a library that is interrupted while it is loaded reports an error of its own or
crashes; the signal is raised as soon as the import is over. And an exception that a handler raises while a callback of
the garbage collector runs, and JAX installs one, is dropped: the handlers therefore remember the signal as well, and
long work asks for it at its next pause.

This module imports nothing heavy: until it is loaded, Ctrl+C gives a traceback.
"""

import _thread
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from icl_cli.cli.exit_codes import INTERRUPTED, TERMINATED

KEPT = "What was recorded is kept; the same command goes on from there."
SECONDS_BETWEEN_TRIES = 0.05
Handler = Callable[[int, FrameType | None], object] | signal.Handlers
_IMPORT = "<frozen importlib."

_received: list[int] = []
_waiting: list[None] = []
_retries: list[threading.Timer] = []


def leave_on_signals() -> None:
    """End the process at once on SIGINT and SIGTERM, with a line and the exit code: there is no work to put away."""
    _handle_with(_leave)


def heed_signals() -> None:
    """Turn SIGINT into `KeyboardInterrupt` and SIGTERM into `SystemExit`; forget what came before."""
    _received.clear()
    _handle_with(_stop)


def raise_if_stopped() -> None:
    """Raise what a signal should have raised, if one came."""
    if _received:
        _forget_retries()
        raise KeyboardInterrupt if _received[0] == signal.SIGINT else SystemExit(TERMINATED)


@contextmanager
def signals_wait() -> Iterator[None]:
    """Within it nothing is raised: for calls into libraries that an exception would crash. Afterwards it is."""
    _waiting.append(None)
    try:
        yield
    finally:
        _waiting.pop()
    raise_if_stopped()


@contextmanager
def signals_ignored() -> Iterator[None]:
    """Within it no signal does anything: for the last words of a command that one has ended."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    _forget_retries()
    _handle_with(signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def ending(number: int) -> tuple[str, int]:
    """What is said when this signal ends a command, and the exit code."""
    return ("Interrupted.", INTERRUPTED) if number == signal.SIGINT else ("Terminated.", TERMINATED)


def _handle_with(handler: Handler) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    words, code = ending(number)
    # Not through Python's streams: the signal may have come while one of them was being written.
    try:
        os.write(2, f"icl: {words} {KEPT}\n".encode())
    finally:
        os._exit(code)


def _stop(number: int, frame: FrameType | None) -> None:
    _received.append(number)
    if _waiting or _is_importing(frame):
        _forget_retries()
        _retries.append(threading.Timer(SECONDS_BETWEEN_TRIES, _thread.interrupt_main, [number]))
        _retries[0].daemon = True
        _retries[0].start()
    else:
        raise_if_stopped()


def _forget_retries() -> None:
    while _retries:
        _retries.pop().cancel()


def _is_importing(frame: FrameType | None) -> bool:
    """Whether a module is being loaded by what the signal interrupted."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORT):
            return True
        frame = frame.f_back
    return False
