"""Expand patterns such as `shards/*.tsv.gz` to the files that match, in the order of their names."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from seqloom.data.readers.parallel import parallel_paths
from seqloom.errors import DataError

TOKENS = re.compile(
    r"\[(?P<escaped>[*?[])\]|(?P<wildcards>(?:\*\*/|\*|\?|\[(?![*?[]\])!?\]?[^\]]*\])+)|(?P<text>.)", re.DOTALL
)
"""The parts of a pattern: the escaped characters `[*]`, `[?]` and `[[]`, runs of wildcards, and other characters."""


def shards_of(entry: str, *, parallel: bool) -> list[str]:
    """The entries that a pattern stands for, one for each file; an entry without wildcards stands for itself.

    In parallel text each side has a pattern of its own. The files of the sides are paired in order, and the wildcards
    must match the same text on each side; otherwise `DataError` is raised.
    """
    if not glob.has_magic(entry):
        return [entry]
    if not parallel:
        return _found(entry)
    patterns = parallel_paths(entry)
    sides = [_found(pattern) for pattern in patterns]
    paired = list(zip(*sides, strict=False))
    _check_paired(entry, patterns, paired)
    counts = [len(side) for side in sides]
    if len(set(counts)) > 1:
        found = " and ".join(f"{count:,}" for count in counts)
        raise DataError(
            f"the patterns of parallel text must match as many files as each other, not {found}",
            where=entry,
            hint=f"files are paired in the order of their names; the last are {', '.join(paired[-1])}",
        )
    return [",".join(files) for files in paired]


def matches(pattern: str) -> list[str]:
    """The files that match a pattern; a name without wildcards, or of an existing file, stands for itself."""
    if _plain(pattern):
        return [pattern]
    return sorted(name for name in glob.glob(pattern, recursive=True) if not Path(name).is_dir())  # noqa: PTH207


def _found(pattern: str) -> list[str]:
    files = matches(pattern)
    if not files:
        raise DataError("no file matches the pattern", where=pattern)
    return files


def _plain(pattern: str) -> bool:
    return not glob.has_magic(pattern) or Path(pattern).exists()


def _check_paired(entry: str, patterns: Sequence[str], paired: Sequence[tuple[str, ...]]) -> None:
    """Refuse pairs of files for which the wildcards of the patterns match different text."""
    sides = [_expression(pattern, again=side > 0) for side, pattern in enumerate(patterns)]
    if len({runs for _, runs in sides}) > 1:
        if len(paired) == 1:
            return
        hint = "what the wildcards stand for shows which files belong together; or name the files pair by pair"
        raise DataError(
            "the patterns of parallel text must have as many wildcards as each other", where=entry, hint=hint
        )
    alike = re.compile("\0".join(expression for expression, _ in sides), re.DOTALL)
    for first, *others in paired:
        if not alike.fullmatch("\0".join((first, *others))):
            raise DataError(
                f"the wildcards must stand for the same text on each side, but {first} is paired with "
                f"{' and '.join(others)}",
                where=entry,
                hint="files are paired in the order of their names: add what is missing, or name them pair by pair",
            )


def _expression(pattern: str, *, again: bool) -> tuple[str, int]:
    """Convert a pattern to a regular expression; also returns its number of runs of wildcards.

    Each run becomes a group or, with `again`, a reference to the group with that number.
    """
    if _plain(pattern):
        return re.escape(pattern), 0
    parts, runs = [], 0
    for token in TOKENS.finditer(pattern):
        if token["wildcards"]:
            runs += 1
            parts.append(f"(?:\\{runs})" if again else f"({_any(token['wildcards'])})")
        else:
            parts.append(re.escape(token["escaped"] or token["text"]))
    return "".join(parts), runs


def _any(wildcards: str) -> str:
    """Convert wildcards to a regular expression; a set becomes any character, as the file is known to match."""
    kinds = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.sub(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\]", lambda found: kinds.get(found[0], "[^/]"), wildcards)
