"""Where a measure says nothing: targets for which even the right answer gets nothing.

BLEU compares runs of four words and ROUGE-2 pairs of words. A target with fewer has none, so that a right answer counts
as little as a wrong one, and a measure of many such targets cannot tell models apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from seqloom.metrics.base import Metric, comparable
from seqloom.metrics.registry import metric

SAMPLED = 1000
"""Targets that are looked at, spread evenly."""
SAID, REFUSED = 0.5, 0.9
"""From which share on a measure that says nothing is warned of, and is nothing to select by."""


def blind_share(measure: str | Metric, targets: Sequence[str]) -> float:
    """The share of the targets that get the worst figure even where they are answered with themselves."""
    measured = metric(measure) if isinstance(measure, str) else measure
    count = min(SAMPLED, len(targets))
    sample = [targets[index * len(targets) // count] for index in range(count)]
    answers, accepted = comparable(sample, sample)
    rows = measured.statistics(answers, accepted)
    worst = 100.0 - measured.perfect
    return sum(measured.value(measured.total(row[None])) == worst for row in rows) / count


def blind_sentence(measure: str, targets: Sequence[str]) -> str:
    """A warning where a measure says nothing of half of the targets or more; empty otherwise."""
    share = blind_share(measure, targets)
    if share < SAID:
        return ""
    return (
        f"{measure} says nothing of {100 * share:.0f} % of the targets: they are so short that even the right answer "
        "gets 0; chrf or exact_match tells models apart"
    )
