"""Decide when the state of a run must be saved."""

from __future__ import annotations

import time

from seqloom.training.config import TrainingConfig
from seqloom.training.states.progress import Progress


class Saving:
    """Keeps track of the newest saved state and when it was saved.

    A state is `due` after each evaluation and at regular updates; it is `overdue` when the newest one is too old by the
    clock. After a skipped update it is neither, because a state in a series of skipped updates is no good one to go
    back to.
    """

    def __init__(self, training: TrainingConfig) -> None:
        self.every, self.seconds = training.checkpoint_every, 60 * training.checkpoint_minutes
        self.latest = (-1, -1)
        self._since = time.monotonic()

    def done(self, progress: Progress) -> None:
        """Note that this state was saved."""
        self.latest, self._since = (progress.step, progress.evaluated), time.monotonic()

    def due(self, progress: Progress) -> bool:
        """Whether the settings ask for this state and it is not saved yet; the answer is the same in all processes."""
        return self.regular(progress) and self._open(progress)

    def regular(self, progress: Progress) -> bool:
        """Whether the settings ask for a state after this update, regardless of the clock and of requests to stop."""
        return progress.step == progress.evaluated or (self.every > 0 and progress.step % self.every == 0)

    def overdue(self, progress: Progress) -> bool:
        """Whether the newest state is older than `checkpoint_minutes` allows, by the clock of this process."""
        return 0 < self.seconds <= time.monotonic() - self._since and self._open(progress)

    def _open(self, progress: Progress) -> bool:
        """Whether this state can be saved and is not saved yet."""
        return not progress.health.streak and self.latest != (progress.step, progress.evaluated)
