"""Run a sweep: join its study, work on trials until there are enough, and say how to resume where the sweep stops."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path
from typing import TextIO

from seqloom.errors import DiskError, SeqloomError, missing_package
from seqloom.plugins import options
from seqloom.streams import forgiving
from seqloom.sweeps.folder import SweepFolder
from seqloom.sweeps.results import SweepResults
from seqloom.sweeps.study import identity, masked, open_study, quiet
from seqloom.sweeps.sweep import Sweep
from seqloom.sweeps.worker import Worker

try:
    from optuna.exceptions import StorageInternalError
except ImportError:
    raise missing_package("optuna", "sweep", "a sweep") from None


def run_sweep(
    sweep: Sweep,
    output: Path | str,
    *,
    trials: int | None = None,
    storage: str | None = None,
    drop: Collection[int] = (),
    progress: TextIO | None = None,
) -> SweepResults:
    """Run trials until the study has `trials` of them (by default as many as the file says), and return the results.

    `drop` names running trials to give up first, such as those of a lost machine. Where the sweep is interrupted, or
    something fails that is not a trial's own fault, the current trial is saved and the error tells the command that
    resumes the sweep; an interruption raises KeyboardInterrupt.
    """
    output, progress = Path(output), None if progress is None else forgiving(progress)
    sweep.check()
    command = _command(sweep, output, trials, storage)
    with quiet():
        worker = _joined(sweep, SweepFolder(output), storage, progress)
        worker.drop(drop)
        try:
            worker.work(sweep.section.trials if trials is None else trials)
            worker.draw()
        except KeyboardInterrupt:
            worker.draw()
            raise KeyboardInterrupt(f"stopped; the trial at work is saved; go on with: {command}") from None
        except StorageInternalError as error:
            raise SeqloomError(f"the storage fails: {_cause(error)}", hint=f"go on with: {command}") from error
        except SeqloomError as error:
            first = "make room" if isinstance(error, DiskError) else error.hint
            hint = f"{first}; go on with: {command}" if first else f"go on with: {command}"
            raise type(error)(error.message, where=error.where, hint=hint) from error
        results = worker.results()
    if results.best is None and all(each.state == "failed" for each in results.trials):
        raise SeqloomError(
            f"no trial could be finished; the last one: {results.trials[-1].error}", where=str(sweep.path)
        )
    return results


def _joined(sweep: Sweep, folder: SweepFolder, storage: str | None, progress: TextIO | None) -> Worker:
    """Return a worker on the study, after making sure that the folder belongs to this study."""
    folder.claim()
    with folder.lock():
        before = folder.tie(sweep.name)
        study = open_study(sweep, storage or folder.database, begun=before is not None)
        count = len(study.get_trials(deepcopy=False))
        tie = folder.tied(before, sweep.name, identity(study), count=count, shared=storage is not None)
    return Worker(sweep, folder, tie, study, progress)


def _command(sweep: Sweep, output: Path, trials: int | None, storage: str | None) -> str:
    """Return the command that resumes the sweep; a password in the storage's URL is masked."""
    words = ["seqloom", "sweep", str(sweep.path), "--output", str(output)]
    words += [] if trials is None else ["--trials", str(trials)]
    words += [] if storage is None else ["--storage", masked(storage)]
    return shlex.join(words) + options()


def _cause(error: StorageInternalError) -> str:
    """Return what the database driver reported, without the SQL statement."""
    reason = error.__cause__ or error
    return (str(reason).splitlines() or [type(reason).__name__])[0]
