"""Signals that come within a transaction wait for its end.

What a handler raises in the middle of a driver's or a pool's own code leaves connections half reset, and is printed as
a traceback of theirs.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Within it SIGINT and SIGTERM are kept for the end; other threads than the first never get them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        waiting.append(number)

    handlers = {number: signal.getsignal(number) for number in _NUMBERS}
    # One that was not set by Python could not be put back.
    ours = {number: handler for number, handler in handlers.items() if handler is not None}
    for number in ours:
        signal.signal(number, remember)
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
        for number in waiting[:1]:
            signal.raise_signal(number)
