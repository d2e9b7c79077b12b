"""How long a run is where its settings leave it open, and what is to be said of a run that is short.

A network needs thousands of updates, whatever the size of the corpus: few pairs are read many times, many pairs a few
times, and of a very large corpus only a part is read.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from seqloom.data import BatchSampler
from seqloom.training.config import TrainingConfig
from seqloom.training.plan import Plan

UPDATES = ((2_000, 3_000), (20_000, 4_000), (100_000, 6_000))
"""Up to so many training pairs, so many updates."""
MOST_UPDATES = 10_000
"""Updates for larger corpora."""
MOST_EPOCHS = 60
"""More passes than this teach a network a small corpus by heart and no more."""
EVALUATIONS = 20
"""So often the dev data are looked at where one look an epoch would be more often, or none."""
FEW_UPDATES = 1_000
"""A run of fewer updates than this is warned of."""


@dataclass(frozen=True)
class Length:
    """A run's length: settings of the training without `auto`, the plan of its updates, what is to be said of them."""

    training: TrainingConfig
    plan: Plan
    notices: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def settle_length(training: TrainingConfig, sampler: BatchSampler) -> Length:
    """How long to train in the batches of `sampler`, warm-up included."""
    per_epoch = math.ceil(sampler.count(0) / training.accumulate)
    notices: list[str] = []
    warnings: list[str] = []
    if training.epochs == "auto":
        training, notices = _long_enough(training, per_epoch, sampler.rows)
    plan = Plan(sampler, training.passes, training.accumulate, training.max_steps)
    total = plan.total()
    if training.schedule.warmup > total // 4:
        schedule = training.schedule.replace(warmup=total // 4)
        notices.append(f"warm-up shortened to {schedule.warmup} updates, a quarter of the {total:,} planned ones")
        training = training.replace(schedule=schedule)
    if total < FEW_UPDATES and not training.start_from:  # a trained network needs fewer to learn what is new
        warnings.append(_few(total, sampler.rows, per_epoch))
    return Length(training, plan, notices, warnings)


def wanted_updates(pairs: int) -> int:
    """How many updates a corpus of so many pairs is worth."""
    return next((updates for most, updates in UPDATES if pairs <= most), MOST_UPDATES)


def _long_enough(training: TrainingConfig, per_epoch: int, pairs: int) -> tuple[TrainingConfig, list[str]]:
    """The settings with a number of epochs, or of updates, for `auto`; `max_steps` alone counts where it is given."""
    if training.max_steps:
        return training.replace(epochs=0), []
    wanted = wanted_updates(pairs)
    epochs = min(MOST_EPOCHS, round(wanted / per_epoch))
    if epochs:
        training = training.replace(epochs=epochs)
        said = f"{epochs} epochs of about {per_epoch:,} updates, by the number of training pairs"
    else:
        training = training.replace(epochs=0, max_steps=wanted)
        said = f"{wanted:,} updates, which read {wanted / per_epoch:.0%} of the training pairs"
    every = math.ceil((epochs * per_epoch or wanted) / EVALUATIONS)
    if not training.evaluate_every and (not epochs or every > per_epoch):
        training = training.replace(evaluate_every=every)
        said += f"; the dev data are looked at every {every:,} updates"
    return training, [said]


def _few(total: int, pairs: int, per_epoch: int) -> str:
    enough = math.ceil(FEW_UPDATES / per_epoch)
    return (
        f"only {total:,} updates are planned, and a network seldom learns a task in fewer than {FEW_UPDATES:,}: "
        f"with {pairs:,} pairs that takes training.epochs={enough:,} at {per_epoch:,} updates an epoch, "
        "fewer with a smaller training.batch.tokens; more pairs help more"
    )
