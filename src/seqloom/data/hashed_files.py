"""Files of the cache whose names hold the SHA-256 of their content, so that damage is found before a file is used.

A file is called STEM-SHA256SUFFIX. Who looks for one compares the content with the name; a file that does not agree,
whatever has happened to it, is removed, which is said, and whoever needs it makes it anew.
"""

from __future__ import annotations

from pathlib import Path

from seqloom.data.digests import content_digests
from seqloom.data.whole_files import Say, leave_out
from seqloom.errors import DataError


def find_hashed(folder: Path, stem: str, suffix: str, say: Say) -> Path | None:
    """The whole file of that stem; None where there is none, or only damaged ones, which are said and removed."""
    for path in sorted(folder.glob(f"{stem}-*{suffix}")):
        try:
            (found,) = content_digests([str(path)], folder, say)
        except DataError:
            found = ""
        if found == hash_in_name(path, suffix):
            return path
        leave_out(path, say)
    return None


def hash_in_name(path: Path, suffix: str) -> str:
    """The SHA-256 that the name of a file says."""
    return path.name.removesuffix(suffix).rpartition("-")[2]
