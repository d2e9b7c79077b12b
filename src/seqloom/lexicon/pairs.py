"""Reads pairs for a lexicon: from files, with weights if they have a column of numbers, or from Python."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from seqloom.data import (
    DataConfig,
    Example,
    ReadReport,
    Source,
    Tagging,
    given_files,
    layouts,
    listed_pairs,
    pairs_as_examples,
    read_examples,
)
from seqloom.data.python_pairs import described
from seqloom.data.readers import expanded
from seqloom.data.readers.lines import STDIN
from seqloom.errors import DataError

NAMES = ("weight", "weights", "count", "counts", "frequency", "probability")
"""Names of a column of weights; without a header it is the first column that holds nothing else that is read."""


class WeightedExample(NamedTuple):
    """A pair and its weight, which is positive."""

    example: Example
    weight: float = 1.0


def weighted_examples(pairs: Any, data: DataConfig, report: ReadReport) -> Iterator[WeightedExample]:
    """Examples with weights, from files that are read with the settings `data`, or from pairs.

    Pairs are `(source, target)`, `(source, target, weight)` or `Example`s. Raises a `DataError` for what is none of
    these, and for a weight that is not a positive number.
    """
    files = given_files(pairs)
    return weighted_files(files, data, report) if files else _of_python(pairs, data, report)


def weighted_files(files: Iterable[str], data: DataConfig, report: ReadReport) -> Iterator[WeightedExample]:
    """The examples of files, with weights where they have a column of numbers that is not read otherwise."""
    for entry in files:
        for shard in expanded(entry, data):
            yield from _of_file(shard, data, report)


def _of_file(entry: str, data: DataConfig, report: ReadReport) -> Iterator[WeightedExample]:
    column = _weight_column(entry, data)
    if not column:
        yield from map(WeightedExample, read_examples([entry], data, report))
        return
    for example in read_examples([entry], data.replace(references=(column,)), report):
        text = example.references[0] if example.references else "1"
        weight = _number(text)
        if weight is None:
            report.refuse(
                example.origin, f"the weight in column {column} must be a number above 0, not {text!r}", _hint(column)
            )
        else:
            yield WeightedExample(replace(example, references=()), weight)
    report.call_column("reference 1", "weight")


def _weight_column(entry: str, data: DataConfig) -> str:
    """The number of the column of weights in a table of text, or an empty text if it has none."""
    if entry == STDIN or data.references:  # which can be read only once; whose further columns are known
        return ""
    for table in layouts([entry], data).tables:
        named = [place for place in table.unread if table.header and table.header[place - 1].lower() in NAMES]
        for place in (*named, *(() if table.header else table.unread[:1])):
            peeked = data.replace(references=(str(place),))
            first = next(read_examples([entry], peeked, ReadReport(data.on_bad_line)), None)
            if first is not None and (named or (first.references and _number(first.references[0]) is not None)):
                return str(place)
    return ""


def _of_python(pairs: Any, data: DataConfig, report: ReadReport) -> Iterator[WeightedExample]:
    weight = 1.0

    def unweighted() -> Iterator[Any]:
        """The pairs alone; `weight` is always that of the last one."""
        nonlocal weight
        for number, given in enumerate(listed_pairs(pairs, "exceptions")[0], start=1):
            pair, weight = _split(given, number)
            yield pair

    tagging = Tagging.of(data)
    for example in pairs_as_examples(unweighted(), report, "exceptions"):
        tags = tagging.tagged(Source(example.source, example.tags), ()).tags
        yield WeightedExample(replace(example, tags=tags), weight)


def _split(given: Any, number: int) -> tuple[Any, float]:
    """A pair, and the weight that stands behind it as a third part, or 1."""
    if not isinstance(given, tuple | list) or len(given) != 3:
        return given, 1.0
    *pair, weight = given
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
        raise DataError(f"the weight must be a number above 0, not {described(weight)}", where=f"exceptions:{number}")
    return pair, float(weight)


def _number(text: str) -> float | None:
    """The positive number that a text is, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def _hint(column: str) -> str:
    return f"leave the cell empty for a weight of 1, or take column {column} out if it holds no weights"


def targets_of(weighted: Iterable[WeightedExample]) -> Iterator[tuple[Example, str, float]]:
    """Each accepted target of each example, with the weight of its example."""
    for example, weight in weighted:
        for target in example.targets:
            yield example, target, weight
