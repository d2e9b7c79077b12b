"""A look at the dev data as `seqloom evaluate` would: loss of every example, metrics of some decoded ones.

Answers and losses come from the same code as there, in float32, so that the figures of a model's last dev evaluation
are those that `evaluate` finds. Of several processes each looks at its share.
"""

from __future__ import annotations

import time

from seqloom.data import Share, Source
from seqloom.evaluation import Loss, target_loss
from seqloom.inference.predictor import Predictor
from seqloom.inference.torch_engine import TorchEngine
from seqloom.metrics import compute
from seqloom.prediction import Prediction
from seqloom.remarks import Remarks
from seqloom.training.reports import EvalReport
from seqloom.training.setup import Prepared
from seqloom.training.stopping import Kept, Selection


def judge(prepared: Prepared, epoch: int, step: int, selection: Selection, began: float) -> EvalReport:
    """The dev figures of the model as it is, and whether they are the best so far; its time counts from `began`."""
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


def predictor_of(prepared: Prepared) -> Predictor:
    """The model as it is, at work as the dev answers are to be found."""
    engine = TorchEngine(prepared.model.eval(), prepared.device)
    return Predictor(engine, prepared.codecs, prepared.config.dev_search)


def dev_loss(prepared: Prepared, predictor: Predictor) -> Loss:
    """Negative log-likelihood of the dev targets, of several accepted ones the first, without smoothing."""
    group = prepared.group
    examples = prepared.dev.examples(group.share.of(prepared.dev_rows))
    return Loss.of_all(group.gather(target_loss(predictor, examples)))


def dev_answers(prepared: Prepared, predictor: Predictor) -> list[Prediction]:
    """The answers to the decoded dev examples."""
    group = prepared.group
    sources = [Source(example.source, example.tags) for example in group.share.of(prepared.dev_examples)]
    return Share.whole(group.gather(list(predictor.predict(sources))))


def dev_metrics(prepared: Prepared, answers: list[Prediction]) -> dict[str, float]:
    """The reported metrics of the answers, the main one first."""
    if not answers:
        return {}
    names, references = prepared.config.training.selection.decoded, [each.targets for each in prepared.dev_examples]
    texts = [answer.text for answer in answers]
    return prepared.group.from_first(lambda: {score.name: score.value for score in compute(names, texts, references)})
