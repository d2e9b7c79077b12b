"""When the state of a run is to be saved."""

from __future__ import annotations

import time

from seqloom.training.config import TrainingConfig
from seqloom.training.states.progress import Progress


class Saving:
    """Remembers what the newest saved state is of, and since when it lies there.

    A state is due after each evaluation and at regular updates; by the clock it is overdue. In the middle of a row of
    skipped updates it is neither: such a state would be no good one to go back to.
    """

    def __init__(self, training: TrainingConfig) -> None:
        self.every, self.seconds = training.checkpoint_every, 60 * training.checkpoint_minutes
        self.latest = (-1, -1)
        self._since = time.monotonic()

    def done(self, progress: Progress) -> None:
        """This state is on the disk."""
        self.latest, self._since = (progress.step, progress.evaluated), time.monotonic()

    def due(self, progress: Progress) -> bool:
        """Whether this state is to be saved, alike in all processes."""
        return self.regular(progress) and self._open(progress)

    def regular(self, progress: Progress) -> bool:
        """Whether the settings ask for a state after this update, whoever stops the run and whatever the clock says."""
        return progress.step == progress.evaluated or (self.every > 0 and progress.step % self.every == 0)

    def overdue(self, progress: Progress) -> bool:
        """Whether the newest state is older than it may be by this process's clock."""
        return 0 < self.seconds <= time.monotonic() - self._since and self._open(progress)

    def _open(self, progress: Progress) -> bool:
        return not progress.health.streak and self.latest != (progress.step, progress.evaluated)
