"""Hashes of the content of files, remembered: gigabytes that have not changed are not read again to learn that.

A file counts as unchanged while its size, its times of change (content and attributes) and its number in the file
system are what they were. A file changed within the last seconds is not remembered yet: a further change within the
grain of the clock would not show.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqloom.data.files import whole_file
from seqloom.data.readers.lines import opened

INDEX = "digests.json"
QUIET = 3_000_000_000
"""Nanoseconds without a change after which a file is remembered."""

Stamp = list[int]


def content_digests(files: Sequence[str], folder: Path | None) -> list[str]:
    """The SHA-256 of each file's bytes; `folder` holds what is remembered (None: nothing is)."""
    known = {} if folder is None else _read(folder / INDEX)
    digests, fresh = [], {}
    for file in files:
        place, before = os.path.abspath(file), _stamp(file)  # noqa: PTH100 - links stay: they may lead elsewhere later
        entry = known.get(place)
        if before is not None and isinstance(entry, list) and entry[0] == before:
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


def _read(index: Path) -> dict[str, Any]:
    try:
        values = json.loads(index.read_bytes())
    except (OSError, ValueError):
        return {}
    whole = isinstance(values, dict) and all(isinstance(entry, list) and len(entry) == 2 for entry in values.values())
    return values if whole else {}


def _write(index: Path, fresh: dict[str, Any]) -> None:
    """Adds to the index and drops files that are gone; where it cannot be written, files are hashed again."""
    kept = {place: entry for place, entry in _read(index).items() if Path(place).exists()}
    with contextlib.suppress(OSError), whole_file(index) as stream:
        stream.write(json.dumps({**kept, **fresh}).encode())
