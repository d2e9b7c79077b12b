"""The training loop, as a stream of reports: it only trains; whoever iterates over it shows, logs and plots the
reports."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, nullcontext, suppress
from pathlib import Path

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import folder_path, place_of
from seqloom.errors import ConfigError, DiskError, TrainingError
from seqloom.model import parameter_count
from seqloom.training import reports
from seqloom.training.config import RunConfig, with_plugins
from seqloom.training.device import reproducible_kernels
from seqloom.training.evaluating import evaluate
from seqloom.training.finishing import finish
from seqloom.training.group import Group, LostProcessError, joined, restartable
from seqloom.training.interrupt import EndRequest, StopRequest, stop_requests
from seqloom.training.memory import out_of_memory
from seqloom.training.provenance.record import Record, ingredients, record_of
from seqloom.training.restoring import go_back, restore
from seqloom.training.run import Run
from seqloom.training.setup import Inputs, prepare
from seqloom.training.states.folder import RunFolder
from seqloom.training.states.lock import HANDOVER, sole_writer
from seqloom.training.states.state import Restored
from seqloom.training.updates.freezing import frozen_count


def train(
    config: RunConfig | None,
    output: Path | str,
    *,
    inputs: Inputs = Inputs(),  # noqa: B008 - a frozen value
    resume: bool = False,
    overwrite: bool = False,
    end: EndRequest | None = None,
) -> Generator[reports.Report]:
    """Train as `config` says and leave the model in the folder `output`; nothing happens until the generator is
    iterated over.

    With `resume`, the run in `output` is resumed, or a new one is started where there is none. A resumed run has its
    own settings: `config` may be None; where it differs, a setting that may change is taken over and any other is
    refused (`seqloom.training.resume_settings`). `overwrite` replaces a run or a model in `output`. On Ctrl-C, SIGTERM
    or SIGUSR1 the current update is finished, the state is saved, and the stream ends with an `InterruptReport`.
    Closing the generator saves the state, too. Whoever asks by `end` ends the run with its best weights.

    Under `torchrun` all processes train one model together (see `seqloom.training.group`): each of them yields the
    reports, but only the first one reads and writes the folder.
    """
    folder = RunFolder(folder_path(output))
    with (
        stop_requests() as stop,  # until the very end, so that a signal of the launcher does not hide an error
        joined() as group,
        sole_writer(folder.output, HANDOVER if restartable() else 0) if group.first else nullcontext("") as before,
    ):
        config = None if config is None else with_plugins(config)
        if resume and group.from_first(lambda: folder.finished):
            yield group.from_first(lambda: _finished_before(folder, config))
            return
        going_on = resume and group.from_first(lambda: folder.begun)
        if not going_on and config is not None and not overwrite:
            group.from_first(folder.check_free)
        yield reports.StageReport("reading the pairs, choosing tokenizers, planning")
        run, notices = (_reopened if going_on else _begun)(folder, config, inputs, group)
        if before:
            notices.append(f"the run that wrote here before has died: {before}")
        if resume and not going_on:
            notices.append("there is no run to go on with yet: starting from the beginning")
        with reproducible_kernels(run.training.deterministic):
            stop.heeded = True
            restored = restore(run) if going_on else Restored("")
            yield from _greeting(run, [*notices, *restored.notices])
            if going_on:
                run.note_going_on()
                yield reports.ResumeReport(run.epoch, run.progress.step, restored.name)
            yield from _guarded(run, stop, end or EndRequest())


def _begun(folder: RunFolder, given: RunConfig | None, inputs: Inputs, group: Group) -> tuple[Run, list[str]]:
    """Start a new run in the folder; returns the run and the notices about what was chosen for it."""
    if given is None:
        ensemble = place_of(folder.output, layout.MEMBERS).is_file()
        single = "an ensemble is not trained: name the folder of one of its members"
        hint = single if ensemble else "name a configuration or files"
        raise ConfigError("there is no run to go on with", where=str(folder.output), hint=hint)
    config = group.from_first(lambda: given)
    group.from_first(lambda: folder.check_other(config.training.start_from))
    damage: list[str] = []
    before = group.from_first(lambda: ingredients(config, inputs, damage.append))
    prepared = prepare(config, inputs, group=group)

    def written() -> tuple[str, Record]:
        record = record_of(config, prepared, inputs, before)
        folder.clear()
        folder.begin(config, prepared, record)
        return folder.settings().identity, record

    return Run(prepared, folder, *group.from_first(written)), [*damage, *prepared.notices]


def _reopened(folder: RunFolder, given: RunConfig | None, inputs: Inputs, group: Group) -> tuple[Run, list[str]]:
    """Open the run that is in the folder, without restoring its state yet; returns the run and notices."""
    settings = group.from_first(folder.settings)
    config, earlier = group.from_first(lambda: (folder.config(settings, given), folder.earlier(settings)))
    prepared = prepare(config, inputs, earlier, group)
    damage = [f"a copy of the settings is damaged, the other one is used: {problem}" for problem in settings.problems]
    record = group.from_first(lambda: folder.record(settings))
    return Run(prepared, folder, settings.identity, record), [*prepared.notices, *damage]


def _guarded(run: Run, stop: StopRequest, end: EndRequest) -> Iterator[reports.Report]:
    """Train, and save the state when training is cut short by a request to stop or by an error.

    Saving needs no communication with the other processes, some of which may be gone.
    """
    try:
        yield from _updates(run, stop, end)
    except GeneratorExit:
        run.save_now()
        raise
    except KeyboardInterrupt:
        yield from run.save_now()
        yield run.interrupted()
    except LostProcessError:
        if run.prepared.device.type == "cpu":  # here the lost process is noticed before any weight has changed
            yield from _saved(run)
        raise
    except DiskError as error:
        hint = f"make room, then go on after the last saved update: {run.folder.command}"
        raise DiskError(error.message, where=error.where, hint=hint) from error
    except Exception as error:
        yield from _saved(run)
        if not out_of_memory(error):
            raise
        hint = f"free some memory and go on: {run.folder.command}; or take a smaller model or smaller batches"
        raise TrainingError(f"memory is not enough: {error}", where=str(run.folder.output), hint=hint) from error


def _saved(run: Run) -> list[reports.Report]:
    """Save the state after an error; an error of saving itself is suppressed, so that the first error is the one
    reported."""
    with suppress(Exception):
        return run.save_now()
    return []


def _updates(run: Run, stop: StopRequest, end: EndRequest) -> Iterator[reports.Report]:
    while True:
        yield from _stretch(run, stop, end)
        if not run.failing:
            break
        yield from go_back(run)
    if run.ended and not run.evaluation_due:
        yield from finish(run)
        return
    yield from run.save_now()
    yield run.interrupted()


def _stretch(run: Run, stop: StopRequest, end: EndRequest) -> Iterator[reports.Report]:
    """Make updates, evaluations and saved states until the run ends, is asked to stop, or must go back to a saved
    state."""
    with closing(run.batches()) as batches:
        while not run.failing:
            here = stop.made, run.saving.overdue(run.progress), run.cutting, bool(end.reason)
            stopping, overdue, cutting, ending = run.group.any(*here)
            if ending:
                run.wish = end.reason or "the first process ended it"
            if cutting:
                yield run.agree()
            if run.evaluation_due and not stopping:  # an evaluation may take longer than whoever stopped us waits
                yield from evaluate(run)
                continue
            if run.save_due and not run.evaluation_due:
                yield run.save()
            elif overdue and not stopping:
                yield from run.save_now()
            if run.ended or stopping:
                break
            yield from run.update(batches)


def _greeting(run: Run, notices: list[str]) -> Iterator[reports.Report]:
    prepared = run.prepared
    for text in (*notices, *prepared.plan.summary()):
        yield reports.NoticeReport(text)
    for text in (*prepared.plan.sentences(), *prepared.details):
        yield reports.NoticeReport(text, detail=True)
    for text in prepared.warnings:
        yield reports.NoticeReport(text, warning=True)
    yield reports.SetupReport(
        output=str(run.folder.output),
        pairs=len(prepared.train),
        dev_pairs=len(prepared.dev),
        symbols=prepared.codecs.sizes,
        parameters=parameter_count(prepared.model),
        device=str(prepared.device),
        precision=prepared.precision.describe(),
        epochs=prepared.config.training.passes,
        steps_total=prepared.updates.total(run.progress.step, run.progress.position),
        frozen=frozen_count(prepared.model, prepared.config.training.freeze),
    )


def _finished_before(folder: RunFolder, given: RunConfig | None) -> reports.FinishReport:
    folder.check_finished(given)
    folder.end()
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
