"""Metrics of whole answers: exact match, error rate, and accuracy and macro-averaged F1 of labels.

A prediction is right if it equals any of its references.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqloom.metrics.base import Metric, References, reference_counts


class ExactMatch(Metric):
    """The share of predictions that are right or, with `errors`, that are wrong."""

    def __init__(self, name: str, *, errors: bool = False) -> None:
        super().__init__(name, higher_is_better=not errors)
        self._errors = errors

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """1 or 0 for each example, depending on whether it is counted, and 1 for the number of examples."""
        right = [prediction in accepted for prediction, accepted in zip(predictions, references, strict=True)]
        counted = np.asarray(right) != self._errors
        return np.stack([counted, np.ones_like(counted)], axis=1).astype(np.float64)

    def value(self, total: NDArray[np.float64]) -> float:
        """The share in percent."""
        return 100 * float(total[0]) / float(total[1])

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:
        """The number of right (or wrong) predictions and the number of examples."""
        return {"wrong" if self._errors else "right": float(total[0]), "examples": float(total[1])}


class MacroF1(Metric):
    """The unweighted mean over labels of F1 = 2·TP / (2·TP + FP + FN).

    Labels are those that occur in references or predictions. Where several labels are accepted, the true label is the
    predicted one if it is among them, otherwise the first. Only the indices of two labels are stored for each example,
    so that memory does not grow with the number of labels.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """The indices of the predicted label and of the true label of each example."""
        truths = [
            guess if guess in accepted else accepted[0] for guess, accepted in zip(predictions, references, strict=True)
        ]
        number = {label: index for index, label in enumerate(sorted({*predictions, *truths}))}
        pairs = [(number[guess], number[truth]) for guess, truth in zip(predictions, truths, strict=True)]
        return np.asarray(pairs, dtype=np.float64)

    def total(self, statistics: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """The true positives, false positives and false negatives of all labels, one after the other [3 · labels]."""
        guesses, truths = statistics.astype(np.int64).T
        right, labels = guesses == truths, int(statistics.max()) + 1

        def counted(found: NDArray[np.int64], where: NDArray[np.bool_]) -> NDArray[np.float64]:
            return np.bincount(found[where], None if weights is None else weights[where], labels).astype(np.float64)

        return np.concatenate([counted(guesses, right), counted(guesses, ~right), counted(truths, ~right)])

    def value(self, total: NDArray[np.float64]) -> float:
        """The mean F1, in percent, of the labels that occur."""
        right, spurious, missed = total.reshape(3, -1)
        weight = 2 * right + spurious + missed
        occurs = weight > 0
        return 100 * float(np.mean(2 * right[occurs] / weight[occurs]))

    def value_alone(self, row: NDArray[np.float64]) -> float:
        """100 if the label is right, otherwise 0."""
        return 100.0 if row[0] == row[1] else 0.0

    def signature(self, references: References) -> str:
        """The kind of averaging and the number of references."""
        return f"average:macro|refs:{reference_counts(references)}"

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:
        """The number of labels over which the mean is taken."""
        return {"labels": float(np.count_nonzero(total.reshape(3, -1).any(axis=0)))}
