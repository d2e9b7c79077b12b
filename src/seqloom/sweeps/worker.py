"""A worker of a sweep: it takes a trial, trains it, reports its result to the study, and tidies the folder."""

from __future__ import annotations

import contextlib
import math
import shutil
from collections.abc import Collection, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from typing import TextIO

from filelock import Timeout

from seqloom.checkpoint.files import text_writer, write_file
from seqloom.config import to_toml
from seqloom.errors import ConfigError, SeqloomError, TrainingError, missing_package
from seqloom.planning.rules import left_open
from seqloom.plots import plot_trials
from seqloom.plots.labels import named
from seqloom.sweeps.faults import ALIKE, ATTEMPTS, MEMORY, fault
from seqloom.sweeps.folder import BEST, PICTURE, SweepFolder, Tie
from seqloom.sweeps.results import ERROR, WORKER, SweepResults, TrialResult, results_of
from seqloom.sweeps.space import choose
from seqloom.sweeps.study import evaluation_number
from seqloom.sweeps.sweep import Sweep
from seqloom.training import RunConfig, train
from seqloom.training.reporters import follow, standard_reporters
from seqloom.training.reports import CheckpointReport, EvalReport, InterruptReport, Report, ResumeReport

try:
    import optuna
    from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
    from optuna.trial import FrozenTrial, Trial, TrialState
except ImportError:
    raise missing_package("optuna", "sweep", "a sweep") from None

TRIED = "attempts"
"""Name of a trial's attribute in the storage: the number of attempts since it last made progress."""


@dataclass
class Worker:
    """A process that works on a study, in a folder tied to it; `failures` are those since the last trial that
    succeeded."""

    sweep: Sweep
    folder: SweepFolder
    tie: Tie
    study: optuna.Study
    progress: TextIO | None
    failures: list[str] = field(default_factory=list)

    def work(self, wanted: int) -> None:
        """Finish the trials that were left unfinished in this folder, then run new ones until the study has `wanted`
        trials."""
        while True:
            with ExitStack() as held:
                with self.folder.lock():
                    trial = self._left(held) or self._new(held, wanted)
                if trial is None:
                    break
                self._run(trial)
            self._tidy()
            self._look_at_failures()

    def drop(self, numbers: Collection[int]) -> None:
        """Give up running trials, such as those of a lost machine; raises ConfigError for trials that are not
        running."""
        running = {each.number: each for each in self._running()}
        for number in numbers:
            if number not in running:
                known = ", ".join(map(str, running)) or "none"
                raise ConfigError(f"only a running trial can be dropped, not {number}", hint=f"running: {known}")
        for number in numbers:
            self._fail(running[number], "dropped")

    def draw(self) -> None:
        """Plot the trials, once at least one has a figure."""
        with self.folder.lock():
            results = self.results()
            if any(each.value is not None for each in results.trials):
                plot_trials(
                    results.trials,
                    self.folder.output / PICTURE,
                    measure=results.measure,
                    higher_is_better=results.higher_is_better,
                    title=results.name,
                )

    def results(self) -> SweepResults:
        """Return the results of all trials so far."""
        return results_of(self.sweep, self.study, self.folder.output)

    def _left(self, held: ExitStack) -> Trial | None:
        """Return an unfinished trial of this worker on which no process works; one with too many attempts is given
        up."""
        for number in [each.number for each in self._running() if self._own(each)]:
            try:
                held.enter_context(self.folder.trial_lock(number))
            except Timeout:
                continue
            stored = self._stored(number)
            if stored.state == TrialState.RUNNING:
                if stored.user_attrs.get(TRIED, 0) < ATTEMPTS:
                    return Trial(self.study, stored._trial_id)
                last = stored.user_attrs.get(ERROR, "the process was killed")
                self._fail(stored, f"given up after {ATTEMPTS} attempts; the last one: {last}")
                self._say_result(number)
            held.close()
        return None

    def _new(self, held: ExitStack, wanted: int) -> Trial | None:
        """Create a trial, unless there are enough; it is marked as this worker's when it is created."""
        if len(self.study.get_trials(deepcopy=False)) >= wanted:
            return None
        attributes = {WORKER: self.folder.mark(self.tie)}
        self.study.add_trial(optuna.trial.create_trial(state=TrialState.RUNNING, user_attrs=attributes))
        return self._left(held)

    def _run(self, trial: Trial) -> None:
        """Run one trial and show its result."""
        try:
            self._attempt(trial)
        except UpdateFinishedTrialError:
            self._say(f"trial {trial.number} was dropped by somebody else")
        else:
            self._say_result(trial.number)

    def _attempt(self, trial: Trial) -> None:
        trial.set_user_attr(TRIED, trial.user_attrs.get(TRIED, 0) + 1)
        try:
            choices = choose(self.sweep.space, trial)
            self._say(f"trial {trial.number}: {'  '.join(f'{name} {named(each)}' for name, each in choices.items())}")
            value = self._trained(trial, self.sweep.config(choices))
        except UpdateFinishedTrialError:
            raise
        except KeyboardInterrupt:
            self._excuse(trial)
            raise
        except Exception as error:
            reason = fault(error, self.folder.trial(trial.number))
            if not reason:
                outside = isinstance(error, SeqloomError | OSError | StorageInternalError)
                self._excuse(trial, "" if outside else f"{type(error).__name__}: {error}")
                raise
            trial.set_user_attr(ERROR, reason)
            self.study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
            self.failures.append(reason)
        else:
            state = TrialState.PRUNED if value is None else TrialState.COMPLETE
            self.study.tell(trial, value, state=state, skip_if_finished=True)
            self.failures.clear()

    def _excuse(self, trial: Trial, unexpected: str = "") -> None:
        """Do not count the current attempt; where it ended with an `unexpected` error, count it and note the error."""
        with contextlib.suppress(StorageInternalError, UpdateFinishedTrialError):  # the first error is raised instead
            if unexpected:
                trial.set_user_attr(ERROR, unexpected)
            else:
                trial.set_user_attr(TRIED, 0)

    def _trained(self, trial: Trial, config: RunConfig) -> float | None:
        """Train the trial's model and return its figure; None where it was pruned."""
        # the process may have ended after it reported an evaluation and before it pruned the trial
        if self._stored(trial.number).intermediate_values and trial.should_prune():
            return None
        folder = self.folder.trial(trial.number)
        stream = train(config, folder, resume=True)
        with closing(stream):
            last = follow(self._watched(stream, trial, config), standard_reporters(folder))
        if isinstance(last, InterruptReport):
            raise KeyboardInterrupt
        if last is None:
            return None
        on = config.training.selection.on
        if on not in last.metrics or not math.isfinite(last.metrics[on]):
            raise TrainingError(f"no evaluation gave a finite {on}")
        return last.metrics[on]

    def _watched(self, stream: Generator[Report], trial: Trial, config: RunConfig) -> Iterator[Report]:
        """Yield the reports of a run until it ends or the pruner ends it, and report its evaluations to the study."""
        known = set(self._stored(trial.number).intermediate_values)
        begun = 0
        for report in stream:
            yield report
            if isinstance(report, ResumeReport):
                begun = report.step
            if isinstance(report, CheckpointReport) and report.step > begun and trial.user_attrs[TRIED]:
                trial.set_user_attr(TRIED, 0)  # it makes progress
            if isinstance(report, EvalReport):
                number = evaluation_number(report.step, report.epoch, config)
                if not math.isfinite(report.score):
                    raise TrainingError(f"{report.selected_on} must be finite, not {report.score}, at {report.step}")
                if number in known:
                    continue
                known.add(number)
                trial.report(report.score, number)
                if trial.should_prune():
                    return

    def _look_at_failures(self) -> None:
        """Raise an error where several trials in a row failed for the same reason, because the next ones would fail,
        too."""
        last = self.failures[-ALIKE:]
        if len(last) < ALIKE or len(set(last)) > 1:
            return
        if last[0] == MEMORY or not any(each.value is not None for each in self.results().trials):
            hint = "fix the cause, or start another sweep with another [space]"
            raise SeqloomError(
                f"{ALIKE} trials in a row failed alike: {last[0]}", where=str(self.sweep.path), hint=hint
            )

    def _tidy(self) -> None:
        """Write the configuration of the best trial so far, and remove the folders that are not kept."""
        with self.folder.lock():
            results = self.results()
            best = results.best_trial
            if best is not None:
                head = f"# trial {best.number} of {results.name}: {results.measure} {best.value}\n"
                config = self.sweep.config(best.settings)
                text = head + to_toml(config, left_open=left_open(config.given, config.plan.effort))
                write_file(self.folder.output / BEST, text_writer(text))
            if self.sweep.section.keep == "best":
                for each in self.study.get_trials(deepcopy=False):
                    if each.state.is_finished() and each.number != results.best and self._own(each):
                        self._remove(each.number)

    def _remove(self, number: int) -> None:
        """Remove the folder of a trial, unless a process is still working in it."""
        if self.folder.trial(number).exists():
            with contextlib.suppress(Timeout), self.folder.trial_lock(number):
                shutil.rmtree(self.folder.trial(number), ignore_errors=True)

    def _fail(self, trial: FrozenTrial, reason: str) -> None:
        with contextlib.suppress(UpdateFinishedTrialError):  # the trial has ended by itself in the meantime
            Trial(self.study, trial._trial_id).set_user_attr(ERROR, reason)
            self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)

    def _own(self, trial: FrozenTrial) -> bool:
        return bool(trial.user_attrs.get(WORKER, {}).get("id") == self.tie.worker)

    def _running(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def _stored(self, number: int) -> FrozenTrial:
        return self.study.get_trials(deepcopy=False)[number]

    def _say_result(self, number: int) -> None:
        self._say(_said(self.results().trials[number], self.sweep.base.training.selection.on))

    def _say(self, line: str) -> None:
        if self.progress is not None:
            self.progress.write(line + "\n")
            self.progress.flush()


def _said(trial: TrialResult, measure: str) -> str:
    figure = "" if trial.value is None else f", {measure} {trial.value:.4g}"
    reason = f": {trial.error}" if trial.error else ""
    return f"trial {trial.number} {trial.state}{figure} after {trial.evaluations} evaluations{reason}"
