"""The Optuna study of a sweep: opened or joined, with a sampler whose proposals depend on the number of the trial."""

from __future__ import annotations

import contextlib
import json
import math
import re
import secrets
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from seqloom.config import differences
from seqloom.data.cache import cache_folder, uses_cache
from seqloom.data.digests import content_digests
from seqloom.errors import ConfigError, missing_package
from seqloom.sweeps.sweep import Sweep
from seqloom.training import RunConfig
from seqloom.training.provenance.record import data_files
from seqloom.training.resume_settings import PASSING

try:
    import optuna
    from optuna.samplers import BaseSampler, RandomSampler, TPESampler
    from optuna.trial import FrozenTrial
except ImportError:
    raise missing_package("optuna", "sweep", "a sweep") from None

DEFINITION = "sweep"
"""Name of the study's attribute that holds what its workers must agree on."""
PATIENCE = 50
"""Tenths of a second to wait until the worker that made a study has stored its definition."""


class NumberedSampler(BaseSampler):
    """A sampler that is created anew for each trial, seeded by the seed of the sweep and the trial's number.

    Its proposals therefore depend on the finished trials only: a resumed sweep proposes what an uninterrupted one
    would. Two workers draw differently, because their trials have different numbers.
    """

    def __init__(self, kind: str, seed: int, startup: int) -> None:
        self._kind, self._seed, self._startup = kind, seed, startup
        self._inner: BaseSampler = self._for(0)

    def before_trial(self, study: Any, trial: FrozenTrial) -> None:
        """Create the sampler of this trial."""
        self._inner = self._for(trial.number)
        self._inner.before_trial(study, trial)

    def infer_relative_search_space(self, study: Any, trial: FrozenTrial) -> dict[str, Any]:
        """Delegate to the sampler of this trial."""
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(self, study: Any, trial: FrozenTrial, search_space: dict[str, Any]) -> dict[str, Any]:
        """Delegate to the sampler of this trial."""
        return self._inner.sample_relative(study, trial, search_space)

    def sample_independent(self, study: Any, trial: FrozenTrial, param_name: str, param_distribution: Any) -> Any:
        """Delegate to the sampler of this trial."""
        return self._inner.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Any, trial: FrozenTrial, state: Any, values: Any) -> None:
        """Delegate to the sampler of this trial."""
        self._inner.after_trial(study, trial, state, values)

    def _for(self, number: int) -> BaseSampler:
        seed = int(np.random.SeedSequence([self._seed, number]).generate_state(1)[0])
        if self._kind == "random":
            return RandomSampler(seed=seed)
        return TPESampler(seed=seed, n_startup_trials=self._startup)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let Optuna log only warnings and errors within the context, because the sweep shows its own progress."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def open_study(sweep: Sweep, storage: str, *, begun: bool = False) -> optuna.Study:
    """Return the study in a storage, creating it where it does not exist; one that was `begun` before must exist.

    Raises ConfigError where the storage cannot be opened, or where the study was begun with other settings or data.
    """
    try:
        study, made = _found(sweep, storage, begun=begun)
    except KeyError:
        raise ConfigError(
            f"the storage {masked(storage)} has no study {sweep.name}, to which the folder belongs",
            where=str(sweep.path),
            hint="name the --storage that it was begun with, or another --output",
        ) from None
    except Exception as error:  # each database driver has exceptions of its own
        reason = (str(error).splitlines() or [type(error).__name__])[0].replace(storage, masked(storage))
        raise ConfigError(
            f"the storage cannot be opened: {reason}",
            hint="--storage takes a URL of Optuna, such as sqlite:///study.db",
        ) from None
    own = _definition(sweep, sweep.base)
    known = _agreed(study, own, made=made)
    for key, old, new in differences({**known, "id": ""}, {**own, "id": ""}):
        changed = (
            f"another content of {key[1]}" if key[0] == "files" else f"another {'.'.join(key)}: {old!r}, not {new!r}"
        )
        raise ConfigError(
            f"the study {sweep.name} was begun with {changed}",
            where=str(sweep.path),
            hint="give it another name in [sweep], and name another --output",
        )
    return study


def identity(study: optuna.Study) -> str:
    """Return the random id of a study, which distinguishes it from others of the same name."""
    return str(study.user_attrs[DEFINITION]["id"])


def masked(storage: str) -> str:
    """Return the URL of a storage with its password masked."""
    hidden = re.sub(r"(://[^/@:]*):.*@", r"\1:***@", storage)
    return re.sub(r"([?&](?:password|passwd|pwd)=)[^&]*", r"\1***", hidden, flags=re.IGNORECASE)


def _found(sweep: Sweep, storage: str, *, begun: bool) -> tuple[optuna.Study, bool]:
    """Create or load the study; returns it and whether it was created just now."""
    section = sweep.section
    sampler, pruner = NumberedSampler(section.sampler, section.seed, section.startup), _pruner(sweep, sweep.base)
    if not begun:
        with contextlib.suppress(optuna.exceptions.DuplicatedStudyError):
            rising = sweep.base.training.selection.higher_is_better
            study = optuna.create_study(
                storage=storage,
                study_name=sweep.name,
                sampler=sampler,
                pruner=pruner,
                direction="maximize" if rising else "minimize",
            )
            return study, True
    return optuna.load_study(storage=storage, study_name=sweep.name, sampler=sampler, pruner=pruner), False


def _agreed(study: optuna.Study, own: dict[str, Any], *, made: bool) -> dict[str, Any]:
    """Return the definition that the workers of a study have agreed on.

    The worker that made the study stores it, and the others wait for it for a few seconds.
    """
    waited = 0
    while not made and waited < PATIENCE:
        known = study.user_attrs.get(DEFINITION)
        if known is not None:
            return dict(known)
        time.sleep(0.1)
        waited += 1
    study.set_user_attr(DEFINITION, own)
    return own


def _pruner(sweep: Sweep, base: RunConfig) -> optuna.pruners.BasePruner:
    section, training = sweep.section, base.training
    if section.pruner == "median":
        return optuna.pruners.MedianPruner(section.startup, n_warmup_steps=section.warmup)
    if section.pruner == "hyperband":
        known = training.epochs != "auto" and not training.evaluate_every and not training.max_steps
        planned = training.passes if known else 0
        return optuna.pruners.HyperbandPruner(section.warmup, max(planned, section.warmup) if planned else "auto")
    return optuna.pruners.NopPruner()


def _definition(sweep: Sweep, base: RunConfig) -> dict[str, Any]:
    """Return what all workers of a study must agree on, as plain values: settings, hashes of the data files, a random
    id."""
    section = sweep.section.model_dump(exclude={"base", "name", "trials", "keep"})
    run = base.model_dump()
    for name, free in PASSING.items():
        run[name] = {key: value for key, value in run[name].items() if key not in free}
    space = {name: dimension.model_dump() for name, dimension in sweep.space.items()}
    read = sorted({each.file for each in data_files(base)})
    known = cache_folder(base.data) if uses_cache(read, base.data) else None
    files = dict(zip(read, content_digests(read, known), strict=True))
    whole = {"id": secrets.token_hex(8), "sweep": section, "space": space, **run, "files": files}
    plain: dict[str, Any] = json.loads(json.dumps(whole, default=str))
    return plain


def evaluation_number(step: int, epoch: int, config: RunConfig) -> int:
    """Return the number of an evaluation within its trial, counted from 1; interruptions of the run do not change
    it."""
    every = config.training.evaluate_every
    return math.ceil(step / every) if every else epoch
