"""Standard streams that are closed, full, or that nobody reads any more.

What is told on the way, such as progress and notes on standard error, may be lost without harm: a run goes on and ends
as if it had been read. What a command is asked for, on standard output, may not: it fails, and says why.
"""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO, cast

from seqloom.errors import DataError, DiskError

STANDARD_OUTPUT = "standard output"


def forgiving(stream: TextIO) -> TextIO:
    """The stream as one that never fails: what it cannot take is lost."""
    return stream if isinstance(stream, _Forgiving) else cast(TextIO, _Forgiving(stream))


def take_over_streams() -> None:
    """Make the standard streams of this process write UTF-8 in any locale and fail as this module says.

    A descriptor that was closed is opened on nothing, so that no file is taken for a standard stream by whoever writes
    to its number.
    """
    _fill_descriptors()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stdin = cast(TextIO, _ClosedInput()) if sys.stdin is None else sys.stdin
    sys.stdout = cast(TextIO, _Output(_nowhere(), closed=True) if sys.stdout is None else _Output(sys.stdout))
    sys.stderr = forgiving(_nowhere() if sys.stderr is None else sys.stderr)


class _Wrapped:
    """A stream whose other attributes are those of the one inside."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_stream"], name)

    def writelines(self, lines: Any) -> None:
        """Write one after the other."""
        for line in lines:
            self.write(line)

    def write(self, text: str) -> int:
        """Write."""
        return self._stream.write(text)


class _Forgiving(_Wrapped):
    """Loses what cannot be written."""

    def write(self, text: str) -> int:
        """Write, if that can be."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Flush, if that can be."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return

    def isatty(self) -> bool:
        """Whether a person looks; nobody looks at what is closed."""
        try:
            return self._stream.isatty()
        except (OSError, ValueError):
            return False


class _Output(_Wrapped):
    """Says what stops it, once; what comes afterwards goes nowhere, so that the end of the process is quiet."""

    def __init__(self, stream: TextIO, *, closed: bool = False) -> None:
        super().__init__(stream)
        self._closed = closed

    def write(self, text: str) -> int:
        """Write; a reader that has gone away is a `BrokenPipeError`, anything else a `DiskError`."""
        if not text:  # a question of what kind of stream this is
            return 0 if isinstance(text, str) else self._stream.write(text)
        if self._closed:
            self._closed = False
            raise DiskError("is closed", where=STANDARD_OUTPUT, hint="open it, or send what comes to a file: > FILE")
        try:
            return self._stream.write(text)
        except OSError as error:
            raise self._failed(error) from None

    def flush(self) -> None:
        """Flush, with the errors of `write`."""
        try:
            self._stream.flush()
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> Exception:
        self._stream = _nowhere()
        if isinstance(error, BrokenPipeError):
            return BrokenPipeError()  # without a number: typer would make an exit code of its own of it
        reason = (error.strerror or str(error)).lower()
        return DiskError(f"cannot be written: {reason}", where=STANDARD_OUTPUT, hint="make room and run it again")


class _ClosedInput:
    """Standard input that was closed when the process began."""

    def isatty(self) -> bool:
        """Nobody types."""
        return False

    @property
    def buffer(self) -> Any:
        """Refused."""
        raise DataError("standard input is closed", where="<stdin>", hint="name a file")


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open for as long as the process lives


def _fill_descriptors() -> None:
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
