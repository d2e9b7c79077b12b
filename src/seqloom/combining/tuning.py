"""Weights of models that are best by a metric on dev data, found without predicting anew for each choice of weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqloom.combining.choice import PLACES, Candidates
from seqloom.combining.settings import Tuning
from seqloom.errors import DataError
from seqloom.metrics import metric
from seqloom.metrics.base import Metric, comparable

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
"""Weights that are tried for each model; the largest of those that are found is made 1."""
ROUNDS = 10
"""Most times that the models are gone through."""


def tuned_weights(
    found: Sequence[Candidates], references: Sequence[Sequence[str]], start: Sequence[float], name: str
) -> tuple[tuple[float, ...], Tuning]:
    """The weights of models whose best candidates have the best figure, and what they brought.

    The figure is that of the whole corpus, such as BLEU. Beginning with `start`, one weight after the other is set to
    the best value of a grid, until none gets better (coordinate ascent). It stays as it was where no value is strictly
    better, so that nothing changes without a reason. Each candidate is scored by the metric once.
    """
    if not found:
        raise DataError("there must be at least one dev example to tune weights on, not none")
    judged = _Judged(found, references, metric(name))
    weights, value = tuple(start), judged.figure(start)
    for _ in range(ROUNDS):
        before = weights
        for place in range(len(weights)):
            for tried in GRID:
                other = (*weights[:place], tried, *weights[place + 1 :])
                if any(other) and judged.better(figure := judged.figure(other), value):
                    weights, value = other, figure
        if weights == before:
            break
    most = max(weights)
    scaled = tuple(round(weight / most, 4) for weight in weights)
    alone = (1.0, *[0.0] * (len(weights) - 1))
    return scaled, Tuning(
        metric=name,
        examples=len(found),
        alone=judged.figure(alone),
        before=judged.figure(start),
        after=judged.figure(scaled),
        best_possible=judged.best_possible(),
    )


class _Judged:
    """The statistics of all candidates, of which those of the chosen ones are summed."""

    def __init__(self, found: Sequence[Candidates], references: Sequence[Sequence[str]], judge: Metric) -> None:
        self._judge, self._sizes = judge, [len(some.predictions) for some in found]
        texts = [each.text for some in found for each in some.predictions]
        accepted = [entry for some, entry in zip(found, references, strict=True) for _ in some.predictions]
        self._statistics = judge.statistics(*comparable(texts, accepted))
        self._first = np.cumsum([0, *self._sizes])[:-1]
        self._real = np.arange(max(self._sizes)) < np.array(self._sizes)[:, None]
        self._values = self._padded([some.values for some in found])
        self._ties = self._padded([some.ties for some in found])

    def _padded(self, rows: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        """What M models give the candidates of N examples, at most K each: [N, K, M]."""
        padded = np.zeros((*self._real.shape, rows[0].shape[1]))
        padded[self._real] = np.concatenate(rows)
        return padded

    def figure(self, weights: Sequence[float]) -> float:
        """The figure of the best candidates by these weights, as `Candidates.ranked` finds them."""
        shares = np.asarray(weights, dtype=np.float64)
        values = np.where(self._real, np.round(self._values @ shares, PLACES), -np.inf)
        level = values == values.max(1, keepdims=True)
        return self._of(self._first + np.where(level, self._ties @ shares, -np.inf).argmax(1))

    def best_possible(self) -> float:
        """The figure of the candidates that are best by themselves."""
        alone = np.array([self._judge.value_alone(row) for row in self._statistics])
        alone = alone if self._judge.higher_is_better else -alone
        best = [int(part.argmax()) for part in np.split(alone, self._first[1:])]
        return self._of(self._first + np.array(best))

    def better(self, one: float, other: float) -> bool:
        """Whether one figure is strictly better than another."""
        return one > other + 1e-9 if self._judge.higher_is_better else one < other - 1e-9

    def _of(self, places: NDArray[np.int64]) -> float:
        return self._judge.value(self._judge.total(self._statistics[places]))
