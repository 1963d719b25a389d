"""Signals that come while a transaction writes wait for its end; while one reads, which may take long, for its ends.

What a handler raises in the middle of a driver's or a pool's own code leaves connections half reset, and is printed as
a traceback of theirs.
"""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType, TracebackType
from typing import Generic, TypeVar

Entered = TypeVar("Entered")

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


class UninterruptedEnds(AbstractContextManager[Entered], Generic[Entered]):
    """Makes, enters and leaves a context manager uninterrupted; what is done within it is not protected."""

    def __init__(self, make: Callable[[], AbstractContextManager[Entered]]):
        self._make = make

    def __enter__(self) -> Entered:
        entered = False
        try:
            with uninterrupted():
                self._manager = self._make()
                value = self._manager.__enter__()
                entered = True
        except BaseException:
            if entered:
                self.__exit__(*sys.exc_info())
            raise
        return value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        with uninterrupted():
            return self._manager.__exit__(kind, error, traceback)
