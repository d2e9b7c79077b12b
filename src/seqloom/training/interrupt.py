"""Signals that stop a run (Ctrl-C, SIGTERM, SIGUSR1): they are noted, so that the current update can be finished
first."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

STOPPING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGUSR1") if hasattr(signal, name))


class StopRequest:
    """Whether a signal to stop has come (`made`), and whether the run is already checking for it (`heeded`)."""

    def __init__(self) -> None:
        self.made = self.heeded = False

    def note(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """Note the first signal; a second signal, or one before the run checks for requests, raises KeyboardInterrupt
        at once."""
        if self.made or not self.heeded:
            raise KeyboardInterrupt
        self.made = True


class EndRequest:
    """A wish, from outside the loop, that a run ends after the current update with its best weights.

    `reason` is why, and empty while nobody has asked.
    """

    def __init__(self) -> None:
        self.reason = ""

    def ask(self, reason: str) -> None:
        """Ask for the end; the first reason stays."""
        self.reason = self.reason or reason


@contextlib.contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Note Ctrl-C, SIGTERM and SIGUSR1 instead of ending the process; outside the main thread, signals are left as they
    are."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request.note) for number in STOPPING}
    try:
        yield request
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)
