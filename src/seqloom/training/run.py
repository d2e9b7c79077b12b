"""A run at work: what changes while it trains, and the four things it does."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from typing import Any

from seqloom.checkpoint import ModelFolder, save_model
from seqloom.checkpoint.tensors import distinct_tensors
from seqloom.data import Position
from seqloom.data.batch import Batch
from seqloom.data.loader import load_batches
from seqloom.errors import SeqloomError
from seqloom.training import reports
from seqloom.training.averaging import averaged, ema_update, put, snapshot, using
from seqloom.training.dev import dev_loss, dev_metrics
from seqloom.training.folder import RunFolder
from seqloom.training.optim import build_optimiser, set_rate
from seqloom.training.schedules import rate_factor
from seqloom.training.setup import Prepared
from seqloom.training.state import Learner, Progress, StateStore
from seqloom.training.step import Objective, Window, perplexity, update
from seqloom.training.stopping import Selection

Batches = Generator[tuple[Position, Batch]]


class Run:
    """Model, optimiser and progress of one run."""

    def __init__(self, prepared: Prepared, folder: RunFolder) -> None:
        training = prepared.config.training
        selection = training.selection
        self.prepared, self.folder, self.training = prepared, folder, training
        self.learner = Learner(
            prepared.model,
            build_optimiser(prepared.model, training.optimiser),
            snapshot(prepared.model) if training.ema else None,
        )
        self.objective = Objective(prepared.precision, training.label_smoothing, training.optimiser.clip_norm)
        keep = max(1, selection.average_best)
        self.progress = Progress(Selection(selection.higher_is_better, keep, selection.patience))
        self.states = StateStore(folder.resume, prepared.fingerprint, training.keep_states)
        self.updating = self.finished = False
        self._saved = (-1, -1)

    @property
    def epoch(self) -> int:
        """The pass over the data that is under way, or just done, from 1."""
        position = self.progress.position
        return max(1, position.epoch + (position.index > 0))

    @property
    def evaluation_due(self) -> bool:
        """Whether the dev data are to be looked at before anything else happens."""
        progress, every = self.progress, self.training.evaluate_every
        if progress.step in (0, progress.evaluated):
            return False
        regular = progress.step % every == 0 if every else progress.position.index == 0
        return regular or bool(self.ended)

    @property
    def save_due(self) -> bool:
        """Whether this update's state is to be saved and is not yet."""
        step, every = self.progress.step, self.training.checkpoint_every
        due = step == self.progress.evaluated or (every > 0 and step % every == 0)
        return step > 0 and due and self._saved != (step, self.progress.evaluated)

    @property
    def ended(self) -> str:
        """Why the run is over; empty while it is not."""
        progress, training = self.progress, self.training
        if progress.selection.exhausted:
            return f"no better evaluation in the last {training.selection.patience}"
        if 0 < training.epochs <= progress.position.epoch:
            return f"{training.epochs} epochs done"
        if 0 < training.max_steps <= progress.step:
            return f"{training.max_steps} updates done"
        return ""

    def restore(self) -> list[str]:
        """Go back to the newest good state, if there is one; returns what was wrong with newer ones."""
        problems = self.states.restore(self.learner, self.progress)
        self._saved = (self.progress.step, self.progress.evaluated)
        return problems

    @property
    def savable(self) -> bool:
        """Whether the state is whole and still of use."""
        return not self.updating and not self.finished

    def batches(self) -> Batches:
        """Training batches from where the run is; close it to end the thread that makes them."""
        prepared, position = self.prepared, self.progress.position
        return load_batches(prepared.train, prepared.sampler, position, encoder=prepared.encoder)

    def update(self, batches: Batches) -> Iterator[reports.Report]:
        """One update; reports the running means where they are due."""
        progress, optimiser = self.progress, self.training.optimiser
        began = time.perf_counter()
        position, group = self._group(batches)
        waited = time.perf_counter() - began
        factor = rate_factor(progress.step + 1, self.training.schedule, self.prepared.steps_total)
        rate = optimiser.learning_rate * factor * progress.plateau.factor
        set_rate(self.learner.optimiser, rate)
        self.updating = True
        done = update(self.prepared.model.train(), self.learner.optimiser, group, self.objective)
        progress.step, progress.position = progress.step + 1, position
        progress.tokens += done.tokens
        if self.learner.average is not None:
            ema_update(self.learner.average, self.prepared.model, self.training.ema, progress.step)
        seconds = time.perf_counter() - began
        progress.window.add(done, seconds, waited)
        progress.seconds += seconds
        self.updating = False
        if progress.step % self.training.log_every == 0 or self.ended:
            yield self._step_report(rate)

    def evaluate(self) -> Iterator[reports.Report]:
        """Look at the dev data; keep the weights where they are among the best."""
        progress, selection = self.progress, self.training.selection
        if not len(self.prepared.dev):
            progress.evaluated = progress.step
            return
        began = time.perf_counter()
        with using(self.prepared.model, self.learner.average):
            report = self._judge(began)
            chosen, records = progress.selection.observe(progress.step, report.score), dict(progress.kept)
            if chosen.keeps(progress.step):
                records[progress.step] = self.states.keep_weights(progress.step, distinct_tensors(self.prepared.model))
            if report.best:
                self._install({"dev": _figures(report)}, finished=False)
                progress.figures = _figures(report)
        progress.selection, progress.evaluated = chosen, progress.step
        progress.kept = {step: record for step, record in records.items() if chosen.keeps(step)}
        progress.plateau = progress.plateau.observe(
            report.score, higher_is_better=selection.higher_is_better, config=self.training.schedule
        )
        progress.seconds += report.seconds
        yield report

    def save(self) -> reports.CheckpointReport:
        """Put the state on the disk."""
        began = time.perf_counter()
        path = self.states.save(self.learner, self.progress)
        self._saved = (self.progress.step, self.progress.evaluated)
        return reports.CheckpointReport(self.progress.step, str(path), time.perf_counter() - began)

    def finish(self) -> Iterator[reports.Report]:
        """Make the chosen weights the model of the output folder and remove the states."""
        progress, model = self.progress, self.prepared.model
        best, figures = progress.selection.best, progress.figures
        if best is None:
            if self.learner.average is not None:
                put(model, self.learner.average)
            chosen = f"the last weights, after update {progress.step}"
        else:
            members = [self.states.kept_weights(kept.step, progress) for kept in progress.selection.kept]
            put(model, members[0])
            chosen = f"the best weights, after update {best.step}"
            if len(members) > 1:
                put(model, averaged(members))
                report = self._judge(time.perf_counter())
                yield report
                if self._no_worse(report.score, best.score):
                    chosen = f"the mean of the {len(members)} best weights"
                    figures = _figures(report)
                else:
                    put(model, members[0])
        self._install({"dev": figures, "chosen": chosen}, finished=True)
        self.finished = True
        self.folder.end()
        yield reports.FinishReport(
            output=str(self.folder.output),
            epoch=self.epoch,
            step=progress.step,
            reason=self.ended,
            chosen=chosen,
            seconds=progress.seconds,
            tokens=progress.tokens,
            metrics=figures,
        )

    def interrupted(self) -> reports.InterruptReport:
        """How to go on from the newest saved state."""
        return reports.InterruptReport(self.epoch, max(0, self._saved[0]), self.folder.command)

    def _group(self, batches: Batches) -> tuple[Position, list[Batch]]:
        """The batches of one update; the last update of an epoch takes what is left of it."""
        group: list[Batch] = []
        for position, batch in batches:
            group.append(batch.to(self.prepared.device))
            if len(group) == self.training.accumulate or position.index == 0:
                return position, group
        raise AssertionError("training batches never end")

    def _judge(self, began: float) -> reports.EvalReport:
        """The model's dev figures."""
        progress, on = self.progress, self.training.selection.on
        loss, metrics = dev_loss(self.prepared), dev_metrics(self.prepared)
        score = loss if on == "loss" else metrics[on]
        best = progress.selection.best
        better = not math.isnan(score) and (best is None or not self._no_worse(best.score, score))
        return reports.EvalReport(
            self.epoch,
            progress.step,
            loss,
            perplexity(loss),
            metrics,
            on,
            score,
            better,
            time.perf_counter() - began,
        )

    def _no_worse(self, score: float, other: float) -> bool:
        return score >= other if self.progress.selection.higher_is_better else score <= other

    def _step_report(self, rate: float) -> reports.StepReport:
        progress, total = self.progress, self.prepared.steps_total
        window, progress.window = progress.window, Window()
        began = time.perf_counter()
        loss = window.loss
        waiting = time.perf_counter() - began
        seconds = max(window.seconds + waiting, 1e-9)
        progress.seconds += waiting
        if not math.isfinite(loss):
            raise SeqloomError(
                f"the loss must be a finite number, not {loss}, around update {progress.step}",
                hint="lower training.optimiser.learning_rate, or try training.precision=float32",
            )
        return reports.StepReport(
            epoch=self.epoch,
            step=progress.step,
            steps_total=total,
            loss=loss,
            perplexity=perplexity(loss),
            tokens_per_second=window.tokens / seconds,
            learning_rate=rate,
            gradient_norm=float(window.gradient_norm) / window.steps,
            data_wait=window.waited / seconds,
            seconds=progress.seconds,
            seconds_left=max(0, total - progress.step) * progress.seconds / progress.step,
        )

    def _install(self, figures: dict[str, Any], *, finished: bool) -> None:
        """Make the model's present weights the ones in the output folder."""
        progress, prepared = self.progress, self.prepared
        facts = {
            "finished": finished,
            "step": progress.step,
            "epoch": self.epoch,
            "tokens": progress.tokens,
            "seconds": round(progress.seconds, 1),
            "pairs": len(prepared.train),
            "device": prepared.device.type,
            "precision": prepared.precision.describe(),
        }
        encoder = prepared.encoder
        contents = ModelFolder(
            prepared.model, encoder.source, encoder.target, prepared.config, {**figures, "training": facts}
        )
        save_model(self.folder.output, contents)


def _figures(report: reports.EvalReport) -> dict[str, Any]:
    return {"loss": report.loss, "perplexity": report.perplexity, **report.metrics}
