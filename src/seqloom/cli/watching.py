"""How far a command is, shown at a terminal while it works."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Watch(Protocol):
    """Is called with what is being done, and how many parts of how many are done; without a number it only waits."""

    def __call__(self, text: str, done: int = 0, total: int = 0) -> None:
        """Show it."""


def _unwatched(text: str, done: int = 0, total: int = 0) -> None:
    """Nobody looks."""


def if_seen(watch: Watch) -> Watch | None:
    """The same, or None where nobody sees it, so that no work is cut into pieces for it."""
    return None if watch is _unwatched else watch


def start_torch() -> None:
    """Load PyTorch, which may take seconds, and say so at a terminal."""
    with watched("starting"):
        import seqloom.training.loop  # noqa: F401


@contextmanager
def watched(text: str) -> Iterator[Watch]:
    """Show on standard error what is being done, first `text`; parts of a known number have a bar and the time left.

    Where standard error is no terminal, or NO_COLOR is set, nothing is shown.
    """
    if sys.stderr is None or not sys.stderr.isatty() or os.environ.get("NO_COLOR"):
        yield _unwatched
        return
    from seqloom.live import LiveLine
    from seqloom.streams import forgiving

    line = LiveLine(forgiving(sys.stderr))
    try:
        line.wait(text)
        yield line.wait
    finally:
        line.stop()
