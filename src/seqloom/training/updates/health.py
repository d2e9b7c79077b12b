"""Numbers that go wrong: an update whose loss or gradient is not finite is skipped; many in a row send the run back.

Whether an update was skipped is decided where its numbers are, without waiting for them; a run on a GPU learns of it
`lag` updates later, when the device has long been through with it. Nothing depends on when it is learned: going back
means all of an earlier state, and the same updates lead to the same return.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from seqloom.config import Section
from seqloom.training.reports import SkipReport
from seqloom.training.updates.step import Update

LAG = {"cpu": 0}
LONG_LAG = 8  # updates that a device may be behind the program before it is waited for


class HealthConfig(Section):
    """What happens when the loss or a gradient is not a finite number."""

    skips: int = Field(default=5, ge=1)
    """Updates in a row that are skipped before the run goes back to its last good state."""
    returns: int = Field(default=3, ge=0)
    """How often a run goes back before it stops with an error."""
    rate_factor: float = Field(default=0.5, gt=0, le=1)
    """By what the learning rate is multiplied at each return, for the rest of the run."""


class Health(NamedTuple):
    """How many updates were `skipped` in all, how often the run went back, and the row of skips up to now: its
    length and the update that it began with."""

    skipped: int = 0
    returns: int = 0
    streak: int = 0
    first: int = 0

    def after(self, step: int, healthy: bool) -> Health:
        """The health after one more update."""
        if healthy:
            return self._replace(streak=0, first=0)
        return Health(self.skipped + 1, self.returns, self.streak + 1, self.first or step)


@dataclass(frozen=True)
class Taken:
    """An update that was taken or skipped, and the rows of the corpus that it saw."""

    step: int
    done: Update
    rows: NDArray[np.int64]

    def skipped(self, epoch: int, count: int, lines: Mapping[str, tuple[int, ...]]) -> SkipReport:
        """What to say if it was skipped, the `count`th in the run; `lines` are those of its pairs."""
        loss, norm = float(self.done.nll) / self.done.tokens, float(self.done.gradient_norm)
        return SkipReport(epoch, self.step, _finite(loss), _finite(norm), count, lines)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


class Watch:
    """Updates of which it is not known yet whether they were skipped."""

    def __init__(self, device: str) -> None:
        self.lag = LAG.get(device, LONG_LAG)
        self._unread: list[Taken] = []

    def add(self, taken: Taken) -> None:
        """One more."""
        self._unread.append(taken)

    def read(self, *, everything: bool) -> Iterator[tuple[Taken, bool]]:
        """Updates and whether they were healthy, oldest first; the latest ones only where `everything` is asked for."""
        while len(self._unread) > (0 if everything else self.lag):
            taken = self._unread.pop(0)
            yield taken, bool(taken.done.healthy)

    def forget(self) -> None:
        """Nothing that is still unread counts any more."""
        self._unread.clear()
