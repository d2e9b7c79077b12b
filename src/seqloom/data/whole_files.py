"""Files that appear whole or not at all, those of the cache above all; what the disk refuses is said in words."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
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


Say = Callable[[str], None]
"""Takes a sentence for the user."""


def unsaid(sentence: str) -> None:
    """Nobody listens."""


@contextmanager
def whole_file(place: Path) -> Iterator[IO[bytes]]:
    """A file that appears at its place when all of it is on the disk, or not at all.

    Until then, what was there stays as it is. A new file may be read by whom the umask says; one that is replaced keeps
    its owner and its permissions. A killed writer leaves its part behind; whoever writes into the folder next removes
    it.
    """
    with _moved(place, lambda _: place) as stream:
        yield stream


@contextmanager
def hashed_file(folder: Path, stem: str, suffix: str) -> Iterator[IO[bytes]]:
    """A new file like `whole_file`, whose name says what it holds: STEM-SHA256SUFFIX (`seqloom.data.hashed_files`)."""
    with _moved(folder / f"{stem}{suffix}", lambda part: folder / f"{stem}-{_sha256(part)}{suffix}") as stream:
        yield stream


@contextmanager
def _moved(place: Path, final: Callable[[Path], Path]) -> Iterator[IO[bytes]]:
    """A part to be written beside `place`, which is moved to its `final` place."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists() and not os.access(place, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
    _remove_abandoned(place.parent)
    part = _part_for(place)
    try:
        with part.open("xb") as stream:
            _locked(stream)
            yield stream
            stream.flush()
            _like(stream, place)
            os.fsync(stream.fileno())
            os.utime(part)
        _move(part, final(part))
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


def leave_out(path: Path, say: Say) -> None:
    """Say that something in the cache is damaged, and remove it."""
    say(f"{path}: a damaged file of the cache was left out; it is made anew")
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _part_for(place: Path) -> Path:
    """Where a file is written before it is moved to its place: beside it, or, where that is forbidden although the file
    itself may be written to, in the folder of temporary files."""
    beside = place.exists() is False or os.access(place.parent, os.W_OK)
    folder = place.parent if beside else Path(tempfile.gettempdir())
    return folder / f".{place.stem[:16]}-{secrets.token_hex(4)}.part"


def _like(stream: IO[bytes], place: Path) -> None:
    """Give a file the permissions, and as far as we may the owner, of the one that it replaces."""
    if place.exists():
        old = place.stat()
        with contextlib.suppress(OSError, AttributeError):
            os.fchown(stream.fileno(), old.st_uid, old.st_gid)
        with contextlib.suppress(OSError):
            os.chmod(stream.name, stat.S_IMODE(old.st_mode))  # noqa: PTH101


def _move(part: Path, place: Path) -> None:
    """Rename; where that cannot be, because the file is a mount of its own or lies on another disk, copy."""
    try:
        part.replace(place)
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM) or not place.exists():
            raise
        shutil.copyfile(part, place)


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
