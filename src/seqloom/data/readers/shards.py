"""The files behind an entry that is a pattern such as `shards/*.tsv.gz`, in the order of their names."""

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
"""What a pattern consists of: `[*]`, `[?]` and `[[]`, which are characters; runs of wildcards; other characters."""


def shards_of(entry: str, *, parallel: bool) -> list[str]:
    """The entries that a pattern stands for, one for each file; a plain entry stands for itself.

    Each side of parallel text is a pattern of its own; the first file of one side belongs to the first of the other,
    and the wildcards must stand for the same text in both.
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
    """Names of files that match; a file that is called like the pattern stands for itself, and so does a plain name."""
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
    """Refuse to pair files for which the wildcards of their patterns stand for different text."""
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
    """A pattern as a regular expression, and how many runs of wildcards it has: a group each, or `again` its text."""
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
    """A run of wildcards as a regular expression; a set is any character, since the file is known to match."""
    kinds = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*"}
    return re.sub(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]]*\]", lambda found: kinds.get(found[0], "[^/]"), wildcards)
