"""Sources with several different targets: which ones have the most, and where they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.data.examples import Example

WORST, TARGETS = 5, 10
"""How many sources are shown, those with the most different targets, and how many targets of each."""


@dataclass(frozen=True)
class Contradiction:
    """A source with its tags, the number of its different targets, and the first of them, each with its place."""

    source: str
    tags: tuple[str, ...]
    different: int
    targets: tuple[tuple[str, str], ...]

    def shown(self) -> str:
        """The contradiction in a few words."""
        named = " and ".join(f"{_cut(target)!r} at {where}" for target, where in self.targets[:2])
        return f"{_cut(self.source)!r} has {self.different:,}, such as {named}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        targets = [{"target": target, "where": where} for target, where in self.targets]
        return {"source": self.source, "tags": list(self.tags), "different": self.different, "targets": targets}


def contradicting_rows(sources: NDArray[np.int64], pairs: NDArray[np.int64]) -> dict[int, int]:
    """The rows, from 0, of the first different pairs of the sources with the most different targets.

    `sources` and `pairs` hold a hash for each row. The value of a row is the number of different targets of its source.
    """
    _, first = np.unique(pairs, return_index=True)
    first = np.sort(first)
    _, places, counts = np.unique(sources[first], return_inverse=True, return_counts=True)
    worst = np.argsort(-counts, kind="stable")[:WORST]
    rows: dict[int, int] = {}
    for each in worst[counts[worst] > 1]:
        rows |= {int(row): int(counts[each]) for row in first[places == each][:TARGETS]}
    return rows


def contradictions_in(examples: Iterable[Example], rows: Mapping[int, int]) -> tuple[Contradiction, ...]:
    """The contradictions in the rows that `contradicting_rows` found, those with the most targets first."""
    gathered: dict[tuple[str, tuple[str, ...]], list[tuple[str, str]]] = {}
    different: dict[tuple[str, tuple[str, ...]], int] = {}
    last = max(rows, default=-1)
    for row, example in enumerate(examples):
        if row in rows:
            key = (example.source, example.tags)
            gathered.setdefault(key, []).append((example.target, str(example.origin)))
            different[key] = rows[row]
        if row >= last:
            break
    found = [Contradiction(*key, different[key], tuple(targets)) for key, targets in gathered.items()]
    return tuple(sorted(found, key=lambda each: -each.different))


def _cut(text: str, longest: int = 30) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
