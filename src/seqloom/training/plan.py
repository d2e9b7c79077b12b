"""How many updates a run makes: what the learning rate's schedule follows and what reports show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from seqloom.data import BatchSampler
from seqloom.data.batching import Position

COUNTED = 2_000_000
"""Rows of all epochs together up to which the batches of every epoch are counted before the first update."""
LEAST = 500
"""Rows as which an epoch counts at least: drawing a small one takes its time, too."""


BEGINNING = Position()


@dataclass(frozen=True)
class Plan:
    """The updates of `epochs` passes, each of `accumulate` batches or what an epoch has left, or `max_steps` of them.

    Every epoch draws its batches anew, so that their number changes a little from one epoch to the next. Where there
    are few enough to count the batches of all epochs first, the plan is exact from the beginning. Otherwise all later
    epochs count as much as the one at work, so that the plan is exact when the last epoch begins.
    """

    sampler: BatchSampler
    epochs: int
    accumulate: int
    max_steps: int

    def total(self, step: int = 0, position: Position = BEGINNING) -> int:
        """Updates of the whole run, as known after `step` of them, when the next batch is the one at `position`."""
        if not self.epochs:
            return self.max_steps
        planned = self._exact or self._expected(step, position)
        return min(planned, self.max_steps) if self.max_steps else planned

    @cached_property
    def _exact(self) -> int:
        """The updates of all epochs, counted as far as `max_steps`; 0 where that would take too long."""
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
