"""Count the updates of a run, before and while it trains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from seqloom.data import BatchSampler
from seqloom.data.batching import Position

COUNTED = 2_000_000
"""Number of rows, summed over all epochs, up to which the batches of every epoch are counted before training starts."""
LEAST = 500
"""Number of rows that an epoch counts for at least, because drawing the batches of a small epoch takes time, too."""


BEGINNING = Position()


@dataclass(frozen=True)
class UpdateCount:
    """The planned updates: `epochs` passes with `accumulate` batches per update, or at most `max_steps` updates.

    The last update of an epoch takes the batches that are left. Every epoch draws its batches anew, so their number
    changes a little from one epoch to the next. Where there are few enough, the batches of all epochs are counted
    first, and the count is exact from the beginning. Otherwise every later epoch is assumed to have as many updates as
    the current one, so that the count is exact once the last epoch begins.
    """

    sampler: BatchSampler
    epochs: int
    accumulate: int
    max_steps: int

    def total(self, step: int = 0, position: Position = BEGINNING) -> int:
        """Return the updates of the whole run, as far as known after `step` updates with the next batch at
        `position`."""
        if not self.epochs:
            return self.max_steps
        planned = self._exact or self._expected(step, position)
        return min(planned, self.max_steps) if self.max_steps else planned

    @cached_property
    def _exact(self) -> int:
        """The updates of all epochs, counted up to `max_steps`; 0 where counting them would take too long."""
        if self.epochs * max(LEAST, self.sampler.rows) > COUNTED:
            return 0
        made = 0
        for epoch in range(self.epochs):
            made += self._updates(epoch)
            if 0 < self.max_steps <= made:
                break
        return made

    def _expected(self, step: int, position: Position) -> int:
        begun = step - math.ceil(position.index / self.accumulate)
        left = self.epochs - position.epoch
        return begun + left * self._updates(position.epoch) if left > 0 else step

    def _updates(self, epoch: int) -> int:
        return math.ceil(self.sampler.count(epoch) / self.accumulate)
