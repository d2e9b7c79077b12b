"""Choose how long to train where the settings leave it open (`epochs = "auto"`), and warn of runs that are too short.

A network needs thousands of updates, whatever the size of the corpus: a small corpus is read many times, a large one a
few times, and of a very large one only a part is read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from seqloom.data import BatchSampler
from seqloom.training.config import TrainingConfig
from seqloom.training.update_count import UpdateCount

UPDATES = ((2_000, 3_000), (20_000, 4_000), (100_000, 6_000))
"""Pairs of a number of training pairs and the number of updates for a corpus of up to that size."""
MOST_UPDATES = 10_000
"""Number of updates for corpora larger than those in `UPDATES`."""
MOST_EPOCHS = 60
"""Largest number of epochs that is chosen without a plan: with more, a network only memorises a small corpus."""
MOST_PLANNED_EPOCHS = 400
"""The same for a plan, which also regularises; so that a handful of pairs takes seconds."""
EVALUATIONS = 20
"""Number of dev evaluations in a run whose length is chosen, where one per epoch would be more often or none at all."""
FEW_UPDATES = 1_000
"""A run with fewer updates than this gets a warning."""


@dataclass(frozen=True)
class Length:
    """The length of a run: the training settings without `auto`, the count of its updates, notices and warnings to
    show, and a sentence on a warm-up that was `shortened`."""

    training: TrainingConfig
    updates: UpdateCount
    notices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    shortened: str = ""


def settle_length(training: TrainingConfig, sampler: BatchSampler, planned: int = 0, *, timed: bool = False) -> Length:
    """Choose how long to train in the batches of `sampler`, and shorten the warm-up to at most a quarter of the
    updates.

    `planned` is the number of updates that a plan wants; with 0, they are chosen by the number of pairs alone.
    Of a run that is `timed`, it was said before whether the time is enough.
    """
    per_epoch = math.ceil(sampler.count(0) / training.accumulate)
    notices: list[str] = []
    warnings: list[str] = []
    shortened = ""
    if training.epochs == "auto":
        training, notices = _long_enough(training, per_epoch, sampler.rows, planned)
    updates = UpdateCount(sampler, training.passes, training.accumulate, training.max_steps)
    total = updates.total()
    if training.schedule.warmup > total // 4:
        schedule = training.schedule.replace(warmup=total // 4)
        shortened = f"warm-up shortened to {schedule.warmup} updates, a quarter of the {total:,} planned ones"
        training = training.replace(schedule=schedule)
    if total < FEW_UPDATES and not training.start_from and not timed:  # fine-tuning needs fewer updates
        warnings.append(_few(total, sampler.rows, per_epoch))
    return Length(training, updates, notices, warnings, shortened)


def wanted_updates(pairs: int) -> int:
    """Return how many updates to make on a corpus of so many training pairs."""
    return next((updates for most, updates in UPDATES if pairs <= most), MOST_UPDATES)


def _long_enough(
    training: TrainingConfig, per_epoch: int, pairs: int, planned: int
) -> tuple[TrainingConfig, list[str]]:
    """Replace `epochs = "auto"` by a number of epochs, or of updates for a very large corpus; where `max_steps` is
    given, it alone counts."""
    if training.max_steps:
        return training.replace(epochs=0), []
    wanted = planned or wanted_updates(pairs)
    epochs = min(MOST_PLANNED_EPOCHS if planned else MOST_EPOCHS, round(wanted / per_epoch))
    if epochs:
        training = training.replace(epochs=epochs)
        by = "by the plan" if planned else "by the number of training pairs"
        said = f"{epochs} epochs of about {per_epoch:,} updates, {by}"
    else:
        training = training.replace(epochs=0, max_steps=wanted)
        said = f"{wanted:,} updates, which read {wanted / per_epoch:.0%} of the training pairs"
    every = math.ceil((epochs * per_epoch or wanted) / EVALUATIONS)
    if not training.evaluate_every and (not epochs or every > per_epoch):
        training = training.replace(evaluate_every=every)
        said += f"; the dev data are evaluated every {every:,} updates"
    return training, [said]


def _few(total: int, pairs: int, per_epoch: int) -> str:
    enough = math.ceil(FEW_UPDATES / per_epoch)
    return (
        f"only {total:,} updates are planned, and a network seldom learns a task in fewer than {FEW_UPDATES:,}: "
        f"with {pairs:,} pairs that takes training.epochs={enough:,} at {per_epoch:,} updates an epoch, "
        "fewer with a smaller training.batch.tokens; more pairs help more"
    )
