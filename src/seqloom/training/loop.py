"""Training as a stream of reports: whoever iterates over it shows, logs and plots them; the loop only trains."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

from seqloom.errors import ConfigError
from seqloom.model import parameter_count
from seqloom.training import reports
from seqloom.training.config import RunConfig
from seqloom.training.device import reproducible_kernels
from seqloom.training.folder import RunFolder
from seqloom.training.interrupt import StopRequest, stop_requests
from seqloom.training.run import Run
from seqloom.training.setup import Inputs, Prepared, prepare


def train(
    config: RunConfig | None,
    output: Path | str,
    *,
    inputs: Inputs = Inputs(),  # noqa: B008 - a frozen value
    resume: bool = False,
    overwrite: bool = False,
) -> Generator[reports.Report]:
    """Train as `config` says and leave the model in the folder `output`; nothing happens until it is iterated over.

    `resume` goes on with the run in `output` (then `config` may be None: the run has its own) or, where there is
    none, starts one. `overwrite` replaces a run or a model in `output`. Ctrl-C, SIGTERM and SIGUSR1 let the update
    at work finish; then the state is saved and the stream ends with an `InterruptReport`. Closing the stream saves too.
    """
    folder = RunFolder(Path(output))
    if resume and folder.finished:
        folder.end()
        yield _finished_before(folder)
        return
    going_on = resume and folder.begun
    if going_on:
        config = folder.config(config)
    elif config is None:
        raise ConfigError("there is no run to go on with", where=str(output), hint="name a configuration or files")
    elif not overwrite:
        folder.check_free()
    prepared = prepare(config, inputs, folder.earlier() if going_on else None)
    if not going_on:
        folder.clear()
        folder.begin(config, prepared)
    with stop_requests() as stop, reproducible_kernels(prepared.config.training.deterministic):
        run = Run(prepared, folder)
        problems = run.restore() if going_on else []
        yield from _greeting(prepared, folder)
        if resume and not going_on:
            yield reports.NoticeReport("there is no run to go on with yet: starting from the beginning")
        for problem in problems:
            yield reports.NoticeReport(f"a damaged state was left out: {problem}")
        if going_on:
            yield reports.ResumeReport(run.epoch, run.progress.step)
        yield from _guarded(run, stop)


def _guarded(run: Run, stop: StopRequest) -> Iterator[reports.Report]:
    """The updates; however they are cut short, what can be saved is saved."""
    try:
        yield from _updates(run, stop)
    except GeneratorExit:
        if run.savable:
            run.save()
        raise
    except KeyboardInterrupt:
        if run.savable:
            run.save()
        yield run.interrupted()


def _updates(run: Run, stop: StopRequest) -> Iterator[reports.Report]:
    with closing(run.batches()) as batches:
        while True:
            if run.evaluation_due:
                yield from run.evaluate()
            if run.save_due:
                yield run.save()
            if run.ended:
                break
            if stop.made:
                yield run.save()
                yield run.interrupted()
                return
            yield from run.update(batches)
    yield from run.finish()


def _greeting(prepared: Prepared, folder: RunFolder) -> Iterator[reports.Report]:
    for text in prepared.notices:
        yield reports.NoticeReport(text)
    yield reports.SetupReport(
        output=str(folder.output),
        pairs=len(prepared.train),
        dev_pairs=len(prepared.dev),
        source_symbols=prepared.encoder.source.size,
        target_symbols=prepared.encoder.target.size,
        parameters=parameter_count(prepared.model),
        device=str(prepared.device),
        precision=prepared.precision.describe(),
        epochs=prepared.config.training.epochs,
        steps_total=prepared.steps_total,
    )


def _finished_before(folder: RunFolder) -> reports.FinishReport:
    metrics = folder.metrics()
    facts = metrics["training"]
    return reports.FinishReport(
        output=str(folder.output),
        epoch=facts["epoch"],
        step=facts["step"],
        reason="it was finished before",
        chosen=metrics.get("chosen", ""),
        seconds=facts["seconds"],
        tokens=facts["tokens"],
        metrics=metrics.get("dev", {}),
    )
