"""Hashes of the content of files, remembered: gigabytes that have not changed are not read again to learn that.

A file counts as unchanged while its size, its times of change (content and attributes) and its number in the file
system are what they were. A file changed within the last seconds is not remembered yet: a further change within the
grain of the clock would not show. The list of what is remembered holds a hash of itself; a damaged one is left out.
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
"""Nanoseconds without a change after which a file is remembered."""

Stamp = list[int]


@dataclass(frozen=True)
class Contents:
    """What some files held at a moment, with size and times of each; two of them tell whether what was read in between
    was just that."""

    files: tuple[str, ...]
    digests: tuple[str, ...]
    times: tuple[Stamp | None, ...]

    @staticmethod
    def of(files: Sequence[str], folder: Path | None, say: Say = unsaid) -> Contents:
        """What the files hold now; `folder` and `say` as for `content_digests`."""
        stamps = [_stamp(file) for file in files]
        times = tuple(None if stamp is None else stamp[:3] for stamp in stamps)
        return Contents(tuple(files), tuple(content_digests(files, folder, say)), times)

    def check(self, after: Contents) -> None:
        """Refuse files that came, went or changed since, also one that was changed and put back."""
        if self.files != after.files:
            odd = min({*self.files} ^ {*after.files}, default="")
            raise _unsteady("files came or went while they were read", odd)
        before, now = (zip(each.digests, each.times, strict=True) for each in (self, after))
        for file, one, other in zip(self.files, before, now, strict=True):
            if one != other:
                raise _unsteady("the file changed while it was read", file)


def content_digests(files: Sequence[str], folder: Path | None, say: Say = unsaid) -> list[str]:
    """The SHA-256 of each file's bytes; `folder` holds what is remembered (None: nothing is).

    That what is remembered is damaged, `say` is told.
    """
    known = {} if folder is None else _read(folder / INDEX, say)
    digests, fresh = [], {}
    for file in files:
        place, before = os.path.abspath(file), _stamp(file)  # noqa: PTH100 - links stay: they may lead elsewhere later
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
    """What changes when a file does: size, two times, file number; None where there is no such file."""
    try:
        status = Path(file).stat()
    except (OSError, ValueError):
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _read(index: Path, say: Say = unsaid) -> dict[str, Any]:
    """What is remembered of each file; nothing where the list is damaged."""
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
    """Adds to the index and drops files that are gone; where it cannot be written, files are hashed again."""
    with contextlib.suppress(OSError):
        kept = {place: entry for place, entry in _read(index).items() if os.path.exists(place)}  # noqa: PTH110 - never raises
        files = {**kept, **fresh}
        with whole_file(index) as stream:
            stream.write(json.dumps({"sha256": _seal(files), "files": files}).encode())


def _unsteady(reason: str, file: str) -> DataError:
    return DataError(reason, where=file, hint="start again when nothing writes to the data any more")
