"""Robust standard streams: what happens when one is closed or full, or when nobody reads it any more.

Progress and notes on standard error may be lost without harm: a run continues as if they had been read. The results of
a command on standard output may not be lost: if they cannot be written, the command fails and says why.
"""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO, cast

from seqloom.errors import DataError, DiskError

STANDARD_OUTPUT = "standard output"


def forgiving(stream: TextIO) -> TextIO:
    """Wrap a stream so that writing to it never fails; text that cannot be written is lost."""
    return stream if isinstance(stream, _Forgiving) else cast(TextIO, _Forgiving(stream))


def take_over_streams() -> None:
    """Replace the standard streams of this process: they write UTF-8 in any locale and fail as this module describes.

    A closed file descriptor 0, 1 or 2 is opened on the null device first. Otherwise the next file to be opened would
    get its number, and whatever is written to the standard stream would end up in that file.
    """
    _fill_descriptors()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stdin = cast(TextIO, _ClosedInput()) if sys.stdin is None else sys.stdin
    sys.stdout = cast(TextIO, _Output(_nowhere(), closed=True) if sys.stdout is None else _Output(sys.stdout))
    sys.stderr = forgiving(_nowhere() if sys.stderr is None else sys.stderr)


class _Wrapped:
    """A wrapper of a stream that hands on every attribute it does not define itself."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["_stream"], name)

    def writelines(self, lines: Any) -> None:
        """Write the lines one after the other."""
        for line in lines:
            self.write(line)

    def write(self, text: str) -> int:
        """Write the text to the wrapped stream."""
        return self._stream.write(text)


class _Forgiving(_Wrapped):
    """A stream on which failed writes are ignored."""

    def write(self, text: str) -> int:
        """Write the text, or lose it if that fails."""
        try:
            return self._stream.write(text)
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Flush; a failure is ignored."""
        try:
            self._stream.flush()
        except (OSError, ValueError):
            return

    def isatty(self) -> bool:
        """Whether the stream is a terminal; a closed one is not."""
        try:
            return self._stream.isatty()
        except (OSError, ValueError):
            return False


class _Output(_Wrapped):
    """Standard output that raises one error for the first failed write.

    Everything written after that is discarded, so that the process ends without further errors.
    """

    def __init__(self, stream: TextIO, *, closed: bool = False) -> None:
        super().__init__(stream)
        self._closed = closed

    def write(self, text: str) -> int:
        """Write; raises `BrokenPipeError` if the reader has gone away, and `DiskError` for any other failure."""
        if not text:  # typer and click write an empty text to find out whether the stream takes str or bytes
            return 0 if isinstance(text, str) else self._stream.write(text)
        if self._closed:
            self._closed = False
            raise DiskError("is closed", where=STANDARD_OUTPUT, hint="open it, or write to a file: > FILE")
        try:
            return self._stream.write(text)
        except OSError as error:
            raise self._failed(error) from None

    def flush(self) -> None:
        """Flush; raises the same errors as `write`."""
        try:
            self._stream.flush()
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> Exception:
        self._stream = _nowhere()
        if isinstance(error, BrokenPipeError):
            return BrokenPipeError()  # without an errno, from which typer would make an exit code of its own
        reason = (error.strerror or str(error)).lower()
        return DiskError(f"cannot be written: {reason}", where=STANDARD_OUTPUT, hint="make room and run it again")


class _ClosedInput:
    """Stands for standard input where it was closed when the process began."""

    def isatty(self) -> bool:
        """A closed input is no terminal."""
        return False

    @property
    def buffer(self) -> Any:
        """The bytes of the input; always raises `DataError`."""
        raise DataError("standard input is closed", where="<stdin>", hint="name a file")


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - open for as long as the process lives


def _fill_descriptors() -> None:
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
