"""The Optuna study behind a sweep: opened or joined, with a sampler whose draws follow from the trial's number."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from seqloom.config import differences
from seqloom.errors import ConfigError, missing_package
from seqloom.sweeps.sweep import Sweep
from seqloom.training import RunConfig

try:
    import optuna
    from optuna.samplers import BaseSampler, RandomSampler, TPESampler
    from optuna.trial import FrozenTrial
except ImportError:
    raise missing_package("optuna", "sweep", "a sweep") from None

DEFINITION = "sweep"
FREE = {"data": ("cache", "cache_above_mb"), "training": ("device", "log_every", "checkpoint_every", "keep_states")}
"""Settings in which workers on one study may differ."""


class NumberedSampler(BaseSampler):
    """A sampler that begins anew with each trial, from the seed and the trial's number.

    So what is proposed depends on the finished trials alone, and a sweep that goes on proposes what an unbroken one
    would; two workers draw differently, as their trials have different numbers.
    """

    def __init__(self, kind: str, seed: int, startup: int) -> None:
        self._kind, self._seed, self._startup = kind, seed, startup
        self._inner: BaseSampler = self._for(0)

    def before_trial(self, study: Any, trial: FrozenTrial) -> None:
        """Begin anew."""
        self._inner = self._for(trial.number)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Any, trial: FrozenTrial) -> dict[str, Any]:
        """As the sampler inside does."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(self, study: Any, trial: FrozenTrial, search_space: dict[str, Any]) -> dict[str, Any]:
        """As the sampler inside does."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(self, study: Any, trial: FrozenTrial, param_name: str, param_distribution: Any) -> Any:
        """As the sampler inside does."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Any, trial: FrozenTrial, state: Any, values: Any) -> None:
        """As the sampler inside does."""
        self._inner.after_trial(study, trial, state, values)

    def _for(self, number: int) -> BaseSampler:
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        if self._kind == "random":
            return RandomSampler(seed=seed)
        return TPESampler(seed=seed, n_startup_trials=self._startup)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Optuna says only what is wrong, for a while: the sweep has words of its own."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def open_study(sweep: Sweep, storage: str) -> optuna.Study:
    """The study in a storage, made where it is not there; one that was begun with other settings is refused."""
    section, base = sweep.section, sweep.base
    try:
        study = optuna.create_study(
            storage=storage,
            study_name=sweep.name,
            sampler=NumberedSampler(section.sampler, section.seed, section.startup),
            pruner=_pruner(sweep, base),
            direction="maximize" if base.training.selection.higher_is_better else "minimize",
            load_if_exists=True,
        )
    except Exception as error:  # drivers raise what they like
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(
            f"the storage cannot be opened: {reason}",
            hint="--storage takes a URL of Optuna, such as sqlite:///study.db",
        ) from error
    own = _definition(sweep, base)
    begun = study.user_attrs.get(DEFINITION)
    if begun is None:
        study.set_user_attr(DEFINITION, own)
        return study
    for key, old, new in differences(begun, own):
        raise ConfigError(
            f"the study {sweep.name} was begun with another {'.'.join(key)}: {old!r}, not {new!r}",
            where=str(sweep.path),
            hint="give it another name in [sweep], and name another --output",
        )
    return study


def _pruner(sweep: Sweep, base: RunConfig) -> optuna.pruners.BasePruner:
    section, training = sweep.section, base.training
    if section.pruner == "median":
        return optuna.pruners.MedianPruner(section.startup, n_warmup_steps=section.warmup)
    if section.pruner == "hyperband":
        planned = training.epochs if training.epochs and not training.evaluate_every and not training.max_steps else 0
        return optuna.pruners.HyperbandPruner(section.warmup, max(planned, section.warmup) if planned else "auto")
    return optuna.pruners.NopPruner()


def _definition(sweep: Sweep, base: RunConfig) -> dict[str, Any]:
    """What all workers on a study must agree on, as plain values."""
    section = sweep.section.model_dump(exclude={"base", "name", "trials", "keep"})
    run = base.model_dump()
    for name, free in FREE.items():
        run[name] = {key: value for key, value in run[name].items() if key not in free}
    space = {name: dimension.model_dump() for name, dimension in sweep.space.items()}
    plain: dict[str, Any] = json.loads(json.dumps({"sweep": section, "space": space, **run}, default=str))
    return plain


def evaluation_number(step: int, epoch: int, config: RunConfig) -> int:
    """Which evaluation of its trial one is, counted from 1, however often the run was cut short."""
    every = config.training.evaluate_every
    return math.ceil(step / every) if every else epoch
