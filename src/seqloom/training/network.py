"""Build the network of a run, and choose the size of its batches."""

from __future__ import annotations

from seqloom.checkpoint import StoredModel
from seqloom.codecs import Codecs
from seqloom.data import Corpus
from seqloom.model import SingleNetwork
from seqloom.networks import TrainedNetwork, new_network
from seqloom.nn.precision import Precision
from seqloom.training.config import RunConfig
from seqloom.training.fine_tuning import fill_from
from seqloom.training.updates.budget import find_budget
from seqloom.training.updates.freezing import freeze
from seqloom.training.updates.randomness import seed_everything


def built(config: RunConfig, codecs: Codecs, start: StoredModel | None = None) -> TrainedNetwork:
    """Return a new network, with the weights of the model to start from, if any, and with the parts to freeze frozen.

    Torch's generators are seeded just before the weights are initialised.
    """
    seed_everything(config.training.seed)
    model = new_network(config.model, codecs)
    if start is not None:
        fill_from(model, start, codecs, config.training.start_from)
    freeze(model, config.training.freeze)
    return model


def sized_batches(
    config: RunConfig, model: SingleNetwork, precision: Precision, train: Corpus
) -> tuple[RunConfig, list[str]]:
    """Return the configuration with the number of tokens in a batch chosen, where it is `auto`, and a notice of it."""
    training = config.training
    if training.batch.tokens != "auto":
        return config, []
    if training.batch.sentences:
        return config.replace(training=training.replace(batch=training.batch.replace(tokens=0))), []
    found = find_budget(model, precision, train, training.accumulate, training.r_drop)
    sized = config.replace(training=training.replace(batch=training.batch.replace(tokens=found.tokens)))
    return sized, [f"batches of {found.tokens:,} tokens: {found.reason}"]
