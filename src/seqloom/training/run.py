"""A run in progress: model, optimiser and progress, and the steps of the loop (make an update, save, report skips)."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import replace

from seqloom.data import Position
from seqloom.data.batch import Batch
from seqloom.data.loader import load_batches
from seqloom.errors import TrainingError
from seqloom.search import SearchConfig
from seqloom.training import reports
from seqloom.training.group import LostProcessError
from seqloom.training.memory import TooLargeError, rows_of
from seqloom.training.provenance.record import Record
from seqloom.training.resume_settings import chosen_for
from seqloom.training.setup import Prepared
from seqloom.training.states.folder import RunFolder
from seqloom.training.states.progress import Progress
from seqloom.training.states.save_schedule import Saving
from seqloom.training.states.shared import SharedStates
from seqloom.training.states.state import Identity, Learner, StateStore
from seqloom.training.stopping import Selection
from seqloom.training.updates.averaging import ema_update, snapshot
from seqloom.training.updates.health import Taken, Watch
from seqloom.training.updates.optim import build_optimiser, set_rate
from seqloom.training.updates.randomness import seed_update
from seqloom.training.updates.schedules import rate_factor
from seqloom.training.updates.step import Objective, Update, update

Batches = Generator[tuple[Position, Batch]]


class Run:
    """Model, optimiser, saved states and progress of one run.

    `busy` is true while weights and progress do not fit together, as in the middle of an update: nothing may be saved
    then. `wish` is why somebody outside has asked for the end (empty: nobody has). `known` is the batch size
    from which on all processes of the group cut batches into halves (0: none).
    """

    def __init__(self, prepared: Prepared, folder: RunFolder, identity: str, record: Record) -> None:
        training = prepared.config.training
        selection = training.selection
        self.prepared, self.folder, self.training, self.group = prepared, folder, training, prepared.group
        self.learner = Learner(
            prepared.model,
            build_optimiser(prepared.model, training.optimiser),
            snapshot(prepared.model) if training.ema else None,
        )
        self.objective = Objective.of(training, prepared.precision, self.group)
        keep = max(1, selection.average_best)
        self.progress = Progress(Selection(selection.higher_is_better, keep, selection.patience))
        self.progress.processes = self.group.size
        self.known = self.progress.limit
        states = StateStore(folder.resume, Identity(identity, prepared.fingerprint), training.keep_states)
        self.states = SharedStates(states, self.group)
        self.watch = Watch(prepared.device.type)
        self.record = record
        self.busy = False
        self.wish = ""
        self.saving = Saving(training)

    @property
    def epoch(self) -> int:
        """The current epoch, counted from 1; between two epochs, the one that was just finished."""
        position = self.progress.position
        return max(1, position.epoch + (position.index > 0))

    @property
    def evaluation_due(self) -> bool:
        """Whether the model must be evaluated on the dev data before the next update."""
        progress, every = self.progress, self.training.evaluate_every
        if progress.step in (0, progress.evaluated):
            return False
        regular = progress.step % every == 0 if every else progress.position.index == 0
        return regular or bool(self.ended)

    @property
    def save_due(self) -> bool:
        """Whether a state must be saved after this update by the settings, and has not been saved yet."""
        return self.saving.due(self.progress)

    @property
    def failing(self) -> bool:
        """Whether so many updates in a row were skipped that the run must go back to a saved state."""
        return self.progress.health.streak >= self.training.health.skips

    @property
    def ended(self) -> str:
        """The reason why the run is over; empty while it is not."""
        progress, training = self.progress, self.training
        if self.wish:
            return self.wish
        if progress.selection.exhausted:
            return f"no better evaluation in the last {training.selection.patience}"
        if 0 < training.passes <= progress.position.epoch:
            return f"{training.passes} epochs done"
        if 0 < training.max_steps <= progress.step:
            return f"{training.max_steps:,} updates done"
        return ""

    def note_going_on(self) -> None:
        """Add to the run's record that it was resumed here and now."""
        self.record = self.group.from_first(lambda: self.folder.go_on(self.prepared))

    def take_search(self, search: SearchConfig) -> None:
        """Answer with tuned search settings from now on, and note in the run's record which ones were given."""
        old = self.prepared.config
        config = old.replace(search=search, plan=old.plan.replace(tune_search=False))
        self.prepared = replace(self.prepared, config=config)
        given = {**chosen_for(old, config), **self.record.get("given", {})}
        self.record = {**self.record, "given": given}

    @property
    def savable(self) -> bool:
        """Whether the state can be saved: it is consistent, and the last update was not skipped."""
        return not self.busy and not self.progress.health.streak

    def batches(self) -> Batches:
        """Yield training batches from the run's position on; close the generator to end the thread that makes them."""
        prepared, position = self.prepared, self.progress.position
        share = self.group.share
        return load_batches(prepared.train, prepared.sampler, position, codecs=prepared.codecs, share=share)

    def update(self, batches: Batches) -> Iterator[reports.Report]:
        """Make one update of the weights, and yield reports of skipped updates and, where it is due, of the running
        means."""
        progress = self.progress
        began = time.perf_counter()
        position, group = self._group(batches)
        waited = time.perf_counter() - began
        total = self.prepared.updates.total(progress.step, progress.position)
        rate = self._rate(progress.step + 1, total)
        set_rate(self.learner.optimiser, rate)
        self.busy = True
        done = self._updated(group)
        progress.step, progress.position = progress.step + 1, position
        if self.learner.average is not None:
            ema_update(self.learner.average, self.prepared.model, self.training.ema, progress.step)
        seconds = time.perf_counter() - began
        progress.window.spend(seconds, waited)
        progress.seconds += seconds
        progress.limit = done.limit
        self.watch.add(Taken(progress.step, done, rows_of(group)))
        reporting = progress.step % self.training.log_every == 0 or bool(self.ended)
        said = self.look(everything=reporting or self.evaluation_due or self.save_due)
        self.busy = False
        yield from said
        if reporting and progress.window.steps:
            yield progress.means(self.epoch, total, rate)

    @property
    def cutting(self) -> bool:
        """Whether a batch did not fit into this process's memory since the group last agreed on the size of batches."""
        return self.progress.limit != self.known

    def agree(self) -> reports.NoticeReport:
        """Agree with the other processes on the smallest batch size that did not fit into memory; such batches are cut
        into halves."""
        self.known = self.progress.limit = min(limit for limit in self.group.gather(self.progress.limit) if limit)
        return reports.NoticeReport(
            f"a batch of {self.known:,} tokens does not fit into memory: batches of that size or larger are cut into "
            "halves"
        )

    def look(self, *, everything: bool) -> list[reports.Report]:
        """Find out which updates were skipped: count the others in the running means, return reports of the skipped
        ones.

        Without `everything`, the latest updates on a GPU are left for later, so that the program need not wait for it.
        """
        said: list[reports.Report] = []
        progress = self.progress
        for taken, healthy in self.watch.read(everything=everything):
            progress.health = progress.health.after(taken.step, healthy)
            if healthy:
                progress.window.add(taken.done)
                progress.tokens += taken.done.tokens
                continue
            lines = self.prepared.train.lines(taken.rows)
            said.append(taken.skipped(self.epoch, progress.health.skipped, lines))
            if self.failing:
                break
        return said

    def save(self) -> reports.CheckpointReport:
        """Save the state to disk."""
        began = time.perf_counter()
        interim = self.evaluation_due or not self.saving.regular(self.progress)
        path = self.states.save(self.learner, self.progress, interim=interim)
        self.saving.done(self.progress)
        return reports.CheckpointReport(self.progress.step, str(path), time.perf_counter() - began)

    def save_now(self) -> list[reports.Report]:
        """Save the state between two updates, at any time; during an update or after a skipped one nothing is saved."""
        if self.busy:
            return []
        said = self.look(everything=True)
        return [*said, self.save()] if self.savable else said

    def interrupted(self) -> reports.InterruptReport:
        """Return a report that the run was stopped, with the command that resumes it from the newest saved state."""
        return reports.InterruptReport(self.epoch, max(0, self.saving.latest[0]), self.folder.command)

    def _rate(self, step: int, total: int) -> float:
        """Return the learning rate of update `step`, of `total` planned ones."""
        progress, health = self.progress, self.training.health
        factor = rate_factor(step, self.training.schedule, total) * progress.plateau.factor
        return self.training.optimiser.learning_rate * factor * health.rate_factor**progress.health.returns

    def _updated(self, group: list[Batch]) -> Update:
        model = self.prepared.model.train()
        if self.group.size > 1:
            seed_update(self.training.seed, self.group.rank, self.progress.step)
        try:
            return update(model, self.learner.optimiser, group, self.objective, self.progress.limit)
        except TooLargeError as error:
            raise TrainingError(
                f"one pair of {error.size:,} tokens alone does not fit into memory",
                where=str(self.prepared.train.origin(error.row)),
                hint="lower data.max_source_length or data.max_target_length, or take a smaller model",
            ) from None
        except LostProcessError:
            self.busy = False  # no weight has changed yet
            raise

    def _group(self, batches: Batches) -> tuple[Position, list[Batch]]:
        """Return the batches of one update and the position after them; the last update of an epoch takes the batches
        that are left."""
        group: list[Batch] = []
        for position, batch in batches:
            group.append(batch)
            if len(group) == self.training.accumulate or position.index == 0:
                return position, group
        raise AssertionError("training batches never end")
