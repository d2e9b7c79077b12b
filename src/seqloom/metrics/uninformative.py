"""Detection of metrics that say nothing about some data, because even correct predictions get the worst value.

BLEU needs matches of four words in a row, and ROUGE-2 of two words. Shorter targets have none, so that a correct
prediction scores no better than a wrong one. If many targets are that short, the metric cannot tell models apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from seqloom.evenly import evenly
from seqloom.metrics.base import Metric, comparable
from seqloom.metrics.registry import metric

SAMPLED = 1000
"""The number of targets, spread evenly over the data, that are examined."""
SAID, REFUSED = 0.5, 0.9
"""From the first share of such targets on there is a warning; from the second on a metric cannot select models."""


def blind_share(measure: str | Metric, targets: Sequence[str]) -> float:
    """The share of targets that get the worst value even if the prediction equals the target."""
    measured = metric(measure) if isinstance(measure, str) else measure
    sample = [targets[row] for row in evenly(len(targets), SAMPLED)]
    answers, accepted = comparable(sample, sample)
    rows = measured.statistics(answers, accepted)
    worst = 100.0 - measured.perfect
    return sum(measured.value(measured.total(row[None])) == worst for row in rows) / len(sample)


def blind_sentence(measure: str, targets: Sequence[str]) -> str:
    """A warning if a metric says nothing about at least half of the targets, otherwise an empty text."""
    share = blind_share(measure, targets)
    if share < SAID:
        return ""
    return (
        f"{measure} says nothing of {100 * share:.0f} % of the targets: they are so short that even the right answer "
        "gets 0; chrf or exact_match tells models apart"
    )
