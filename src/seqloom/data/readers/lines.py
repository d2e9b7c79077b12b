"""Read lines of text from a file, which may be gzipped, or from standard input.

Reading is strict: there is one encoding, and only \\n ends a line.
"""

from __future__ import annotations

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from pathlib import Path
from typing import IO

from seqloom.data.examples import Origin
from seqloom.data.readers.encodings import is_utf8, likely_encoding, reading, refuse_foreign
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError

BOM, ZERO = b"\xef\xbb\xbf", b"\0"
STDIN = "-"
UTF8 = "utf-8"
SAMPLE = 1 << 16
"""Number of bytes after a bad line from which an encoding is guessed."""


def readable_once(path: str) -> bool:
    """Whether what a path names can be read only once: standard input, or a pipe such as that of `<(command)`."""
    return path == STDIN or Path(path).is_fifo()


def display_name(path: str) -> str:
    """The name of a path in messages."""
    return "<stdin>" if path == STDIN else path


def _like(path: Path) -> str:
    """A hint for a file that is not there: the file beside it with the most similar name; empty if there is none."""
    try:
        beside = [each.name for each in path.parent.iterdir()]
    except OSError:
        return "" if path.parent.is_dir() else f"there is no folder {path.parent}"
    close = get_close_matches(path.name, beside, n=1, cutoff=0.8)
    return f"did you mean {path.with_name(close[0])}?" if close else ""


@contextmanager
def opened(path: str, *, raw: bool = False) -> Iterator[IO[bytes]]:
    """Open a file for reading, decompressed unless `raw`; failures while it is open become `DataError`s."""
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
        raise DataError("the file does not exist", where=path, hint=_like(Path(path))) from None
    except gzip.BadGzipFile as error:
        hint = "a file that is not compressed must not end in .gz" if "Not a gzipped file" in str(error) else ""
        raise DataError(f"must be a whole gzip file: {error}", where=path, hint=hint) from None
    except (EOFError, zlib.error) as error:
        raise DataError(f"must be a whole gzip file: {error}", where=path) from None
    except OSError as error:
        raise DataError(f"the file cannot be read: {error.strerror or error}", where=path) from None
    except ValueError as error:
        if isinstance(error, DataError) or "null" not in str(error):
            raise
        raise DataError(f"must be a path, not {path!r}", where=path) from None


def read_lines(path: str, report: ReadReport, encoding: str = UTF8) -> Iterator[tuple[Origin, str | None]]:
    """The origin and the text of each line, without its end; the text is None for a line that was refused and skipped.

    A \\r before the end of a line is dropped, and so are byte order marks at the beginning of any line: they occur
    within a file where files with such marks were joined.
    """
    name = display_name(path)
    encoding = codecs.lookup(encoding).name
    with opened(path) as stream:
        lines: Iterable[bytes] = stream
        if _is_wide(encoding):
            lines, encoding = _recoded(stream, name, encoding), UTF8
        for number, raw in enumerate(lines, start=1):
            origin = Origin(name, number)
            if number == 1:
                _check_first(raw, name, encoding)
            line = raw.removesuffix(b"\n").removesuffix(b"\r")
            while line.startswith(BOM):
                line = line.removeprefix(BOM)
            if b"\r" in line:
                report.note("lines with a carriage return within, which stays in the text", origin)
            if line.startswith(ZERO) or line.endswith(ZERO):  # half of a line end in UTF-16
                wide = f"utf-16-{'le' if line.startswith(ZERO) else 'be'}"
                report.refuse(origin, f"must be {encoding.upper()}, not lines with zero bytes at an end", reading(wide))
                yield origin, None
                continue
            if encoding != UTF8 and not line.isascii() and is_utf8(line):
                report.note(f"lines that are read as {encoding} (data.encoding), and would be good UTF-8", origin)
            try:
                yield origin, line.decode(encoding)
            except UnicodeDecodeError as error:
                byte = f"byte 0x{line[error.start]:02x} at position {error.start + 1}"
                more = stream.read(SAMPLE) if report.on_bad_line == "error" and Path(path).is_file() else b""
                hint = reading(likely_encoding(raw, more), line) if encoding == UTF8 else ""
                report.refuse(origin, f"must be {encoding.upper()}, not {byte}", hint)
                yield origin, None


def _check_first(raw: bytes, name: str, encoding: str) -> None:
    """Refuse a file whose first line shows that it does not hold lines of text, or that \\r alone ends its lines."""
    refuse_foreign(raw, encoding, name)
    if not raw.endswith(b"\n") and b"\r" in raw.rstrip(b"\r"):
        count = raw.count(b"\r")
        raise DataError(
            f"lines must end in \\n, of which the file has none, not in carriage returns alone ({count:,})",
            where=name,
            hint=r"convert them: tr '\r' '\n' < old > new",
        )


def _is_wide(encoding: str) -> bool:
    """Whether the end of a line is more than the byte \\n in an encoding, as in UTF-16."""
    return "\n".encode(encoding) != b"\n"


def _recoded(stream: IO[bytes], name: str, encoding: str) -> Iterator[bytes]:
    """The lines of a stream, converted to UTF-8."""
    text = io.TextIOWrapper(stream, encoding=encoding, newline="\n")
    number = 0
    try:
        for line in text:
            number += 1
            yield line.encode(UTF8, "surrogatepass")
    except UnicodeError as error:
        reason = getattr(error, "reason", str(error))
        raise DataError(f"must be {encoding.upper()}: {reason}", where=f"{name}:{number + 1}") from None
    finally:
        with suppress(ValueError):  # the stream may be closed already
            text.detach()
