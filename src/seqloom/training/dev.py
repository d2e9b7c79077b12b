"""Evaluation on the dev data, as `seqloom evaluate` does it: the loss of every example and the metrics of decoded ones.

Losses and answers come from the same code, in float32, so that the figures of a model's last dev evaluation are those
that `seqloom evaluate` finds. Of several processes each evaluates its share.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from seqloom.breakdown import macro_mean, part_of, parts_of
from seqloom.data import Example, Share, Source
from seqloom.evaluation import target_loss
from seqloom.evenly import evenly
from seqloom.inference.predictor import Predictor
from seqloom.inference.torch_engine import torch_engine
from seqloom.losses import Loss
from seqloom.metrics import compute
from seqloom.prediction import Prediction
from seqloom.remarks import Remarks
from seqloom.search import SearchConfig
from seqloom.training.reports import EvalReport, Sample, StageReport
from seqloom.training.setup import Prepared
from seqloom.training.stopping import Kept, Selection

PIECE = 64
"""Number of answers after which it is reported how many there are."""


def judge(prepared: Prepared, epoch: int, step: int, selection: Selection, began: float) -> EvalReport:
    """Evaluate the model on the dev data and compare the result with `selection`; the time is measured from `began`."""
    predictor, choice = predictor_of(prepared), prepared.config.training.selection
    losses, answers = dev_losses(prepared, predictor), dev_answers(prepared, predictor)
    loss, metrics = Loss.of_all(losses.values()), dev_metrics(prepared, answers)
    parts = figures_of_parts(prepared, losses, answers)
    macro, on = macro_mean(list(parts.values())), choice.on
    score = macro[on] if choice.mean == "macro" else loss.per_token if on == "loss" else metrics[on]
    return EvalReport(
        epoch=epoch,
        step=step,
        loss=loss.per_token,
        perplexity=loss.perplexity,
        metrics=metrics,
        selected_on=on,
        score=score,
        best=selection.beaten_by(Kept(step, score, loss.per_token)),
        seconds=time.perf_counter() - began,
        decoded=len(answers),
        beam=predictor.search.beam if answers else 0,
        remarks=Remarks.of(answers).to_json() if answers else {},
        by=prepared.divided_by or "",
        parts=parts,
        macro=macro,
        samples=samples_of(prepared, answers),
    )


def samples_of(prepared: Prepared, answers: Sequence[Prediction]) -> tuple[Sample, ...]:
    """Return a few decoded dev pairs, evenly spaced, with the answers to them."""
    examples = prepared.dev_examples if answers else []
    rows = evenly(len(examples), prepared.config.training.samples)
    return tuple(Sample(examples[row].source, answers[row].text, examples[row].target) for row in rows)


def predictor_of(prepared: Prepared, search: SearchConfig | None = None) -> Predictor:
    """Return a predictor with the model's current weights and these settings of search, or those of dev evaluations."""
    engine = torch_engine(prepared.model.eval(), prepared.device)
    return Predictor(engine, prepared.codecs, search or prepared.config.dev_search)


def dev_losses(prepared: Prepared, predictor: Predictor) -> dict[str, Loss]:
    """Return the negative log-likelihood of the dev targets without label smoothing, for each tag or file if the dev
    data are divided, else for all under the name ""; of several references the first counts."""
    group, kind = prepared.group, prepared.divided_by
    examples = prepared.dev.examples(group.share.of(prepared.dev_rows))
    if kind is None:
        found = {"": target_loss(predictor, examples)}
    else:
        own: dict[str, list[Example]] = {}
        for example in examples:
            own.setdefault(part_of(example, kind), []).append(example)
        found = {name: target_loss(predictor, members) for name, members in own.items()}
    shares = group.gather(found)
    names = sorted({name for share in shares for name in share})
    return {name: Loss.of_all(share[name] for share in shares if name in share) for name in names}


def dev_answers(prepared: Prepared, predictor: Predictor) -> list[Prediction]:
    """Return the predictions for the dev examples that are decoded."""
    return Share.whole(prepared.group.gather(list(predictor.predict(_dev_sources(prepared)))))


def reported_answers(
    prepared: Prepared, predictor: Predictor, doing: str
) -> Generator[StageReport, None, list[Prediction]]:
    """Return the same predictions with details; on the way it is reported how many there are, as what is `doing`."""
    sources, found = _dev_sources(prepared), list[Prediction]()
    yield StageReport(doing, 0, len(sources))
    for answer in predictor.predict(sources, details=True, window=PIECE):
        found.append(answer)
        if len(found) % PIECE == 0:
            yield StageReport(doing, len(found), len(sources))
    return Share.whole(prepared.group.gather(found))


def _dev_sources(prepared: Prepared) -> list[Source]:
    """The sources that this process decodes."""
    return [Source(example.source, example.tags) for example in prepared.group.share.of(prepared.dev_examples)]


def dev_metrics(prepared: Prepared, answers: list[Prediction]) -> dict[str, float]:
    """Return the metrics of the predictions, the main one first; empty where nothing was decoded."""
    if not answers:
        return {}
    return prepared.group.from_first(lambda: _measured(prepared, answers, range(len(answers))))


def figures_of_parts(
    prepared: Prepared, losses: dict[str, Loss], answers: list[Prediction]
) -> dict[str, dict[str, float]]:
    """Return loss and metrics of each tag or file; empty where the dev data are not divided.

    A part of which nothing was decoded has no metrics.
    """
    if prepared.divided_by is None:
        return {}
    decoded = parts_of(prepared.dev_examples, prepared.divided_by)

    def figures() -> dict[str, dict[str, float]]:
        return {
            name: {"loss": loss.per_token, **(_measured(prepared, answers, decoded[name]) if name in decoded else {})}
            for name, loss in losses.items()
        }

    return prepared.group.from_first(figures)


def _measured(prepared: Prepared, answers: Sequence[Prediction], rows: Sequence[int]) -> dict[str, float]:
    """Return the metrics of the decoded examples at some indices."""
    texts = [answers[row].text for row in rows]
    form = prepared.codecs.target.canonical
    references = [tuple(map(form, prepared.dev_examples[row].targets)) for row in rows]
    names = prepared.config.training.selection.decoded
    return {score.name: score.value for score in compute(names, texts, references)} if names and texts else {}
