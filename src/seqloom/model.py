"""The model: embeddings, encoder, attention and decoder put together from a `ModelConfig`.

encode: source → Memory and first state      step: one token → scores      decode: all steps of a known target at once
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.errors import ConfigError
from seqloom.model_config import ModelConfig
from seqloom.nn.attention import Memory
from seqloom.nn.bridge import source_vector
from seqloom.nn.decoders import build_decoder
from seqloom.nn.dropout import SequenceDropout, WordDropout
from seqloom.nn.embedding import Embedding
from seqloom.nn.encoders import Encoder, Summary, build_encoder
from seqloom.nn.output import Decoded, LossSums, Output
from seqloom.nn.shapes import length_mask
from seqloom.nn.tag_embedding import TagEmbedding
from seqloom.nn.tree import select_rows
from seqloom.text.special import SPECIAL_TOKENS

__all__ = [
    "ModelConfig",
    "ModelState",
    "Network",
    "Read",
    "Seq2Seq",
    "SingleNetwork",
    "parameter_count",
    "select",
    "tag_embedding",
]


class ModelState(NamedTuple):
    """The memory of each sentence and the state of the rows that decode them; both are trees of tensors."""

    memory: Any
    """A `Memory`; of an ensemble, a tuple with one for each member."""
    decoder: Any
    """A `DecoderState`; of an ensemble, a tuple with one for each member."""


class Network(nn.Module, ABC):
    """What searching, scoring and export ask of a whole network, which is a single model or an ensemble.

    It knows sizes, never strings; id 0 is padding.
    """

    source_size: int
    target_size: int

    @property
    @abstractmethod
    def output(self) -> Output:
        """From what the decoder hands over to log-probabilities and loss."""

    @property
    @abstractmethod
    def attends(self) -> bool:
        """Whether there are attention weights."""

    @abstractmethod
    def start(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> ModelState:
        """The first state of a search."""

    @abstractmethod
    def advance(self, token: Int[Tensor, " N"], state: ModelState) -> tuple[Decoded, ModelState]:
        """One step of N = B·K rows over B memories, as far as the output: features [N, R], weights [N, S]."""

    @abstractmethod
    def decode(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], target_in: Int[Tensor, "B T"]) -> Decoded:
        """Features [B, T, R] and attention weights [B, T, S] of all steps of a known target, and the memory."""

    def forward(
        self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], target_in: Int[Tensor, "B T"]
    ) -> tuple[Float[Tensor, "B T V"], Float[Tensor, "B T S"] | None]:
        """Scores of all symbols at all steps of a known target, and the attention weights."""
        decoded = self.decode(source, lengths, target_in)
        return self.output.scores(decoded), decoded.weights

    def step(
        self, token: Int[Tensor, " N"], state: ModelState
    ) -> tuple[Float[Tensor, "N V"], ModelState, Float[Tensor, "N S"] | None]:
        """One step of N = B·K rows over B memories: scores of all symbols, next state, attention weights."""
        decoded, state = self.advance(token, state)
        return self.output.scores(decoded), state, decoded.weights


class Read(NamedTuple):
    """A source as a network has read it: the vectors of its positions, the encoder's final states if it has any, and
    the vector of its tags if they have one."""

    values: Float[Tensor, "B S H"]
    summary: Summary | None
    tag: Float[Tensor, "B E"] | None


class SingleNetwork(nn.Module, ABC):
    """What training asks of a network, whatever it answers with, and how it reads its source.

    Source ids below `reserved`, which are special tokens and tags, are spared by word dropout; those of tags have an
    embedding of their own where `config.tag_embedding` says so.
    """

    config: ModelConfig
    source_size: int
    target_size: int
    source_embedding: Embedding
    tag_embedding: TagEmbedding | None
    source_word_dropout: WordDropout
    embedding_dropout: SequenceDropout
    encoder: Encoder

    def read(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> Read:
        """The vectors of a batch of sources: embedding, dropout, encoder."""
        vectors = self.source_embedding(self.source_word_dropout(source))
        tag = None if self.tag_embedding is None else self.tag_embedding(source, lengths)
        embedded = self.embedding_dropout(vectors if tag is None else vectors + tag[:, None])
        values, summary = self.encoder(embedded, lengths)
        return Read(values, summary, tag)

    @abstractmethod
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
        """The loss of known targets, summed over the batch; with `r_drop`, that of two passes with different dropout,
        and their divergence with this weight (Liang et al. 2021). The sums are then the means of both passes.

        Where `target_lengths` are on the processor, a GPU is not waited for.
        """

    @abstractmethod
    def predictions(self, rows: int, tokens: int) -> int:
        """How many predictions a loss is the sum of, over so many rows, whose targets have so many tokens."""

    @abstractmethod
    def target_tables(self) -> list[Tensor]:
        """The weights that have one row for each symbol or label of the target side, for fine-tuning with new ones."""

    def target_squares(self) -> list[Tensor]:
        """The weights that have one row and one column for each of them."""
        return []


class Seq2Seq(Network, SingleNetwork):
    """An encoder and a recurrent decoder."""

    def __init__(
        self, config: ModelConfig, source_size: int, target_size: int, *, reserved: int = len(SPECIAL_TOKENS)
    ) -> None:
        super().__init__()
        if config.answer == "auto":  # a network that is built without data, or was before there were other answers
            config = config.replace(answer="sequence")
        if config.decoder.attend == "auto":  # a network that is built without data
            config = config.replace(decoder=config.decoder.replace(attend="between"))
        self.config, self.source_size, self.target_size = config, source_size, target_size
        width, deviation, shared = config.embedding, config.embedding_deviation, config.share_embeddings
        if shared and source_size != target_size:
            raise ValueError(f"share_embeddings needs one vocabulary, not sizes {source_size} and {target_size}")
        self.source_embedding = Embedding(source_size, width, deviation)
        target_embedding = self.source_embedding if shared else Embedding(target_size, width, deviation)
        self.tag_embedding = tag_embedding(config, reserved)
        self.source_word_dropout = WordDropout(config.source_word_dropout, reserved)
        self.target_word_dropout = WordDropout(config.target_word_dropout, len(SPECIAL_TOKENS))
        self.embedding_dropout = SequenceDropout(config.embedding_dropout, variational=config.variational)
        dropout = SequenceDropout(config.dropout, variational=config.variational)
        self.encoder = build_encoder(config.encoder, config.cell, config.embedding, config.encoder_hidden, dropout)
        self.decoder = build_decoder(
            config.decoder,
            config.decoder_cell,
            config.attention,
            target_embedding,
            config.encoder_hidden,
            config.decoder_hidden,
            (self.embedding_dropout, dropout),
        )

    def encode(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> ModelState:
        """The memory of a batch of sources and the decoder's first state."""
        values, summary, tag = self.read(source, lengths)
        mask = length_mask(lengths, source.size(1))
        attention = self.decoder.attention
        memory = Memory(values, values, mask) if attention is None else attention.prepare(values, mask)
        first = self.decoder.start(memory, summary, source_vector(values, lengths, summary))
        return ModelState(memory, first if tag is None else first._replace(tag=tag))

    @property
    def output(self) -> Output:
        """From what the decoder hands over to log-probabilities and loss."""
        return self.decoder.readout

    @property
    def attends(self) -> bool:
        """Whether the decoder looks at the source."""
        return self.decoder.attention is not None

    def decode(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], target_in: Int[Tensor, "B T"]) -> Decoded:
        """Features [B, T, R] and attention weights [B, T, S] of all steps of a known target, and the memory."""
        memory, state = self.encode(source, lengths)
        features, weights = self.decoder(self.target_word_dropout(target_in), state, memory)
        return Decoded(features, weights, memory)

    def start(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> ModelState:
        """The first state of a search."""
        return self.encode(source, lengths)

    def advance(self, token: Int[Tensor, " N"], state: ModelState) -> tuple[Decoded, ModelState]:
        """One step of N = B·K rows over B memories, as far as the output: features [N, R], weights [N, S]."""
        features, decoder, weights = self.decoder.step(token, state.decoder, state.memory)
        return Decoded(features, weights, state.memory), ModelState(state.memory, decoder)

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
        """Cross-entropy over the real target positions."""
        real = length_mask(target_lengths, target_out.size(1))
        if r_drop:  # one pass over twice as many rows is faster than two passes
            decoded = self.decode(*(torch.cat([part, part]) for part in (source, lengths, target_in)))
            return self.output.r_drop_loss(decoded, target_out, real, smoothing, r_drop)
        return self.output.loss(self.decode(source, lengths, target_in), target_out, real, smoothing)

    def predictions(self, rows: int, tokens: int) -> int:
        """The tokens, end marks among them."""
        del rows
        return tokens

    def target_tables(self) -> list[Tensor]:
        """The target embedding and the layer over the vocabulary."""
        return [self.decoder.embedding.weight, *self.output.symbol_weights()]


def tag_embedding(config: ModelConfig, reserved: int) -> TagEmbedding | None:
    """The embedding of the tags, whose ids stand between those of the special tokens and `reserved`."""
    count = reserved - len(SPECIAL_TOKENS)
    if not config.tag_embedding:
        return None
    if not count:
        raise ConfigError(
            "model.tag_embedding needs data with tags, and there are none",
            hint="data.tags names a column of tags, data.tag_from_name takes one from the name of each file",
        )
    return TagEmbedding(count, reserved, config.tag_embedding, config.embedding)


def select(state: ModelState, rows: Tensor, sentences: Tensor | None = None) -> ModelState:
    """The state with its rows reordered and, if given, only the named sentences' memories kept."""
    memory = state.memory if sentences is None else select_rows(state.memory, sentences)
    return ModelState(memory, select_rows(state.decoder, rows))


def parameter_count(model: nn.Module) -> int:
    """Number of weights, shared ones once."""
    return sum(parameter.numel() for parameter in model.parameters())
