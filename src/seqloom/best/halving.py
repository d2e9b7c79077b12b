"""Successive halving (Jamieson & Talwalkar 2016): many plans get a short run, and the better half a longer one."""

from __future__ import annotations

import math
from collections.abc import Sequence

from seqloom.best.parts import Part, Parts
from seqloom.best.variants import Settings

SHARES = (0.25, 0.5)
"""The share of a whole run's updates that each round makes."""


def chosen_plan(parts: Parts, candidates: Sequence[Settings]) -> tuple[Settings, list[Part]]:
    """The settings that were best in the last round, and all runs.

    After each round the better half of the candidates, rounded up, goes on to the next one. Every run begins anew, so
    that its learning rate falls over the length that it has.
    """
    numbered = list(enumerate(candidates))
    made: list[Part] = []
    for turn, share in enumerate(SHARES, start=1):
        ran = [
            (number, parts.trained(f"plan-{number}-round-{turn}", settings, share=share))
            for number, settings in numbered
        ]
        made += [part for _, part in ran]
        kept = []
        for _ in range(math.ceil(len(ran) / 2)):
            best = parts.best([part for _, part in ran])
            kept.append(next(each for each in ran if each[1] is best))
            ran.remove(kept[-1])
        numbered = [(number, part.settings) for number, part in kept]
        if len(numbered) == 1:
            break
    return numbered[0][1], made


def runs_of(candidates: int) -> float:
    """How many whole runs choosing among so many candidates is worth."""
    total, left = 0.0, candidates
    for share in SHARES:
        total, left = total + share * left, math.ceil(left / 2)
        if left == 1:
            break
    return total
