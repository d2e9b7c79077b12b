"""Tables of a classifier's figures: each class, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from seqloom.cli.printing import plain_table, short

if TYPE_CHECKING:
    from seqloom.metrics import ClassificationReport

CLASSES = 30
"""How many classes are shown at most, the largest ones; the JSON has all."""
MATRIX, NAME = 8, 10
"""Up to so many classes have a whole confusion table; a name in its head has at most so many characters."""
PAIRS = 10
"""How many confused pairs of classes are listed where there are more classes."""


def class_tables(found: ClassificationReport) -> Iterator[Table]:
    """A row for each class, then the confusion table or, of many classes, the pairs that are confused most."""
    yield _classes(found)
    if found.confused:
        yield _matrix(found) or _pairs(found)


def _classes(found: ClassificationReport) -> Table:
    table = plain_table("label", "examples", "answered", "precision", "recall", "F1")
    for each in found.classes[:CLASSES]:
        figures = (f"{value:.2f}" for value in (each.precision, each.recall, each.f1))
        table.add_row(short(each.label, 40), f"{each.support:,}", f"{each.predicted:,}", *figures)
    if len(found.classes) > CLASSES:
        table.caption = f"{len(found.classes) - CLASSES:,} smaller classes are left out; --json has all"
        table.caption_justify = "left"
    return table


def _matrix(found: ClassificationReport) -> Table | None:
    """Counts of true classes (rows) by answered classes (columns); None where they do not fit or names look alike."""
    labels = [each.label for each in found.classes]
    names = [short(label, NAME).plain for label in labels]
    if len(labels) > MATRIX or len({*names}) < len(names) or sum(map(len, names)) + len(names) * 2 > 58:
        return None
    table = plain_table("confusion: true ↓ answered →", *names, fold=False)
    for truth in (each.label for each in found.classes if each.support):
        counts = (found.confusion.get((truth, answer), 0) for answer in labels)
        table.add_row(short(truth, 20), *(f"{count:,}" if count else Text("·") for count in counts))
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _pairs(found: ClassificationReport) -> Table:
    table = plain_table("confused most: true", "answered", "examples")
    for truth, answer, count in found.confused[:PAIRS]:
        table.add_row(short(truth, 30), short(answer, 30), f"{count:,}")
    return table
