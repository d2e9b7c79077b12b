"""The files behind an entry that is a pattern such as `shards/*.tsv.gz`, in the order of their names."""

from __future__ import annotations

import glob
from pathlib import Path

from seqloom.data.readers.parallel import parallel_paths
from seqloom.errors import DataError


def shards_of(entry: str, *, parallel: bool) -> list[str]:
    """The entries that a pattern stands for, one for each file; a plain entry stands for itself.

    Each side of parallel text is a pattern of its own; the first file of one side belongs to the first of the other.
    """
    if not glob.has_magic(entry):
        return [entry]
    if not parallel:
        return _matches(entry)
    sides = [_matches(side) for side in parallel_paths(entry)]
    counts = [len(side) for side in sides]
    if len(set(counts)) > 1:
        found = " and ".join(f"{count:,}" for count in counts)
        last = list(zip(*sides, strict=False))[-1]
        raise DataError(
            f"the patterns of parallel text must match as many files as each other, not {found}",
            where=entry,
            hint=f"files are paired in the order of their names; the last are {', '.join(last)}",
        )
    return [",".join(files) for files in zip(*sides, strict=True)]


def _matches(pattern: str) -> list[str]:
    """Names of files that match; a file that is called like the pattern stands for itself."""
    if not glob.has_magic(pattern) or Path(pattern).exists():
        return [pattern]
    files = sorted(name for name in glob.glob(pattern, recursive=True) if not Path(name).is_dir())  # noqa: PTH207
    if not files:
        raise DataError("no file matches the pattern", where=pattern)
    return files
