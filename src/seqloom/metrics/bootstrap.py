"""The paired bootstrap test between two systems (Koehn 2004, "Statistical significance tests for MT evaluation")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from seqloom.errors import ConfigError
from seqloom.metrics.base import Metric, Score, comparable
from seqloom.metrics.registry import metric


@dataclass(frozen=True)
class Comparison:
    """Two systems compared on the same examples.

    `difference` is the second system's value minus the first's, in points. `low` and `high` bound the central 95 % of
    the resampled differences. `second_wins` is the share of samples in which the second system is strictly better
    (Koehn 2004). `p_value` is two-sided: the share of samples whose difference deviates from the mean of all samples by
    at least the observed difference (Riezler and Maxwell 2005); it is 1 for equal systems.
    """

    metric: str
    first: Score
    second: Score
    difference: float
    low: float
    high: float
    p_value: float
    second_wins: float
    samples: int
    seed: int

    @property
    def significant(self) -> bool:
        """Whether the p-value is below 0.05."""
        return self.p_value < 0.05

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {**asdict(self), "first": self.first.to_json(), "second": self.second.to_json()}


def compare(
    measure: str | Metric,
    first: Sequence[str],
    second: Sequence[str],
    references: Sequence[str | Sequence[str]],
    *,
    samples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Test whether two systems differ by more than the random choice of test examples explains.

    Each of the `samples` draws as many examples as there are, with replacement, and the same ones for both systems.
    """
    if samples < 1:
        raise ConfigError(f"the number of bootstrap samples must be at least 1, not {samples}")
    measured = metric(measure) if isinstance(measure, str) else measure
    answers, accepted = comparable(first, references)
    others, _ = comparable(second, references)
    counts = measured.statistics(answers, accepted), measured.statistics(others, accepted)
    scores = measured.summed(counts[0], accepted), measured.summed(counts[1], accepted)
    size, random = len(accepted), np.random.default_rng(seed)
    values = np.empty((samples, 2))
    for row in values:
        drawn = np.bincount(random.integers(size, size=size), minlength=size).astype(np.float64)
        row[:] = [measured.value(measured.total(each, drawn)) for each in counts]
    differences = values[:, 1] - values[:, 0]
    seen = scores[1].value - scores[0].value
    low, high = np.quantile(differences, [0.025, 0.975])
    stray = np.abs(differences - differences.mean()) >= abs(seen) - 1e-9
    return Comparison(
        metric=measured.name,
        first=scores[0],
        second=scores[1],
        difference=seen,
        low=float(low),
        high=float(high),
        p_value=float((stray.sum() + 1) / (samples + 1)),
        second_wins=float(np.mean(differences > 0 if measured.higher_is_better else differences < 0)),
        samples=samples,
        seed=seed,
    )
