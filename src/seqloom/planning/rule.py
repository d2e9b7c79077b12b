"""A rule by which settings that are not given are chosen: one row of the table in `planning.rules`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from seqloom.planning.facts import TASKS, Facts, Task

EVERY: tuple[Task, ...] = tuple(TASKS)
MANY = 10**12
"""A number of pairs that no corpus has."""


@dataclass(frozen=True)
class Rule:
    """One row of the table.

    - `settings`: what is chosen, by dotted name
    - `why`: the reason, which is said before training
    - `measured`: the measurement behind it
    - `tasks`, `pairs`: for which tasks, and for corpora of at least the first and fewer than the second number of pairs
    - `when`: a condition on other facts
    - `unless`: given settings with which nothing is chosen
    - `together`: whether the settings are chosen together or not at all
    """

    settings: Mapping[str, Any]
    why: str
    measured: str
    tasks: tuple[Task, ...] = EVERY
    pairs: tuple[int, int] = (0, MANY)
    when: Callable[[Facts], bool] | None = None
    unless: tuple[str, ...] = ()
    together: bool = False

    def holds(self, facts: Facts) -> bool:
        """Whether the rule is for pairs like these."""
        least, most = self.pairs
        return facts.task in self.tasks and least <= facts.pairs < most and (not self.when or self.when(facts))


def is_given(name: str, given: Collection[str]) -> bool:
    """Whether a setting, or a part of a section, is among the given ones."""
    return any(each == name or each.startswith(f"{name}.") for each in given)
