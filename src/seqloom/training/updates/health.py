"""Updates whose loss or gradient is not finite: each is skipped, and after many in a row the run goes back to a saved
state.

Whether an update is skipped is decided on the device, without waiting for it. On a GPU the program learns of it `lag`
updates later, when the device has long finished that update. The result does not depend on this delay, because going
back restores everything of the earlier state, and the same updates lead to the same decision.
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
LONG_LAG = 8
"""How many updates a GPU may be behind the program before the program waits for it."""


class HealthConfig(Section):
    """What happens when the loss or a gradient is not finite."""

    skips: int = Field(default=5, ge=1)
    """Number of skipped updates in a row after which the run goes back to its last good state."""
    returns: int = Field(default=3, ge=0)
    """How often a run may go back before it stops with an error."""
    rate_factor: float = Field(default=0.5, gt=0, le=1)
    """Factor by which the learning rate is multiplied each time the run goes back, for the rest of the run."""


class Health(NamedTuple):
    """How many updates were `skipped` in all, how often the run went back (`returns`), and the skips in a row up to
    now: how many they are (`streak`) and which update was the `first`."""

    skipped: int = 0
    returns: int = 0
    streak: int = 0
    first: int = 0

    def after(self, step: int, healthy: bool) -> Health:
        """Return the counts after one more update."""
        if healthy:
            return self._replace(streak=0, first=0)
        return Health(self.skipped + 1, self.returns, self.streak + 1, self.first or step)


@dataclass(frozen=True)
class Taken:
    """An update that was made or skipped, and the rows of the corpus in its batches."""

    step: int
    done: Update
    rows: NDArray[np.int64]

    def skipped(self, epoch: int, count: int, lines: Mapping[str, tuple[int, ...]]) -> SkipReport:
        """Return the report that this update was skipped, as the `count`th one of the run; `lines` are those of its
        pairs, by file."""
        loss, norm = float(self.done.nll) / self.done.tokens, float(self.done.gradient_norm)
        return SkipReport(epoch, self.step, _finite(loss), _finite(norm), count, lines)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


class Watch:
    """Updates for which the program does not know yet whether they were skipped."""

    def __init__(self, device: str) -> None:
        self.lag = LAG.get(device, LONG_LAG)
        self._unread: list[Taken] = []

    def add(self, taken: Taken) -> None:
        """Add an update that was just made."""
        self._unread.append(taken)

    def read(self, *, everything: bool) -> Iterator[tuple[Taken, bool]]:
        """Yield updates and whether they were healthy, oldest first; the latest `lag` ones only with `everything`."""
        while len(self._unread) > (0 if everything else self.lag):
            taken = self._unread.pop(0)
            yield taken, bool(taken.done.healthy)

    def forget(self) -> None:
        """Discard all updates that have not been read."""
        self._unread.clear()
