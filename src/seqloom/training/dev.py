"""A look at the dev data: loss of every pair, metrics of some decoded ones."""

from __future__ import annotations

import torch

from seqloom.data import BatchSampler, Source
from seqloom.data.loader import evaluation_batches
from seqloom.inference import Predictor
from seqloom.metrics import compute
from seqloom.training.setup import Prepared
from seqloom.training.step import batch_loss


@torch.no_grad()
def dev_loss(prepared: Prepared) -> float:
    """Mean negative log-likelihood of a dev target token in nats, end marks counted, without smoothing."""
    model = prepared.model.eval()
    sampler = BatchSampler(prepared.dev.source_lengths, prepared.dev.target_lengths, prepared.config.training.batch)
    nll = torch.zeros((), dtype=torch.float64, device=prepared.device)
    tokens = 0
    for batch in evaluation_batches(prepared.dev, sampler):
        with prepared.precision.active():
            nll += batch_loss(model, batch.to(prepared.device)).nll
        tokens += batch.tokens
    return float(nll) / max(1, tokens)


def dev_metrics(prepared: Prepared) -> dict[str, float]:
    """The reported metrics over the decoded dev examples."""
    selection = prepared.config.training.selection
    if not prepared.dev_examples:
        return {}
    predictor = Predictor(
        prepared.model.eval(),
        prepared.encoder.source,
        prepared.encoder.target,
        prepared.config.search.replace(beam=selection.beam, n_best=1),
        reverse_source=prepared.config.data.reverse_source,
        device=prepared.device,
    )
    sources = [Source(example.source, example.tags) for example in prepared.dev_examples]
    predictions = [prediction.text for prediction in predictor.predict(sources)]
    references = [example.targets for example in prepared.dev_examples]
    return {score.name: score.value for score in compute(selection.decoded, predictions, references)}
