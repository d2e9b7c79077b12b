"""Measures of frames, a label for a whole text and a tag for each of its words: other metrics, of one part of the two.

How many frames are right in both parts is `exact_match`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from seqloom.metrics.base import Metric, References
from seqloom.metrics.matches import ExactMatch
from seqloom.metrics.tagging import EntityF1
from seqloom.tag_scheme import MARK, frame_parts


class PartOfFrame(Metric):
    """The figure that a metric gives to what `part` takes out of each text."""

    def __init__(self, inner: Metric, part: Callable[[str], str]) -> None:
        super().__init__(inner.name, higher_is_better=inner.higher_is_better)
        self._inner, self._part = inner, part

    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """The counts of the metric."""
        accepted = [[self._part(each) for each in own] for own in references]
        return self._inner.statistics([self._part(each) for each in predictions], accepted)

    def value(self, total: NDArray[np.float64]) -> float:
        """The value of the metric."""
        return self._inner.value(total)

    def signature(self, references: References) -> str:
        """The convention of the metric."""
        return self._inner.signature(references)

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:
        """The counts that the metric reports."""
        return self._inner.details(total)


def slot_f1(name: str) -> Metric:
    """F1 of the spans of all frames together, as conlleval counts them."""
    return PartOfFrame(EntityF1(name), lambda text: frame_parts(text)[1])


def intent_accuracy(name: str) -> Metric:
    """The share of frames whose label is right."""
    return PartOfFrame(ExactMatch(name), lambda text: text.partition(MARK)[0])
