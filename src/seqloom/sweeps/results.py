"""What came out of a sweep, trial by trial, as plain values."""

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
"""What a trial carries: the worker that has it, and what went wrong."""
STATES = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed", "RUNNING": "running", "WAITING": "waiting"}


@dataclass(frozen=True)
class TrialResult:
    """One trial: done, pruned, failed (`error` says why) or running (at `place`); its figure, once there is one."""

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
    """All trials of a study; `measure` is what they are compared by, `best` the number of the best one that is done."""

    name: str
    measure: str
    higher_is_better: bool
    trials: tuple[TrialResult, ...]
    best: int | None
    output: Path

    @property
    def best_trial(self) -> TrialResult | None:
        """The best trial."""
        return next((each for each in self.trials if each.number == self.best), None)


def results_of(sweep: Sweep, study: optuna.Study, output: Path) -> SweepResults:
    """The trials of the study as they are now."""
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
