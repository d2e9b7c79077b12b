"""Evaluate a run on its dev data, and keep the weights where they are among the best so far."""

from __future__ import annotations

import time
from collections.abc import Iterator

from seqloom.checkpoint.tensors import distinct_tensors
from seqloom.training import reports
from seqloom.training.dev import judge
from seqloom.training.model_writing import install
from seqloom.training.run import Run
from seqloom.training.stopping import Kept
from seqloom.training.updates.averaging import using


def evaluate(run: Run) -> Iterator[reports.Report]:
    """Evaluate the model on the dev data and update the selection and the schedule.

    Weights that are among the best so far are kept; the best ones are also installed in the output folder.
    """
    progress = run.progress
    if not len(run.prepared.dev):
        progress.evaluated = progress.step
        return
    began = time.perf_counter()
    try:
        with using(run.prepared.model, run.learner.average):
            report = judged(run, began)
            new = Kept(progress.step, report.score, report.loss)
            chosen, records = progress.selection.observe(new), dict(progress.kept)
            if chosen.keeps(progress.step):
                weights = distinct_tensors(run.prepared.model)
                records[progress.step] = run.states.keep_weights(progress.step, weights)
            if report.best:
                install(run, {"dev": report.figures}, finished=False)
    except KeyboardInterrupt:
        run.busy = run.learner.average is not None  # the interrupt may have come while weights were being swapped
        raise
    plateau = progress.plateau.observe(better=report.best, config=run.training.schedule)
    run.busy = True
    if report.best:
        progress.figures = report.figures
    progress.selection, progress.evaluated, progress.plateau = chosen, progress.step, plateau
    progress.kept = {step: record for step, record in records.items() if chosen.keeps(step)}
    progress.seconds += report.seconds
    run.busy = False
    yield report


def judged(run: Run, began: float) -> reports.EvalReport:
    """Return the dev figures of the model's current weights; the time is measured from `began`."""
    return judge(run.prepared, run.epoch, run.progress.step, run.progress.selection, began)
