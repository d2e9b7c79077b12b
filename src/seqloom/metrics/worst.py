"""The examples with the worst predictions of a system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.metrics.base import Metric, comparable
from seqloom.metrics.registry import metric


@dataclass(frozen=True)
class Worst:
    """An example with its index in the corpus, its own value, the prediction and the accepted references."""

    index: int
    value: float
    prediction: str
    references: tuple[str, ...]


def worst(
    measure: str | Metric, predictions: Sequence[str], references: Sequence[str | Sequence[str]], count: int = 5
) -> list[Worst]:
    """Find up to `count` examples with the worst values, worst first; correct predictions are never listed.

    Examples with equal values, as for exact match, are ordered by their character error rate.
    """
    if not count:
        return []
    measured = metric(measure) if isinstance(measure, str) else measure
    answers, accepted = comparable(predictions, references)
    values = measured.per_example(answers, accepted)
    distances = metric("cer").per_example(answers, accepted)
    sign = 1 if measured.higher_is_better else -1
    order = sorted(range(len(values)), key=lambda index: (sign * values[index], -distances[index], index))
    wrong = [index for index in order if distances[index] > 0]
    return [Worst(index, values[index], predictions[index], _as_given(references[index])) for index in wrong[:count]]


def _as_given(entry: str | Sequence[str]) -> tuple[str, ...]:
    return (entry,) if isinstance(entry, str) else tuple(entry)
