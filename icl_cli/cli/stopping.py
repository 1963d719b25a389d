"""Stopping on SIGINT and SIGTERM, also where Python loses the exception.

An exception that a signal handler raises while a callback of the garbage collector runs, and JAX installs one, is
dropped. The handlers therefore remember the signal as well, and long work asks for it at its next pause.
"""

import signal
from types import FrameType

from icl_cli.cli.exit_codes import TERMINATED

_received: list[int] = []


def heed_signals() -> None:
    """Turn SIGINT into `KeyboardInterrupt` and SIGTERM into `SystemExit`; forget what came before."""
    _received.clear()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)


def raise_if_stopped() -> None:
    """Raise what a signal should have raised, if one came."""
    if _received:
        raise KeyboardInterrupt if _received[0] == signal.SIGINT else SystemExit(TERMINATED)


def _stop(number: int, _frame: FrameType | None) -> None:
    _received.append(number)
    raise_if_stopped()
