"""A look at the dev data: loss of every pair, metrics of some decoded ones; each process looks at its share."""

from __future__ import annotations

import math
import time
from itertools import chain

import torch
from torch import Tensor

from seqloom.data import BatchSampler, Share, Source
from seqloom.data.loader import evaluation_batches
from seqloom.eager import TorchEngine
from seqloom.inference import Predictor
from seqloom.metrics import compute
from seqloom.training.reports import EvalReport
from seqloom.training.setup import Prepared
from seqloom.training.step import batch_loss, perplexity
from seqloom.training.stopping import Selection


def judge(prepared: Prepared, epoch: int, step: int, selection: Selection, began: float) -> EvalReport:
    """The dev figures of the model as it is, and whether they are the best so far; its time counts from `began`."""
    on = prepared.config.training.selection.on
    loss, metrics = dev_loss(prepared), dev_metrics(prepared)
    score = loss if on == "loss" else metrics[on]
    best = selection.best
    better = not math.isnan(score) and (best is None or not selection.no_worse(best.score, score))
    seconds = time.perf_counter() - began
    return EvalReport(epoch, step, loss, perplexity(loss), metrics, on, score, better, seconds)


@torch.no_grad()
def dev_loss(prepared: Prepared) -> float:
    """Mean negative log-likelihood of a dev target token in nats, end marks counted, without smoothing."""
    model, group = prepared.model.eval(), prepared.group
    sampler = BatchSampler(prepared.dev.source_lengths, prepared.dev.target_lengths, prepared.config.training.batch)
    sums: list[Tensor] = []
    tokens = 0
    for batch in evaluation_batches(prepared.dev, sampler, group.share):
        with prepared.precision.active():
            sums.append(batch_loss(model, batch.to(prepared.device)).nll)
        tokens += batch.tokens
    shares, counts = zip(*group.gather((torch.stack(sums).tolist() if sums else [], tokens)), strict=True)
    return math.fsum(chain.from_iterable(shares)) / max(1, sum(counts))  # exact: no matter who summed what


def dev_metrics(prepared: Prepared) -> dict[str, float]:
    """The reported metrics over the decoded dev examples."""
    selection, group = prepared.config.training.selection, prepared.group
    if not prepared.dev_examples:
        return {}
    predictor = Predictor(
        TorchEngine(prepared.model.eval(), prepared.device),
        prepared.encoder.source,
        prepared.encoder.target,
        prepared.config.search.replace(beam=selection.beam, n_best=1),
        reverse_source=prepared.config.data.reverse_source,
    )
    sources = [Source(example.source, example.tags) for example in group.share.of(prepared.dev_examples)]
    predictions = Share.whole(group.gather([prediction.text for prediction in predictor.predict(sources)]))
    references = [example.targets for example in prepared.dev_examples]
    return group.from_first(
        lambda: {score.name: score.value for score in compute(selection.decoded, predictions, references)}
    )
