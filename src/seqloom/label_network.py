"""The network of labels: an encoder, a pooling of its vectors, and one linear layer over the labels.

    scores = W dropout(pooling(encoder(embeddings))) + b

It is not a `Network`, since nothing searches with it, but a `SingleNetwork`, which is what training asks for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.model import Read, SingleNetwork, tag_embedding
from seqloom.model_config import ModelConfig
from seqloom.nn.dropout import SequenceDropout, WordDropout
from seqloom.nn.embedding import Embedding
from seqloom.nn.encoders import build_encoder
from seqloom.nn.label_loss import LabelLoss, marked
from seqloom.nn.output import LossSums
from seqloom.nn.poolings import Pooling, build_pooling
from seqloom.nn.shapes import length_mask
from seqloom.text.special import SPECIAL_TOKENS


class Labeller(nn.Module, ABC):
    """What answering and export ask of a network that answers with labels, which is a single one or an ensemble.

    The ids of its labels count from `first`.
    """

    first = len(SPECIAL_TOKENS)
    source_size: int
    target_size: int
    criterion: LabelLoss

    @property
    @abstractmethod
    def attends(self) -> bool:
        """Whether answers come with weights of the source's positions."""

    @abstractmethod
    def forward(
        self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]
    ) -> tuple[Float[Tensor, "B C"], Float[Tensor, "B S"] | None]:
        """The score of each label, and the weights of the positions where there are some."""


class LabelNetwork(SingleNetwork, Labeller):
    """A source → a score for each of C labels, whose target ids count from `first`; `criterion` compares the two.

    Of one label the log-softmax of the scores are the log-probabilities, of several their log-sigmoids.
    """

    def __init__(
        self,
        config: ModelConfig,
        source_size: int,
        target_size: int,
        *,
        reserved: int = len(SPECIAL_TOKENS),
        criterion: LabelLoss | None = None,
    ) -> None:
        super().__init__()
        assert config.pooling is not None  # checked with the configuration
        self.config, self.source_size, self.target_size = config, source_size, target_size
        self.criterion = criterion or LabelLoss(several=config.answer == "labels")
        self.source_embedding = Embedding(source_size, config.embedding, config.embedding_deviation)
        self.tag_embedding = tag_embedding(config, reserved)
        self.source_word_dropout = WordDropout(config.source_word_dropout, reserved)
        self.embedding_dropout = SequenceDropout(config.embedding_dropout, variational=config.variational)
        self.dropout = SequenceDropout(config.dropout, variational=config.variational)
        self.encoder = build_encoder(config.encoder, config.cell, config.embedding, config.encoder_hidden, self.dropout)
        self.pooling = build_pooling(config.pooling, config.encoder_hidden)
        self.readout = nn.Linear(self.pooling.size, target_size - self.first)
        nn.init.zeros_(self.readout.bias)

    @property
    def attends(self) -> bool:
        """Whether answers come with weights of the source's positions."""
        return self.config.attends

    def forward(
        self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]
    ) -> tuple[Float[Tensor, "B C"], Float[Tensor, "B S"] | None]:
        """The score of each label, and the weights of the positions where the pooling has some."""
        return label_scores(self.read(source, lengths), lengths, self.pooling, self.dropout, self.readout)

    def loss(
        self,
        source: Int[Tensor, "B S"],
        lengths: Int[Tensor, " B"],
        target_in: Int[Tensor, "B T"],
        target_out: Int[Tensor, "B T"],
        target_lengths: Int[Tensor, " B"],
        smoothing: float = 0.0,
        r_drop: float = 0.0,
    ) -> LossSums:
        """The loss of the rows' labels; what else is in a target, such as its end mark, has no part in it."""
        del target_in
        real = length_mask(target_lengths, target_out.size(1)).to(target_out.device, non_blocking=True)
        given = marked(target_out, real, self.first, self.target_size - self.first)
        if r_drop:  # one pass over twice as many rows is faster than two passes
            scores, _ = self(torch.cat([source, source]), torch.cat([lengths, lengths]))
            return self.criterion.r_drop(scores, given, smoothing, r_drop)
        scores, _ = self(source, lengths)
        return self.criterion.sums(scores, given, smoothing)

    def predictions(self, rows: int, tokens: int) -> int:
        """One for each row."""
        del tokens
        return rows

    def target_tables(self) -> list[Tensor]:
        """The last layer, with one row for each label."""
        return [self.readout.weight, self.readout.bias]


def label_scores(
    read: Read, lengths: Int[Tensor, " B"], pooling: Pooling, dropout: SequenceDropout, readout: nn.Linear
) -> tuple[Float[Tensor, "B C"], Float[Tensor, "B S"] | None]:
    """The score of each label of sources that have been read, and the weights of the positions if there are some."""
    vector, weights = pooling(read.values, lengths, read.summary)
    return readout(dropout(vector[:, None])[:, 0]), weights
