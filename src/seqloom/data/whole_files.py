"""Atomic writing: a file appears complete or not at all. Used for the cache and for output files."""

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
"""Seconds for which an unlocked temporary file is left alone: its writer may be about to lock or rename it."""
STALE = 86_400.0
"""Seconds without a write after which a temporary file is removed even if locks cannot show that its writer is gone."""


Say = Callable[[str], None]
"""A function that shows a sentence to the user."""


def unsaid(sentence: str) -> None:
    """Ignore the sentence; the default where nobody listens."""


@contextmanager
def whole_file(place: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears at its place only when it is completely on the disk.

    Until then, an existing file stays as it is. A new file gets the permissions of the umask; a replaced file keeps its
    owner and permissions. A killed writer leaves a temporary file behind, which the next writer into the folder
    removes.
    """
    with _moved(place, lambda _: place) as stream:
        yield stream


@contextmanager
def hashed_file(folder: Path, stem: str, suffix: str) -> Iterator[IO[bytes]]:
    """Like `whole_file`, for a new file named STEM-SHA256SUFFIX after its content (see `seqloom.data.hashed_files`)."""
    with _moved(folder / f"{stem}{suffix}", lambda part: folder / f"{stem}-{_sha256(part)}{suffix}") as stream:
        yield stream


@contextmanager
def _moved(place: Path, final: Callable[[Path], Path]) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `place` and move it to its `final` place when it is complete."""
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
    """Turn an `OSError` into a `DataError` that says that the cache cannot be written."""
    try:
        yield
    except OSError as error:
        hint = "set data.cache to a folder with room, or raise data.cache_above_mb to stay in memory"
        raise DataError(
            f"the cache cannot be written: {error.strerror or error}", where=str(place), hint=hint
        ) from None


def leave_out(path: Path, say: Say) -> None:
    """Report a damaged file or folder of the cache, and remove it."""
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
    """The temporary file for a place.

    It lies beside the place. If the folder cannot be written to although the file can, it lies in the system's folder
    for temporary files.
    """
    beside = place.exists() is False or os.access(place.parent, os.W_OK)
    folder = place.parent if beside else Path(tempfile.gettempdir())
    return folder / f".{place.stem[:16]}-{secrets.token_hex(4)}.part"


def _like(stream: IO[bytes], place: Path) -> None:
    """Give a file the permissions, and if allowed the owner, of the file that it replaces."""
    if place.exists():
        old = place.stat()
        with contextlib.suppress(OSError, AttributeError):
            os.fchown(stream.fileno(), old.st_uid, old.st_gid)
        with contextlib.suppress(OSError):
            os.chmod(stream.name, stat.S_IMODE(old.st_mode))  # noqa: PTH101


def _move(part: Path, place: Path) -> None:
    """Rename a file, or copy it if it cannot be renamed because the place is a mount or lies on another disk."""
    try:
        part.replace(place)
    except OSError as error:
        if error.errno not in (errno.EBUSY, errno.EXDEV, errno.EACCES, errno.EPERM) or not place.exists():
            raise
        shutil.copyfile(part, place)


def _remove_abandoned(folder: Path) -> None:
    """Remove temporary files whose writer is gone: its lock is free, or it has not written for a day."""
    for part in folder.glob(".*-????????.part"):
        with contextlib.suppress(OSError):
            age = time.time() - part.stat().st_mtime
            if age > STALE or (age > SETTLED and _abandoned(part)):
                part.unlink()


def _abandoned(part: Path) -> bool:
    with part.open("r+b") as stream:
        return _locked(stream)


def _locked(stream: IO[bytes]) -> bool:
    """Lock a file until it is closed or its process ends; False if another process holds it or locks do not exist."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
