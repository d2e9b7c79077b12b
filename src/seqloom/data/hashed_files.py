"""Cache files whose names contain the SHA-256 of their content, so that damage is noticed before a file is used.

A file is called STEM-SHA256SUFFIX. Whoever looks for a file compares its content with its name. A file that does not
match its name is reported and removed, and whoever needs it makes it anew.
"""

from __future__ import annotations

from pathlib import Path

from seqloom.data.digests import content_digests
from seqloom.data.whole_files import Say, leave_out
from seqloom.errors import DataError


def find_hashed(folder: Path, stem: str, suffix: str, say: Say) -> Path | None:
    """Find the undamaged file with a stem; None if there is none. Damaged files are reported to `say` and removed."""
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
    """The SHA-256 in the name of a file."""
    return path.name.removesuffix(suffix).rpartition("-")[2]
