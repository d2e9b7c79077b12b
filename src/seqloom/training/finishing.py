"""The end of a run: the selected weights become the model in its output folder."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence

from seqloom.label_targets import LabelReport, label_report
from seqloom.prediction import Prediction
from seqloom.training import reports
from seqloom.training.calibrating import calibrated
from seqloom.training.dev import predictor_of, reported_answers
from seqloom.training.evaluating import judged
from seqloom.training.model_writing import install
from seqloom.training.run import Run
from seqloom.training.search_tuning import tuned
from seqloom.training.stopping import Kept
from seqloom.training.updates.averaging import averaged, put


def finish(run: Run) -> Iterator[reports.Report]:
    """Install the selected weights as the model of the output folder and remove the saved states.

    With dev data these are the weights of the best evaluation, or the mean of the best ones where that is no worse;
    without, the last weights.
    """
    run.busy = True  # the weights are no longer those of the last update
    progress, model = run.progress, run.prepared.model
    best, figures = progress.selection.best, progress.figures
    if best is None:
        if run.learner.average is not None:
            put(model, run.learner.average)
        chosen = f"the last weights, after update {progress.step}"
    else:
        members = [run.states.kept_weights(kept.step, progress) for kept in progress.selection.kept]
        put(model, members[0])
        chosen = f"the best weights, after update {best.step}"
        if len(members) > 1:
            put(model, averaged(members))
            report = judged(run, time.perf_counter())
            yield report
            if progress.selection.reached_by(Kept(progress.step, report.score, report.loss)):
                chosen = f"the mean of the {len(members)} best weights"
                figures = report.figures
            else:
                put(model, members[0])
    wanted = run.prepared.config.plan.tune_search is True
    search = (yield from tuned(run.prepared)) if wanted else None
    if wanted and search is None:
        yield reports.NoticeReport("search: beam and length penalty are as they were, as no dev answers choose them")
    if search is not None:
        yield reports.NoticeReport(search.sentence())
        changed = search.search != run.prepared.config.search
        run.take_search(search.search)
        if changed:
            report = judged(run, time.perf_counter())
            yield report
            figures = report.figures
    tuning = {} if search is None else {"search": search.to_json()}
    answers = yield from _final_answers(run)
    calibration, said = calibrated(run.prepared, answers)
    labels = _classification(run, answers)
    for sentence in [*filter(None, [said]), *(labels.sentences() if labels else ())]:
        yield reports.NoticeReport(sentence)
    classes = {"dev_classes": labels.to_json()} if labels else {}
    install(run, {"dev": figures, "chosen": chosen, **classes, **tuning}, finished=True, calibration=calibration)
    run.group.from_first(run.folder.end)  # all processes wait here, so the model is in its folder when they return
    yield _report(run, chosen, figures)


def _report(run: Run, chosen: str, figures: Mapping[str, float]) -> reports.FinishReport:
    """Return the report of a run that is finished."""
    return reports.FinishReport(
        output=str(run.folder.output),
        epoch=run.epoch,
        step=run.progress.step,
        reason=run.ended,
        chosen=chosen,
        seconds=run.progress.seconds,
        tokens=run.progress.tokens,
        metrics=figures,
        decoded=len(run.prepared.dev_examples),
        dev_examples=len(run.prepared.dev_rows),
        wanted=_missed(run),
        warnings=tuple(run.prepared.warnings),
    )


def _missed(run: Run) -> int:
    """Return how many updates were wanted for these pairs, where the time that was given allowed less than half."""
    config, wanted = run.prepared.config, run.prepared.plan.updates
    given = {"training.epochs", "training.max_steps"} & config.given
    return wanted if not given and 0 < config.training.max_steps < wanted / 2 else 0


def _final_answers(run: Run) -> Generator[reports.StageReport, None, list[Prediction]]:
    """Return the answers to the dev examples that are decoded, found as the model will answer, with details."""
    prepared = run.prepared
    if not prepared.dev_examples or prepared.codecs.answer == "tags":  # these have probabilities of their own
        return []
    predictor = predictor_of(prepared, prepared.config.search.replace(n_best=1))
    return (yield from reported_answers(prepared, predictor, "answering dev examples, to calibrate confidence"))


def _classification(run: Run, answers: Sequence[Prediction]) -> LabelReport | None:
    """Return the figures of each class on the dev data; None where answers are no labels."""
    if not answers:
        return None
    prepared = run.prepared
    references = [each.targets for each in prepared.dev_examples]
    return label_report(prepared.codecs.target, prepared.config.measures, answers, references)
