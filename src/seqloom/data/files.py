"""Files of the cache: whole or not there, and what the disk refuses said in words."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from seqloom.errors import DataError


@contextmanager
def whole_file(place: Path) -> Iterator[IO[bytes]]:
    """A file that appears at its place when all of it is on the disk, or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{place.stem[:16]}-", suffix=".part", dir=place.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def cache_errors(place: Path) -> Iterator[None]:
    """What the disk refuses as an error of the cache."""
    try:
        yield
    except OSError as error:
        hint = "set data.cache to a folder with room, or raise data.cache_above_mb to stay in memory"
        raise DataError(
            f"the cache cannot be written: {error.strerror or error}", where=str(place), hint=hint
        ) from None
