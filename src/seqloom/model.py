"""The model: embeddings, encoder, attention and decoder put together from a `ModelConfig`.

encode: source → Memory and first state      step: one token → scores      decode: all steps of a known target at once
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, NamedTuple

import torch
from jaxtyping import Float, Int
from pydantic import Field, model_validator
from torch import Tensor, nn

from seqloom.config import Section, one_of
from seqloom.errors import ConfigError
from seqloom.nn.attention import AttentionConfig, Memory, attention_configs
from seqloom.nn.attention.general import GeneralConfig
from seqloom.nn.bridge import source_vector
from seqloom.nn.cells import CellConfig, cell_configs
from seqloom.nn.cells.lstm import LSTMConfig
from seqloom.nn.decoders import DecoderConfig, build_decoder
from seqloom.nn.dropout import SequenceDropout, WordDropout
from seqloom.nn.embedding import Embedding
from seqloom.nn.encoders import EncoderConfig, build_encoder, encoder_configs
from seqloom.nn.encoders.recurrent import RecurrentEncoderConfig
from seqloom.nn.output import Decoded, LossSums, Output
from seqloom.nn.shapes import length_mask
from seqloom.nn.tag_embedding import TagEmbedding
from seqloom.nn.tree import select_rows
from seqloom.text.special import SPECIAL_TOKENS


class ModelConfig(Section):
    """The network. Combinations that make no sense are refused here, before any work starts."""

    embedding: int = Field(default=256, ge=1)
    """Width E of source and target embeddings."""
    hidden: int = Field(default=256, ge=1)
    """Width H of encoder and decoder layers."""
    cell: Annotated[CellConfig, *one_of("cell", cell_configs)] = LSTMConfig()
    """The recurrence of the decoder and of a recurrent encoder."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Probability of dropping a feature between layers and before the readout's projection."""
    embedding_dropout: float = Field(default=0.2, ge=0, lt=1)
    """Probability of dropping a feature of a source or target embedding in training."""
    source_word_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability of replacing a source token by the unknown symbol in training, so that an answer does not hang on a
    single token (Iyyer et al. 2015, §3.3); 0.1 is usual. Tags are never replaced."""
    target_word_dropout: float = Field(default=0.0, ge=0, lt=1)
    """Probability that the decoder sees the unknown symbol instead of the previous target token in training, so that it
    looks at the source more (Bowman et al. 2016, §3.1). What it is to write stays the same."""
    variational: bool = False
    """One dropout mask for a whole sequence instead of a fresh one at each position (Gal & Ghahramani 2016)."""
    embedding_deviation: float = Field(default=1.0, gt=0)
    """Standard deviation of fresh embeddings as the network sees them. Finding alignments needs about 1; a label that
    follows from single words is learned better from 0.1, where a rare word says little until it has been learned."""
    tag_embedding: int = Field(default=0, ge=0)
    """Size of an embedding of the source's tags, such as its language, which is projected to width E and added to each
    source embedding and to each decoder input (Peters & Martins 2020, with 20); 0 = tags are tokens of the source and
    nothing more. It needs data with tags."""
    share_embeddings: bool = False
    """One embedding for source and target; needs text.shared."""
    encoder: Annotated[EncoderConfig, *one_of("encoder", encoder_configs)] = RecurrentEncoderConfig()
    """The reader of the source."""
    attention: Annotated[AttentionConfig | None, *one_of("attention", attention_configs)] = None
    """How the decoder looks at the source; not set = general, or nothing where decoder.attend is none."""
    decoder: DecoderConfig = DecoderConfig()
    """The writer of the target."""

    @model_validator(mode="before")
    @classmethod
    def _default_attention(cls, values: Any) -> Any:
        """Attention is there unless the decoder attends nowhere."""
        if isinstance(values, dict) and values.get("attention") is None:
            decoder = values.get("decoder", {})
            attend = decoder.get("attend") if isinstance(decoder, dict) else getattr(decoder, "attend", None)
            if attend != "none":
                return {**values, "attention": GeneralConfig()}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> ModelConfig:
        decoder, readout = self.decoder, self.decoder.readout
        if decoder.attend == "none" and self.attention is not None:
            raise ValueError("decoder.attend = none uses no attention: leave model.attention out")
        if decoder.attend == "none" and decoder.bridge == "zero":
            raise ValueError("decoder.attend = none with bridge = zero never shows the decoder its source")
        self.encoder.check(self.encoder_hidden)
        if self.attention is not None:
            self.attention.check(self.decoder_hidden, self.encoder_hidden)
        if decoder.bridge == "copy":
            self._check_copy()
        if readout.hidden == "none" and readout.size:
            raise ValueError("decoder.readout.size has no meaning with readout.hidden = none")
        if readout.kind == "tied" and self.readout_size != self.embedding:
            raise ValueError(
                f"a tied readout is as wide as the embedding, {self.embedding}, not {self.readout_size}: "
                "set decoder.readout.hidden = tanh and readout.size = 0"
            )
        return self

    def _check_copy(self) -> None:
        if self.encoder_cell is None or not self.encoder.final_states:
            raise ValueError(
                f"bridge = copy needs an encoder that ends in states, and encoder {self.encoder.kind} does not: "
                "use dense or zero"
            )
        if self.encoder_cell.kind != self.decoder_cell.kind:
            raise ValueError(
                f"bridge = copy needs the same cell on both sides, not {self.encoder_cell.kind} and "
                f"{self.decoder_cell.kind}: use dense"
            )
        if self.encoder_hidden != self.decoder_hidden or self.encoder.layers < self.decoder.layers:
            raise ValueError(
                "bridge = copy needs equally wide sides and as many encoder layers as decoder layers or more: use dense"
            )

    @property
    def encoder_hidden(self) -> int:
        """Width of the encoder's outputs."""
        return self.encoder.hidden or self.hidden

    @property
    def decoder_hidden(self) -> int:
        """Width of the decoder's layers."""
        return self.decoder.hidden or self.hidden

    @property
    def encoder_cell(self) -> CellConfig | None:
        """The encoder's recurrence; None where it has none."""
        return self.encoder.recurrence(self.cell)

    @property
    def decoder_cell(self) -> CellConfig:
        """The decoder's recurrence."""
        return self.decoder.cell or self.cell

    @property
    def readout_size(self) -> int:
        """Width R of the readout's features."""
        readout = self.decoder.readout
        if readout.hidden != "none":
            return readout.size or self.embedding
        context = 0 if self.attention is None else self.encoder_hidden
        return self.decoder_hidden + context + (self.embedding if readout.reads_token else 0)


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


class Seq2Seq(Network):
    """An encoder and a recurrent decoder.

    Source ids below `reserved`, which are special tokens and tags, are spared by word dropout; those of tags have an
    embedding of their own where `config.tag_embedding` says so.
    """

    def __init__(
        self, config: ModelConfig, source_size: int, target_size: int, *, reserved: int = len(SPECIAL_TOKENS)
    ) -> None:
        super().__init__()
        if config.decoder.attend == "auto":  # a network that is built without data
            config = config.replace(decoder=config.decoder.replace(attend="between"))
        self.config, self.source_size, self.target_size = config, source_size, target_size
        width, deviation, shared = config.embedding, config.embedding_deviation, config.share_embeddings
        if shared and source_size != target_size:
            raise ValueError(f"share_embeddings needs one vocabulary, not sizes {source_size} and {target_size}")
        self.source_embedding = Embedding(source_size, width, deviation)
        target_embedding = self.source_embedding if shared else Embedding(target_size, width, deviation)
        self.tag_embedding = _tag_embedding(config, reserved)
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
        vectors = self.source_embedding(self.source_word_dropout(source))
        tag = None if self.tag_embedding is None else self.tag_embedding(source, lengths)
        embedded = self.embedding_dropout(vectors if tag is None else vectors + tag[:, None])
        values, summary = self.encoder(embedded, lengths)
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
        """Cross-entropy over the real target positions; with `r_drop`, that of two passes with different dropout, and
        their divergence with this weight (Liang et al. 2021). The sums are then the means of both passes.

        Where `target_lengths` are on the processor, a GPU is not waited for.
        """
        real = length_mask(target_lengths, target_out.size(1))
        if r_drop:  # one pass over twice as many rows is faster than two passes
            decoded = self.decode(*(torch.cat([part, part]) for part in (source, lengths, target_in)))
            return self.output.r_drop_loss(decoded, target_out, real, smoothing, r_drop)
        return self.output.loss(self.decode(source, lengths, target_in), target_out, real, smoothing)


def _tag_embedding(config: ModelConfig, reserved: int) -> TagEmbedding | None:
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
