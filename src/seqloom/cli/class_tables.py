"""Tables of a classifier's figures: each class, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from seqloom.cli.printing import plain_table, short
from seqloom.metrics import ClassificationReport

if TYPE_CHECKING:
    from seqloom.confidence import LabelProbabilities
    from seqloom.evaluation import Evaluation
    from seqloom.label_targets import LabelReport

CLASSES = 30
"""How many classes are shown at most, the largest ones; the JSON has all."""
MATRIX, NAME = 8, 10
"""Up to so many classes have a whole confusion table; a name in its head has at most so many characters."""
PAIRS = 10
"""How many confused pairs of classes are listed where there are more classes."""


CONVENTIONS = {
    "matthews": "correlation of true and answered labels, -1 to 1; guessing is 0",
    "micro_f1": "of all labels counted together",
    "label_macro_f1": "mean F1 of the labels",
    "subset_accuracy": "examples whose labels are all right",
    "hamming_loss": "wrong decisions on single labels",
}


def label_rows(found: Evaluation) -> Iterator[tuple[str, str, str]]:
    """Name, value and convention of each figure that an evaluation of labels has beside its metrics."""
    if found.labels is not None:
        for name, value in found.labels.figures.items():
            yield name, f"{value:.2f}", CONVENTIONS[name]
    if found.probabilities is not None:
        for name, figure in found.probabilities.figures.items():
            if figure is not None:
                yield name, f"{figure:.4f}", _said(name, found.probabilities)


def _said(name: str, found: LabelProbabilities) -> str:
    """The convention of a figure of probabilities in a few words."""
    two = len(found.labels) == 2 and not found.several
    whole = "mean over examples and labels" if found.several else "of the right label" if name == "log_loss" else ""
    return {
        "log_loss": f"nats, {whole}",
        "brier_score": whole or ("0 to 1, halved as there are two labels" if two else "0 to 2, summed over labels"),
        "expected_calibration_error": f"15 bins of equal width, {'all labels' if found.several else 'the best label'}",
        "auroc": "0.5 is guessing" if two else "mean over labels, each against the rest; 0.5 is guessing",
    }[name]


def class_tables(found: LabelReport) -> Iterator[Table]:
    """A row for each class, then the confusion table or, of many classes, the pairs that are confused most."""
    yield _classes(found)
    if isinstance(found, ClassificationReport) and found.confused:
        yield _matrix(found) or _pairs(found)


def _classes(found: LabelReport) -> Table:
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
