"""The results of a sweep, trial by trial, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.sweeps.space import chosen
from seqloom.sweeps.sweep import Sweep

if TYPE_CHECKING:
    import optuna

WORKER, ERROR = "worker", "error"
"""Names of a trial's attributes in the storage: the worker that runs it, and the reason of a failure."""
STATES = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running", "WAITING": "waiting"}
"""The names of Optuna's states of a trial in Seqloom."""


@dataclass(frozen=True)
class TrialResult:
    """The result of one trial; `state` is done, pruned, failed, running or waiting.

    `value` is its figure, once there is one; `error` is the reason where it failed; `place` is host and folder while it
    is running.
    """

    number: int
    state: str
    value: float | None
    settings: Mapping[str, Any]
    evaluations: int
    seconds: float
    error: str = ""
    place: str = ""


@dataclass(frozen=True)
class SweepResults:
    """All trials of a study; `measure` is the figure that they are compared by, `best` the number of the best finished
    one."""

    name: str
    measure: str
    higher_is_better: bool
    trials: tuple[TrialResult, ...]
    best: int | None
    output: Path

    @property
    def best_trial(self) -> TrialResult | None:
        """The best trial; None while none is done."""
        return next((each for each in self.trials if each.number == self.best), None)


def results_of(sweep: Sweep, study: optuna.Study, output: Path) -> SweepResults:
    """Return the results of the trials in the study so far."""
    selection = sweep.base.training.selection
    trials = tuple(_result(sweep, each) for each in study.get_trials(deepcopy=False))
    done = [each for each in trials if each.state == "done" and each.value is not None]
    sign = -1 if selection.higher_is_better else 1
    best = min(done, key=lambda each: (sign * (each.value or 0.0), each.number), default=None)
    return SweepResults(
        sweep.name, selection.on, selection.higher_is_better, trials, None if best is None else best.number, output
    )


def _result(sweep: Sweep, trial: optuna.trial.FrozenTrial) -> TrialResult:
    duration, state = trial.duration, STATES[trial.state.name]
    worker = trial.user_attrs.get(WORKER, {})
    return TrialResult(
        number=trial.number,
        state=state,
        value=trial.value,
        settings=chosen(sweep.space, trial.params),
        evaluations=len(trial.intermediate_values),
        seconds=0.0 if duration is None else duration.total_seconds(),
        error=str(trial.user_attrs.get(ERROR, "")) if state == "failed" else "",
        place=f"{worker.get('host', '')}:{worker.get('folder', '')}" if state == "running" and worker else "",
    )
