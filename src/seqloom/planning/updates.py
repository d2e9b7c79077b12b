"""How many updates a training makes, by what its pairs are like and how many there are."""

from __future__ import annotations

from collections.abc import Mapping

from seqloom.planning.config import Effort
from seqloom.planning.facts import Facts, Task
from seqloom.planning.rule import MANY

SHARES: Mapping[Effort, float] = {"quick": 0.4, "normal": 1.0, "best": 1.0}
"""The share of the planned updates that an effort makes."""
UPDATES: Mapping[Task, tuple[tuple[int, int], ...]] = {
    "labels": ((8_000, 1_000), (20_000, 1_500), (MANY, 6_000)),
    "tags": ((8_000, 1_500), (20_000, 2_500), (MANY, 6_000)),
    "transduction": ((8_000, 1_500), (20_000, 3_000), (MANY, 8_000)),
    "words": ((2_000, 2_500), (8_000, 3_000), (20_000, 5_000), (100_000, 8_000), (MANY, 20_000)),
    "sentences": ((15_000, 3_000), (100_000, 6_500), (MANY, 12_000)),
    "texts": ((20_000, 4_000), (100_000, 6_000), (MANY, 10_000)),
}
"""The number of updates for each task: pairs of a number of training pairs and the updates for fewer than these."""


def wanted_updates(facts: Facts) -> int:
    """How many updates training should make on pairs like these."""
    return next(updates for most, updates in UPDATES[facts.task] if facts.pairs < most)
