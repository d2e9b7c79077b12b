"""The network of frames: one encoder, from whose vectors the tags of the words and the label of the whole are found.

    scores_w = W dropout(pooling of words(values)_w) + b      scores = U dropout(pooling(values)) + c
    loss     = loss of the tags + λ · loss of the label       λ = model.label_weight

This is the joint model of intent and slots (Liu & Lane 2016, "Attention-based recurrent neural network models for joint
intent detection and slot filling"), with the poolings and the tagger that are chosen. With λ = 1 the loss is the
negative log-likelihood of the frame.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.label_network import label_scores
from seqloom.model_config import ModelConfig
from seqloom.nn.label_loss import LabelLoss, marked
from seqloom.nn.output import LossSums
from seqloom.nn.poolings import build_pooling
from seqloom.tag_network import TagNetwork, TagScorer
from seqloom.tag_scheme import Legal
from seqloom.text.special import SPECIAL_TOKENS


class FrameScores(NamedTuple):
    """The scores of the tags of each word, how many words each row has, and the scores of the labels."""

    tags: Float[Tensor, "B W C"]
    words: Int[Tensor, " B"]
    labels: Float[Tensor, "B L"]


class FrameScorer(TagScorer):
    """What answering and export ask of a network that answers with frames, which is a single one or an ensemble.

    A target begins with the id of its label. Those of tags count from `first`, those of the L labels from
    `first_label`.
    """

    first_label: int
    labels: int

    @abstractmethod
    def scores(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], count: int) -> FrameScores:
        """The scores of the first `count` words of each row and of the labels; the source is read once."""

    def given_labels(self, target: Int[Tensor, "B T"]) -> Tensor:
        """Marks [B, L] the label of each target; nothing is marked for one that is not known."""
        first = target[:, :1]
        return marked(first, torch.ones_like(first, dtype=torch.bool), self.first_label, self.labels)


class FrameNetwork(TagNetwork, FrameScorer):
    """A network of tags that also has a score for each of L labels of the source."""

    def __init__(
        self,
        config: ModelConfig,
        source_size: int,
        target_size: int,
        *,
        labels: int,
        reserved: int = len(SPECIAL_TOKENS),
        legal: Legal | None = None,
    ) -> None:
        super().__init__(config, source_size, target_size - labels, reserved=reserved, legal=legal)
        assert config.pooling is not None  # checked with the configuration
        self.first_label, self.labels = self.target_size, labels
        self.target_size = target_size
        self.criterion = LabelLoss()
        self.label_pooling = build_pooling(config.pooling, config.encoder_hidden)
        self.label_readout = nn.Linear(self.label_pooling.size, labels)
        nn.init.zeros_(self.label_readout.bias)

    def scores(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], count: int) -> FrameScores:
        """The scores of the first `count` words of each row and of the labels; the source is read once."""
        read = self.read(source, lengths)
        tags, words = self.word_scores(read, source, lengths, count)
        labels, _ = label_scores(read, lengths, self.label_pooling, self.dropout, self.label_readout)
        return FrameScores(tags, words, labels)

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
        """The loss of the words' tags and, weighted, of the label. Settings with R-Drop are refused."""
        del target_in
        assert not r_drop
        found = self.scores(source, lengths, target_out.size(1) - 1)
        tags = self.tag_loss(found.tags, target_out[:, 1:], target_lengths - 1, smoothing)
        labels = self.criterion.sums(found.labels, self.given_labels(target_out), smoothing)
        return LossSums(
            tags.loss + self.config.label_weight * labels.loss, tags.nll + labels.nll, tags.tokens + labels.tokens
        )
