"""Files of the cache: whole or not there, and what the disk refuses said in words."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from seqloom.errors import DataError

if sys.platform != "win32":
    import fcntl

SETTLED = 600.0
"""Seconds for which a part that nobody writes to is left alone: its writer may be about to lock or to rename it."""
STALE = 86_400.0
"""Seconds without a write after which a part is given up even where locks do not show that its writer is gone."""


@contextmanager
def whole_file(place: Path) -> Iterator[IO[bytes]]:
    """A file that appears at its place when all of it is on the disk, or not at all; who may read it, the umask says.

    A killed writer leaves its part behind; whoever writes into the folder next removes it.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(place.parent)
    part = place.with_name(f".{place.stem[:16]}-{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as stream:
            _locked(stream)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            os.utime(part)
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


def _remove_abandoned(folder: Path) -> None:
    """Remove parts whose writer is gone: the system has freed its lock, or nothing has come for a day."""
    for part in folder.glob(".*-????????.part"):
        with contextlib.suppress(OSError):
            age = time.time() - part.stat().st_mtime
            if age > STALE or (age > SETTLED and _abandoned(part)):
                part.unlink()


def _abandoned(part: Path) -> bool:
    with part.open("r+b") as stream:
        return _locked(stream)


def _locked(stream: IO[bytes]) -> bool:
    """Lock a file until it is closed or its process ends; False where another has it, or there are no locks."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
