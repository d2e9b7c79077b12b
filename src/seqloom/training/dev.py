"""Evaluation on the dev data, as `seqloom evaluate` does it: the loss of every example and the metrics of decoded ones.

Losses and answers come from the same code, in float32, so that the figures of a model's last dev evaluation are those
that `seqloom evaluate` finds. Of several processes each evaluates its share.
"""

from __future__ import annotations

import time

from seqloom.data import Share, Source
from seqloom.evaluation import target_loss
from seqloom.inference.predictor import Predictor
from seqloom.inference.torch_engine import TorchEngine
from seqloom.losses import Loss
from seqloom.metrics import compute
from seqloom.prediction import Prediction
from seqloom.remarks import Remarks
from seqloom.search import SearchConfig
from seqloom.training.reports import EvalReport
from seqloom.training.setup import Prepared
from seqloom.training.stopping import Kept, Selection


def judge(prepared: Prepared, epoch: int, step: int, selection: Selection, began: float) -> EvalReport:
    """Evaluate the model on the dev data and compare the result with `selection`; the time is measured from `began`."""
    predictor, on = predictor_of(prepared), prepared.config.training.selection.on
    loss, answers = dev_loss(prepared, predictor), dev_answers(prepared, predictor)
    metrics = dev_metrics(prepared, answers)
    score = loss.per_token if on == "loss" else metrics[on]
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
    )


def predictor_of(prepared: Prepared, search: SearchConfig | None = None) -> Predictor:
    """Return a predictor with the model's current weights and these settings of search, or those of dev evaluations."""
    engine = TorchEngine(prepared.model.eval(), prepared.device)
    return Predictor(engine, prepared.codecs, search or prepared.config.dev_search)


def dev_loss(prepared: Prepared, predictor: Predictor) -> Loss:
    """Return the negative log-likelihood of the dev targets without label smoothing; of several references the first
    counts."""
    group = prepared.group
    examples = prepared.dev.examples(group.share.of(prepared.dev_rows))
    return Loss.of_all(group.gather(target_loss(predictor, examples)))


def dev_answers(prepared: Prepared, predictor: Predictor, *, details: bool = False) -> list[Prediction]:
    """Return the predictions for the dev examples that are decoded."""
    group = prepared.group
    sources = [Source(example.source, example.tags) for example in group.share.of(prepared.dev_examples)]
    return Share.whole(group.gather(list(predictor.predict(sources, details=details))))


def dev_metrics(prepared: Prepared, answers: list[Prediction]) -> dict[str, float]:
    """Return the metrics of the predictions, the main one first; empty where nothing was decoded."""
    if not answers:
        return {}
    names, references = prepared.config.training.selection.decoded, [each.targets for each in prepared.dev_examples]
    texts = [answer.text for answer in answers]
    return prepared.group.from_first(lambda: {score.name: score.value for score in compute(names, texts, references)})
