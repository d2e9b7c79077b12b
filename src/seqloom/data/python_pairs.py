"""Check pairs and inputs that are given as Python values.

Pairs are tuples of two texts, `Example`s, or the rows of a table or of records (`seqloom.data.python_rows`). An error
names the number of the wrong item, counted from 1, and its type.
"""

from __future__ import annotations

import glob
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin, Source
from seqloom.data.python_rows import is_table, rows_as_examples
from seqloom.data.readers.columns import checked
from seqloom.data.readers.jsonl import NUMBERS
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError

ANYHOW = DataConfig()
PAIR = "a pair of texts (source, target)"
SHOWN = 40
"""Number of characters of a wrong value that a message shows."""


def pairs_as_examples(
    pairs: Any, report: ReadReport, name: str = "pairs", config: DataConfig = ANYHOW
) -> Iterator[Example]:
    """Convert pairs (tuples, lists, `Example`s, rows of a table, records) to examples, checked like those of a file.

    `config` says which columns of a table hold source, target and tags, and whether numbers are taken as text.
    """
    items = rows_as_examples(_items(pairs, name, PAIR), config, report, name)
    for number, pair in enumerate(items, start=1):
        example = _example(pair, Origin(name, number), report, config)
        good = None if example is None else checked(example, report)
        if good is not None:
            yield good


def listed_pairs(pairs: Any, name: str = "pairs", config: DataConfig = ANYHOW) -> tuple[list[Any], list[str]]:
    """Pairs as a list, and sentences on how they were taken; tuples are not checked yet, rows of tables are.

    An iterator is read once, to its end.
    """
    report = ReadReport(config.on_bad_line)
    found = list(rows_as_examples(_items(pairs, name, PAIR), config, report, name))
    said = report.sentences()
    if report.bad_count:
        said.append(
            f"{name}: rows left out: {report.bad_count:,} (first: {report.bad[0].where}: {report.bad[0].reason})"
        )
    if isinstance(pairs, Iterator):
        said.append(f"{name}: an iterator, which was read once to its end: {len(found):,} pairs, kept in memory")
    return found, said


def inputs_as_sources(lines: Any, name: str = "inputs") -> Iterator[Source]:
    """Convert inputs to predict from (texts or `Source`s) to sources, and check them."""
    for number, line in enumerate(_items(lines, name, "a text"), start=1):
        where = f"{name}:{number}"
        if isinstance(line, Source):
            _check_texts((line.text, *_tags(line.tags, where)), where)
            yield line
        elif isinstance(line, str):
            _check_texts((line,), where)
            yield Source(line)
        else:
            hint = "predict answers inputs only; give the first of each pair" if _is_row(line) else ""
            raise DataError(f"must be a text, not {described(line)}", where=where, hint=hint)


def given_files(given: Any) -> list[str]:
    """The files that an argument names where either files or pairs may be given; empty if it holds pairs.

    Files are one path, or a list of paths of which at least one is a `Path` or exists.
    """
    if isinstance(given, str | Path):
        return [str(given)]
    if isinstance(given, list | tuple) and given and all(isinstance(each, str | Path) for each in given):
        names = [str(each) for each in given]
        if any(isinstance(each, Path) or _on_disk(str(each)) for each in given):
            return names
    return []


def described(value: Any) -> str:
    """Describe a value in a message: its type, and its beginning if it can be shown."""
    kind = type(value).__name__
    if value is None:
        return "None"
    if isinstance(value, str | bytes | bool | int | float | np.number):
        shown = repr(value.item() if isinstance(value, np.generic) else value)
        return f"{kind} {shown if len(shown) <= SHOWN else shown[:SHOWN] + '…'}"
    if isinstance(value, Sequence):
        return f"{kind} of {len(value)}"
    return kind


def _items(given: Any, name: str, item: str) -> Iterable[Any]:
    """Refuse what is not a collection of items: iterating over texts, tables or mappings would give something else."""
    wanted = f"must be a list of {'pairs of texts' if item == PAIR else 'texts'}"
    if isinstance(given, Mapping):
        split = next((f"choose a part of it, such as data[{part!r}]" for part in given if part == "train"), "")
        items = "give list(pairs.items()) where keys are sources and values are targets"
        hint = (split or items) if item == PAIR else ""
        raise DataError(f"{wanted}, not {type(given).__name__}", where=name, hint=hint)
    if item == PAIR and is_table(given):
        return given  # type: ignore[no-any-return]
    if hasattr(given, "collect") or hasattr(given, "columns") or (item != PAIR and hasattr(given, "column_names")):
        chosen = 'list(zip(table["source"], table["target"]))' if item == PAIR else 'list(table["source"])'
        first = "give table.collect(), or " if hasattr(given, "collect") else ""
        raise DataError(
            f"{wanted}, not a table ({type(given).__name__})", where=name, hint=f"{first}choose its columns: {chosen}"
        )
    scalar = getattr(given, "shape", None) == ()
    if isinstance(given, str | bytes | bytearray | Path) or not isinstance(given, Iterable) or scalar:
        hint = "seqloom.data.read_sources reads the inputs of a file" if isinstance(given, Path) else ""
        raise DataError(f"{wanted}, not {described(given)}", where=name, hint=hint)
    return given


def _example(pair: Any, origin: Origin, report: ReadReport, config: DataConfig) -> Example | None:
    """Convert a pair to an example; None if a side is not text and bad pairs are skipped."""
    where = str(origin)
    if isinstance(pair, Example):
        _check_texts((pair.source, pair.target, *_tags(pair.tags, where), *_tags(pair.references, where)), where)
        return pair
    if not _is_row(pair) or len(pair) != 2:
        raise DataError(f"must be {PAIR}, not {described(pair)}", where=where, hint=_hint(pair))
    texts = []
    for side, value in zip(("source", "target"), pair, strict=True):
        if _is_number(value) and config.numbers == "text":
            report.note("numbers converted to text", origin)
            texts.append(repr(value.item() if isinstance(value, np.generic) else value))
        elif isinstance(value, str):
            texts.append(str(value))
        else:
            report.refuse(origin, f"the {side} must be text, not {described(value)}", _conversion(value))
            return None
    return Example(texts[0], texts[1], origin)


def _is_number(value: Any) -> bool:
    """Whether a value is a finite number, and no truth value."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and math.isfinite(value)


def _conversion(value: Any) -> str:
    """The hint for a side of a pair that is not text."""
    if isinstance(value, bytes):
        return 'convert it: text.decode("utf-8")'
    leave = 'convert it: str(), or leave the pair out (data.on_bad_line = "skip")'
    return f"{NUMBERS}; or {leave}" if _is_number(value) else leave


def _hint(pair: Any) -> str:
    """The hint for a value that is not a pair."""
    if isinstance(pair, str):
        return "a list of files is read where the files are there; pairs are tuples of two texts"
    if _is_row(pair) and len(pair) > 2:
        return "seqloom.data.Example(source, target, origin, tags, references) holds more than a source and a target"
    return ""


def _is_row(value: Any) -> bool:
    return isinstance(value, tuple | list) or (isinstance(value, np.ndarray) and value.ndim == 1)


def _tags(tags: Any, where: str) -> Sequence[Any]:
    if not isinstance(tags, tuple | list):
        raise DataError(f"tags and references must be tuples of texts, not {described(tags)}", where=where)
    return tags


def _check_texts(texts: Iterable[Any], where: str) -> None:
    for text in texts:
        if not isinstance(text, str):
            raise DataError(f"must be text, not {described(text)}", where=where)
        if not text.isascii():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError:
                raise DataError("must be valid Unicode, not a lone surrogate", where=where) from None


def _on_disk(name: str) -> bool:
    """Whether a text names existing files: one file, a pattern, or parallel files separated by commas."""
    try:
        return Path(name).exists() or any(glob.glob(part.strip()) for part in name.split(",") if part)  # noqa: PTH207
    except (OSError, ValueError):
        return False
