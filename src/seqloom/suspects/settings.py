"""The settings of the models that judge pairs: small networks that are trained fast."""

from __future__ import annotations

from typing import Any

from seqloom.config import Settings, build, laid_over, merged
from seqloom.errors import ConfigError
from seqloom.training import RunConfig
from seqloom.training.fine_tuning import adopted
from seqloom.training.runs import use_listed

QUICK: dict[str, Any] = {
    "data": {"dev_count": 0},
    "model": {
        "embedding": 64,
        "hidden": 128,
        "dropout": 0.1,
        "embedding_dropout": 0.1,
        "decoder": {"layers": 1},
    },
    "training": {
        "checkpoint_minutes": 1.0,
        "batch": {"tokens": 1024},
        "optimiser": {"learning_rate": 0.004},
        "schedule": {"warmup": 50},
    },
    "search": {"beam": 4},
    "plan": {"effort": "none"},
}
"""What differs from the defaults. Without dev data the last weights judge: nothing is spent on choosing better ones."""
EPOCHS = ((1_000, 40), (2_000, 25), (5_000, 15), (20_000, 8), (100_000, 3))
"""Numbers of pairs and, for as many, how often a model reads its pairs; more pairs are read twice."""


def quick_config(settings: Settings = ()) -> RunConfig:
    """The configuration of a judging model: `QUICK` with the user's settings laid over it."""
    values = merged(QUICK, laid_over({}, settings))
    use_listed(values)
    return build(RunConfig, adopted(values))


def with_length(config: RunConfig, pairs: int, folds: int, minutes: float | None = None) -> RunConfig:
    """The configuration with the length of the training of each of `folds` models.

    It is the given one, or a share of `minutes`, the time of all of them together, or a number of epochs that follows
    from the number of pairs. Raises `ConfigError` where more than one of them is given.
    """
    if minutes is not None:
        if minutes <= 0:
            raise ConfigError(f"minutes must be above 0, not {minutes:g}")
        if config.training.epochs != "auto" or config.training.max_steps:
            raise ConfigError("--minutes and the settings both say how long to train", hint="give one of them")
        return config.replace(plan=config.plan.replace(minutes=minutes / folds))
    if config.training.epochs != "auto" or config.training.max_steps or config.plan.minutes:
        return config
    epochs = next((epochs for most, epochs in EPOCHS if pairs <= most), 2)
    return config.replace(training=config.training.replace(epochs=epochs))
