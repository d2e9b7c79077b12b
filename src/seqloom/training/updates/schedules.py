"""Learning rate schedules: functions from the number of the update, counted from 1, to a factor of the base rate.

Every kind begins with a linear warm-up, step / warmup, over the first `warmup` updates. After it:

| kind | factor |
|---|---|
| constant | 1 |
| cosine | floor + (1 − floor) · ½ (1 + cos(π · progress)), progress from 0 to 1 at the last planned update (Loshchilov and Hutter 2017, eq. 5) |
| inverse_sqrt | √(warmup / step) (Vaswani et al. 2017, eq. 3) |
| plateau | 1, times `Plateau.factor`, which shrinks when dev evaluations stop improving |
"""  # noqa: E501

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

from pydantic import Field

from seqloom.config import Section


class ScheduleConfig(Section):
    """How the learning rate changes during training."""

    kind: Literal["constant", "cosine", "inverse_sqrt", "plateau"] = "cosine"
    """Shape of the schedule after the warm-up."""
    warmup: int = Field(default=100, ge=0)
    """Number of updates over which the learning rate grows linearly to its full value."""
    floor: float = Field(default=0.01, ge=0, le=1)
    """Smallest factor of the full rate: cosine reaches it at the end, inverse_sqrt and plateau never go below it."""
    plateau_factor: float = Field(default=0.5, gt=0, lt=1)
    """Factor by which the rate is multiplied when dev evaluations stop improving; plateau only."""
    plateau_patience: int = Field(default=0, ge=0)
    """How many evaluations in a row may bring no improvement before the rate is lowered; plateau only."""


def constant(step: int, config: ScheduleConfig, total: int) -> float:  # noqa: ARG001
    """Return 1 for every update."""
    return 1.0


def cosine(step: int, config: ScheduleConfig, total: int) -> float:
    """Return half a cosine wave, from 1 at the end of the warm-up to `floor` at update `total`."""
    progress = min(1.0, (step - config.warmup) / max(1, total - config.warmup))
    return config.floor + (1 - config.floor) * 0.5 * (1 + math.cos(math.pi * progress))


def inverse_sqrt(step: int, config: ScheduleConfig, total: int) -> float:  # noqa: ARG001
    """Return the square root of warmup / step, but at least `floor`."""
    return max(config.floor, math.sqrt(max(1, config.warmup) / step))


SCHEDULES: dict[str, Callable[[int, ScheduleConfig, int], float]] = {
    "constant": constant,
    "cosine": cosine,
    "inverse_sqrt": inverse_sqrt,
    "plateau": constant,
}
"""The schedules by name."""


def rate_factor(step: int, config: ScheduleConfig, total: int) -> float:
    """Return the factor of the base learning rate for update `step` of `total` planned ones, warm-up included."""
    assert step >= 1, step
    if step <= config.warmup:
        return step / config.warmup
    return SCHEDULES[config.kind](step, config, total)


class Plateau(NamedTuple):
    """The state of the plateau schedule: the factor by which it has lowered the rate, and how many evaluations in a row
    since then brought no improvement."""

    factor: float = 1.0
    waited: int = 0

    def observe(self, *, better: bool, config: ScheduleConfig) -> Plateau:
        """Return the state after one more evaluation; after more than `plateau_patience` that are not `better`, the
        rate is lowered.

        Every other kind of schedule leaves the state as it is.
        """
        if config.kind != "plateau":
            return self
        if better:
            return Plateau(self.factor)
        if self.waited < config.plateau_patience:
            return Plateau(self.factor, self.waited + 1)
        return Plateau(max(config.floor, self.factor * config.plateau_factor))
