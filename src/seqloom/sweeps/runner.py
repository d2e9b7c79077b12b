"""Running a sweep: one trial after the other until there are enough, and going on with those that were cut short.

OUTPUT/
├── study.db            the trials, unless another storage is named
├── trials/0003/        a trial's run: a model folder, or a run to go on with
├── trials/0003.lock    held by the process that works on the trial, until it ends, however it ends
├── best.toml           the configuration of the best trial
└── trials.png          all trials
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import torch
from filelock import FileLock, Timeout

from seqloom.checkpoint.files import text_writer, write_folder
from seqloom.config import to_toml
from seqloom.errors import ConfigError, SeqloomError, missing_package
from seqloom.plots import plot_trials
from seqloom.sweeps.results import SweepResults, TrialResult, results_of
from seqloom.sweeps.space import choose, shown
from seqloom.sweeps.study import evaluation_number, open_study, quiet
from seqloom.sweeps.sweep import Sweep
from seqloom.training import RunConfig, train
from seqloom.training.reporters import follow, standard_reporters
from seqloom.training.reports import EvalReport, InterruptReport, Report

try:
    import optuna
    from optuna.trial import FrozenTrial, Trial, TrialState
except ImportError:
    raise missing_package("optuna", "sweep", "a sweep") from None

TRIALS, STUDY, BEST, PICTURE = "trials", "study.db", "best.toml", "trials.png"


def run_sweep(
    sweep: Sweep,
    output: Path | str,
    *,
    trials: int | None = None,
    storage: str | None = None,
    progress: TextIO | None = None,
) -> SweepResults:
    """Run trials until the study has `trials` of them (by default what the file says), and say what came out.

    Raises KeyboardInterrupt, with how to go on as its text, when it is stopped; the trial at work is saved.
    """
    output = Path(output)
    sweep.check_data()
    wanted = sweep.section.trials if trials is None else trials
    with quiet():
        worker = _Worker(sweep, _claimed(output), open_study(sweep, storage or f"sqlite:///{output / STUDY}"), progress)
        try:
            worker.work(wanted)
        except KeyboardInterrupt:
            worker.draw()
            again = [f"--trials {trials}"] if trials is not None else []
            again += [f"--storage {storage}"] if storage is not None else []
            command = " ".join(["seqloom sweep", str(sweep.path), "--output", str(output), *again])
            raise KeyboardInterrupt(f"stopped; the trial at work is saved; go on with: {command}") from None
        worker.draw()
        results = results_of(sweep, worker.study, output)
    if results.best is None and all(each.state == "failed" for each in results.trials):
        raise SeqloomError(
            f"no trial could be finished; the last one: {results.trials[-1].error}", where=str(sweep.path)
        )
    return results


@dataclass
class _Worker:
    """One process at work on a study."""

    sweep: Sweep
    output: Path
    study: optuna.Study
    progress: TextIO | None

    def work(self, wanted: int) -> None:
        """Finish what was left unfinished here, then new trials."""
        while True:
            with ExitStack() as held:
                trial = self._left(held) or self._new(held, wanted)
                if trial is None:
                    break
                self._run(trial)

    def _left(self, held: ExitStack) -> Trial | None:
        """An unfinished trial of this folder that no living process works on."""
        for frozen in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if self._folder(frozen.number).is_dir() and self._held(held, frozen.number):
                if self._stored(frozen.number).state == TrialState.RUNNING:
                    return Trial(self.study, frozen._trial_id)
                held.close()
        return None

    def _new(self, held: ExitStack, wanted: int) -> Trial | None:
        """A fresh trial, as long as there are not enough."""
        if len(self.study.get_trials(deepcopy=False)) >= wanted:
            return None
        trial = self.study.ask()
        if not self._held(held, trial.number):
            return self._new(held, wanted)  # somebody beside us took it the moment it was there
        if self._folder(trial.number).exists():
            self.study.tell(trial, state=TrialState.FAIL)
            raise ConfigError(
                "the folder holds a trial of another study",
                where=str(self._folder(trial.number)),
                hint="name another --output",
            )
        self._folder(trial.number).mkdir()
        return trial

    def _run(self, trial: Trial) -> None:
        """One trial from its settings to its figure."""
        choices: dict[str, object] = {}
        try:
            choices = choose(self.sweep.space, trial)
            self._say(f"trial {trial.number}: {'  '.join(f'{name} {shown(each)}' for name, each in choices.items())}")
            value = self._trained(trial, self.sweep.config(choices))
        except (SeqloomError, MemoryError, torch.OutOfMemoryError) as error:
            trial.set_user_attr("error", error.message if isinstance(error, SeqloomError) else "out of memory")
            self.study.tell(trial, state=TrialState.FAIL)
        else:
            state = TrialState.PRUNED if value is None else TrialState.COMPLETE
            self.study.tell(trial, value, state=state)
        self._say(_said(self._results().trials[trial.number], self.sweep.base.training.selection.on))
        self._tidy()

    def _trained(self, trial: Trial, config: RunConfig) -> float | None:
        """The figure of the trial's model; None where it was pruned."""
        folder = self._folder(trial.number)
        stream = train(config, folder, resume=True)
        with closing(stream):
            last = follow(self._watched(stream, trial, config), standard_reporters(folder))
        if isinstance(last, InterruptReport):
            raise KeyboardInterrupt
        if last is None:
            return None
        on = config.training.selection.on
        if on not in last.metrics or not math.isfinite(last.metrics[on]):
            raise SeqloomError(f"no evaluation gave a finite {on}")
        return last.metrics[on]

    def _watched(self, stream: Generator[Report], trial: Trial, config: RunConfig) -> Iterator[Report]:
        """The reports of a run until it ends or the pruner ends it."""
        known = set(self._stored(trial.number).intermediate_values)
        for report in stream:
            yield report
            if isinstance(report, EvalReport):
                number = evaluation_number(report.step, report.epoch, config)
                if not math.isfinite(report.score):
                    raise SeqloomError(f"{report.selected_on} must be finite, not {report.score}, at {report.step}")
                if number in known:
                    continue
                known.add(number)
                trial.report(report.score, number)
                if trial.should_prune():
                    return

    def _tidy(self) -> None:
        """Write down the best trial so far and remove the folders that are not to be kept."""
        results = self._results()
        best = results.best_trial
        if best is not None:
            head = f"# trial {best.number} of {results.name}: {results.measure} {best.value}\n"
            write_folder(self.output, {BEST: text_writer(head + to_toml(self.sweep.config(best.settings)))})
        if self.sweep.section.keep == "best":
            for each in results.trials:
                if each.state in ("done", "pruned", "failed") and each.number != results.best:
                    shutil.rmtree(self._folder(each.number), ignore_errors=True)

    def draw(self) -> None:
        """Draw the trials, once one has a figure."""
        results = self._results()
        if any(each.value is not None for each in results.trials):
            plot_trials(
                results.trials,
                self.output / PICTURE,
                measure=results.measure,
                higher_is_better=results.higher_is_better,
                title=results.name,
            )

    def _results(self) -> SweepResults:
        return results_of(self.sweep, self.study, self.output)

    def _stored(self, number: int) -> FrozenTrial:
        return self.study.get_trials(deepcopy=False)[number]

    def _folder(self, number: int) -> Path:
        return self.output / TRIALS / f"{number:04d}"

    def _held(self, held: ExitStack, number: int) -> bool:
        """Whether the trial is ours now."""
        try:
            held.enter_context(FileLock(self._folder(number).with_suffix(".lock"), timeout=0))
        except Timeout:
            return False
        return True

    def _say(self, line: str) -> None:
        if self.progress is not None:
            self.progress.write(line + "\n")
            self.progress.flush()


def _claimed(output: Path) -> Path:
    """The output folder, ready for trials; one that holds other things is refused."""
    if output.exists() and not (output / TRIALS).is_dir() and (not output.is_dir() or any(output.iterdir())):
        raise ConfigError("the output must be a new folder or that of a sweep", where=str(output))
    (output / TRIALS).mkdir(parents=True, exist_ok=True)
    return output


def _said(trial: TrialResult, measure: str) -> str:
    figure = "" if trial.value is None else f", {measure} {trial.value:.4g}"
    reason = f": {trial.error}" if trial.error else ""
    return f"trial {trial.number} {trial.state}{figure} after {trial.evaluations} evaluations{reason}"
