"""Whole-answer measures: exact match and its complement, accuracy and macro-averaged F1 of labels.

A prediction is right if it equals any of the references; white space around either is ignored, case is not.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqloom.metrics.base import Metric, References, reference_counts


def is_right(prediction: str, accepted: Sequence[str]) -> bool:
    """Whether a prediction equals one of the accepted targets."""
    return prediction.strip() in {target.strip() for target in accepted}


class ExactMatch(Metric):
    """The share of predictions that are right, or, with `errors`, that are not."""

    def __init__(self, name: str, *, errors: bool = False) -> None:
        super().__init__(name, higher_is_better=not errors)
        self._errors = errors

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """Counted or not, and 1."""
        right = [is_right(prediction, accepted) for prediction, accepted in zip(predictions, references, strict=True)]
        counted = np.asarray(right) != self._errors
        return np.stack([counted, np.ones_like(counted)], axis=1).astype(np.float64)

    def value(self, total: NDArray[np.float64]) -> float:
        """The share in percent."""
        return 100 * float(total[0]) / float(total[1])

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:
        """How many were counted, of how many."""
        return {"wrong" if self._errors else "right": float(total[0]), "examples": float(total[1])}


class MacroF1(Metric):
    """The unweighted mean over labels of F1 = 2·TP / (2·TP + FP + FN).

    Labels are those that occur among references or predictions. Where several labels are accepted, a right prediction
    stands for itself and a wrong one counts against the first accepted label.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """For each label: true positives, false positives, false negatives, laid flat [3 · labels]."""
        guesses = [prediction.strip() for prediction in predictions]
        truths = [
            guess if is_right(guess, accepted) else accepted[0].strip()
            for guess, accepted in zip(guesses, references, strict=True)
        ]
        number = {label: index for index, label in enumerate(sorted({*guesses, *truths}))}
        counts = np.zeros((len(guesses), 3, len(number)))
        for row, guess, truth in zip(counts, guesses, truths, strict=True):
            if guess == truth:
                row[0, number[guess]] = 1
            else:
                row[1, number[guess]] = 1
                row[2, number[truth]] = 1
        return counts.reshape(len(guesses), -1)

    def value(self, total: NDArray[np.float64]) -> float:
        """The mean F1 of the labels that occur."""
        right, spurious, missed = total.reshape(3, -1)
        weight = 2 * right + spurious + missed
        occurs = weight > 0
        return 100 * float(np.mean(2 * right[occurs] / weight[occurs]))

    def signature(self, references: References) -> str:
        """Averaging and number of references."""
        return f"average:macro|refs:{reference_counts(references)}"

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:
        """How many labels the mean runs over."""
        return {"labels": float(total.size // 3)}
