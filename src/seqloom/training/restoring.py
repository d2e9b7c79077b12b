"""Restore a run from a saved state: when it is resumed, and when it goes back because its numbers went wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from seqloom.errors import TrainingError
from seqloom.training import reports
from seqloom.training.run import Run
from seqloom.training.states.state import Restored


def restore(run: Run) -> Restored:
    """Restore the newest good state, if there is one."""
    restored, progress = run.states.restore(run.learner, run.progress), run.progress
    if restored.name:
        run.saving.done(progress)
    run.known = progress.limit
    before, progress.processes = progress.processes, run.group.size
    if before == progress.processes:
        return restored
    said = f"going on with {progress.processes} instead of {before} processes: dropout masks differ from here on"
    return replace(restored, notices=[*restored.notices, said])


def go_back(run: Run) -> Iterator[reports.Report]:
    """Go back to the last good state after too many skipped updates in a row, and lower the learning rate.

    Only states that an uninterrupted run has, too, are used. If no update after the latest one succeeded, that state is
    not good, and the one before it is taken. Raises TrainingError where the run has gone back as often as allowed.
    """
    health, step, config = run.progress.health, run.progress.step, run.training.health
    run.busy = True
    run.watch.forget()
    useless = health.first == run.states.drop_interim() + 1
    if health.returns == config.returns or (useless and not run.states.drop_latest()):
        raise TrainingError(
            f"the loss and its gradient must be finite numbers; up to update {step} they were not, {health.streak} "
            f"times in a row, though the run has gone back {health.returns} times to a good state",
            where=str(run.folder.output),
            hint="begin again with a lower training.optimiser.learning_rate or training.precision=float32, or look "
            f"at the pairs that {run.folder.log.name} names (kind skip)",
        )
    restored = restore(run)
    run.progress.health = health._replace(returns=health.returns + 1, streak=0, first=0)
    run.busy = False
    yield from map(reports.NoticeReport, restored.notices)
    yield reports.ReturnReport(
        run.epoch,
        run.progress.step,
        restored.name,
        step,
        run.progress.health.returns,
        config.rate_factor**run.progress.health.returns,
    )
