"""The network of tags: an encoder, a pooling of its vectors for each word, one linear layer over the tags, a tagger.

    scores_w = W dropout(pooling(encoder(embeddings))_w) + b

The begin marks in the source say where words begin. It is not a `Network`, since no search writes with it, but a
`SingleNetwork`, which is what training asks for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.model import Read, SingleNetwork, tag_embedding
from seqloom.model_config import ModelConfig
from seqloom.nn.dropout import SequenceDropout, WordDropout
from seqloom.nn.embedding import Embedding
from seqloom.nn.encoders import build_encoder
from seqloom.nn.output import LossSums
from seqloom.nn.shapes import length_mask
from seqloom.nn.taggers import Tagger, build_tagger
from seqloom.nn.word_poolings import build_word_pooling, word_numbers
from seqloom.tag_scheme import Legal
from seqloom.text.special import SPECIAL_TOKENS, UNK


class TagScorer(nn.Module, ABC):
    """What answering and export ask of a network that answers with tags, which is a single one or an ensemble.

    The ids of its C tags count from `first`. `tagger` makes answers of their scores.
    """

    first = len(SPECIAL_TOKENS)
    source_size: int
    target_size: int
    tagger: Tagger

    @abstractmethod
    def forward(
        self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], count: int
    ) -> tuple[Float[Tensor, "B W C"], Int[Tensor, " B"]]:
        """The scores of the tags of the first `count` words of each row, and how many words each row has."""

    def places(self, ids: Int[Tensor, "B T"]) -> Int[Tensor, "B T"]:
        """The places of tags among the C, of target ids; those of special ids have no meaning."""
        return (ids - self.first).clamp_min(0)


class TagNetwork(SingleNetwork, TagScorer):
    """A source → a score for each of C tags of each word, whose target ids count from `first`.

    `tagger` makes answers of the scores, and compares them with given tags. `legal` says which tags may follow which in
    an answer.
    """

    def __init__(
        self,
        config: ModelConfig,
        source_size: int,
        target_size: int,
        *,
        reserved: int = len(SPECIAL_TOKENS),
        legal: Legal | None = None,
    ) -> None:
        super().__init__()
        assert config.word_pooling is not None  # checked with the configuration
        assert config.tagger is not None
        self.config, self.source_size, self.target_size = config, source_size, target_size
        self.source_embedding = Embedding(source_size, config.embedding, config.embedding_deviation)
        self.tag_embedding = tag_embedding(config, reserved)
        self.source_word_dropout = WordDropout(config.source_word_dropout, reserved)
        self.embedding_dropout = SequenceDropout(config.embedding_dropout, variational=config.variational)
        self.dropout = SequenceDropout(config.dropout, variational=config.variational)
        self.encoder = build_encoder(config.encoder, config.cell, config.embedding, config.encoder_hidden, self.dropout)
        self.pooling = build_word_pooling(config.word_pooling)
        self.readout = nn.Linear(config.encoder_hidden, target_size - self.first)
        nn.init.zeros_(self.readout.bias)
        self.tagger = build_tagger(config.tagger, target_size - self.first, legal)

    def forward(
        self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], count: int
    ) -> tuple[Float[Tensor, "B W C"], Int[Tensor, " B"]]:
        """The scores of the tags of the first `count` words of each row, and how many words each row has."""
        return self.word_scores(self.read(source, lengths), source, lengths, count)

    def word_scores(
        self, read: Read, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], count: int
    ) -> tuple[Float[Tensor, "B W C"], Int[Tensor, " B"]]:
        """The same of a source that has been read."""
        words, sizes = word_numbers(source, lengths)
        vectors = self.pooling(read.values, words, count)
        return self.readout(self.dropout(vectors)), sizes

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
        """The loss of the words' tags; the end mark of a target has no part in it, nor has a row with an unknown tag.
        Settings with R-Drop are refused."""
        del target_in
        assert not r_drop
        scores, _ = self(source, lengths, target_out.size(1))
        return self.tag_loss(scores, target_out, target_lengths, smoothing)

    def tag_loss(
        self,
        scores: Float[Tensor, "B W C"],
        target: Int[Tensor, "B W"],
        target_lengths: Int[Tensor, " B"],
        smoothing: float,
    ) -> LossSums:
        """The loss of given tags, which end with the end mark."""
        real = length_mask(target_lengths - 1, target.size(1)).to(target.device, non_blocking=True)
        real = real & (~real | (target != UNK)).all(1, keepdim=True)
        loss, nll = self.tagger.loss(scores, self.places(target), real, smoothing)
        return LossSums(loss, nll, int(real.sum()))

    def predictions(self, rows: int, tokens: int) -> int:
        """One for each word: the targets' tokens without their end marks."""
        return tokens - rows

    def target_tables(self) -> list[Tensor]:
        """The last layer and the tagger's scores of first and last tags, with one row for each tag."""
        return [self.readout.weight, self.readout.bias, *(each for each in self.tagger.parameters() if each.dim() == 1)]

    def target_squares(self) -> list[Tensor]:
        """The tagger's transitions."""
        return [each for each in self.tagger.parameters() if each.dim() == 2]
