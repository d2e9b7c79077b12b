"""Hashes of the contents of files, remembered so that large unchanged files are not read again.

A file counts as unchanged while its size, its inode and its times (of content and of attributes) stay the same. The
hash of a file that changed within the last seconds is not remembered yet, because another change within the resolution
of the clock would not show. The list of remembered hashes contains a hash of itself; a damaged list is discarded.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqloom.data.readers.lines import opened
from seqloom.data.whole_files import Say, leave_out, unsaid, whole_file
from seqloom.errors import DataError

INDEX = "contents.json"
QUIET = 3_000_000_000
"""Nanoseconds without a change after which the hash of a file is remembered."""

Stamp = list[int]


@dataclass(frozen=True)
class Contents:
    """Hashes, sizes and times of some files at one moment.

    Comparing two of them shows whether the files stayed the same while they were read in between.
    """

    files: tuple[str, ...]
    digests: tuple[str, ...]
    times: tuple[Stamp | None, ...]

    @staticmethod
    def of(files: Sequence[str], folder: Path | None, say: Say = unsaid) -> Contents:
        """The contents of the files now; `folder` and `say` are those of `content_digests`."""
        stamps = [_stamp(file) for file in files]
        times = tuple(None if stamp is None else stamp[:3] for stamp in stamps)
        return Contents(tuple(files), tuple(content_digests(files, folder, say)), times)

    def check(self, after: Contents) -> None:
        """Raise `DataError` if files were added, removed or changed since, even if a change was undone."""
        if self.files != after.files:
            odd = min({*self.files} ^ {*after.files}, default="")
            raise _unsteady("files came or went while they were read", odd)
        before, now = (zip(each.digests, each.times, strict=True) for each in (self, after))
        for file, one, other in zip(self.files, before, now, strict=True):
            if one != other:
                raise _unsteady("the file changed while it was read", file)


def content_digests(files: Sequence[str], folder: Path | None, say: Say = unsaid) -> list[str]:
    """The SHA-256 of the bytes of each file.

    `folder` holds the list of remembered hashes; with None, every file is read. `say` is told if the list is damaged.
    """
    known = {} if folder is None else _read(folder / INDEX, say)
    digests, fresh = [], {}
    for file in files:
        place, before = os.path.abspath(file), _stamp(file)  # noqa: PTH100 - symbolic links are not resolved: they may point elsewhere later
        entry = known.get(place)
        if before is not None and entry is not None and entry[0] == before:
            digests.append(str(entry[1]))
            continue
        with opened(file, raw=True) as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
        digests.append(digest)
        if before is not None and before == _stamp(file) and time.time_ns() - max(before[1:3]) > QUIET:
            fresh[place] = [before, digest]
    if fresh and folder is not None:
        _write(folder / INDEX, fresh)
    return digests


def _stamp(file: str) -> Stamp | None:
    """Size, modification time, change time and inode of a file; None if there is no such file."""
    try:
        status = Path(file).stat()
    except (OSError, ValueError):
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _read(index: Path, say: Say = unsaid) -> dict[str, Any]:
    """The remembered entry of each file; empty if the list is missing or damaged."""
    try:
        values = json.loads(index.read_bytes())
        if _seal(values["files"]) == values["sha256"]:
            return dict(values["files"])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        pass
    leave_out(index, say)
    return {}


def _seal(files: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


def _write(index: Path, fresh: dict[str, Any]) -> None:
    """Add entries to the list and drop those of files that are gone; a list that cannot be written is no error."""
    with contextlib.suppress(OSError):
        kept = {place: entry for place, entry in _read(index).items() if os.path.exists(place)}  # noqa: PTH110 - never raises
        files = {**kept, **fresh}
        with whole_file(index) as stream:
            stream.write(json.dumps({"sha256": _seal(files), "files": files}).encode())


def _unsteady(reason: str, file: str) -> DataError:
    return DataError(reason, where=file, hint="start again when nothing writes to the data any more")
