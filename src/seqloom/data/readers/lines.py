"""Lines of a text file, strictly: broken at \\n only, UTF-8, plain or gzipped, or from standard input."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from seqloom.data.examples import Origin
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError

BOM = b"\xef\xbb\xbf"
STDIN = "-"


def display_name(path: str) -> str:
    """How a path is called in messages."""
    return "<stdin>" if path == STDIN else path


@contextmanager
def opened(path: str, *, raw: bool = False) -> Iterator[IO[bytes]]:
    """The bytes of a file, decompressed unless `raw`; whatever goes wrong while it is open is a `DataError`."""
    try:
        if path == STDIN:
            yield sys.stdin.buffer
        elif path.endswith(".gz") and not raw:
            with gzip.open(path, "rb") as stream:
                yield io.BufferedReader(stream, 1 << 20)
        else:
            with Path(path).open("rb", buffering=1 << 20) as stream:
                yield stream
    except FileNotFoundError:
        raise DataError("the file does not exist", where=path) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"must be a whole gzip file: {error}", where=path) from None
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror or error}", where=path) from None
    except ValueError as error:
        if isinstance(error, DataError) or "null" not in str(error):
            raise
        raise DataError(f"must be a path, not {path!r}", where=path) from None


def read_lines(path: str, report: ReadReport) -> Iterator[tuple[Origin, str | None]]:
    """Each line without its end; None stands for a line that was refused and skipped."""
    name = display_name(path)
    with opened(path) as stream:
        for number, raw in enumerate(stream, start=1):
            line = raw.removesuffix(b"\n").removesuffix(b"\r")
            while line.startswith(BOM):  # also within a file, which may be several files joined
                line = line.removeprefix(BOM)
            origin = Origin(name, number)
            try:
                yield origin, line.decode("utf-8")
            except UnicodeDecodeError as error:
                report.refuse(
                    origin, f"must be UTF-8, not byte 0x{line[error.start]:02x} at position {error.start + 1}"
                )
                yield origin, None
