"""The settings of a network (`[model]` in a configuration)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from seqloom.codecs.base import OF_PARTS
from seqloom.config import Section, one_of
from seqloom.nn.attention import AttentionConfig, attention_configs
from seqloom.nn.attention.general import GeneralConfig
from seqloom.nn.cells import CellConfig, cell_configs
from seqloom.nn.cells.lstm import LSTMConfig
from seqloom.nn.decoders import DecoderConfig
from seqloom.nn.encoders import EncoderConfig, encoder_configs
from seqloom.nn.encoders.recurrent import RecurrentEncoderConfig
from seqloom.nn.poolings import PoolingConfig, pooling_configs
from seqloom.nn.poolings.attention import AttentionPoolingConfig
from seqloom.nn.taggers import TaggerConfig, tagger_configs
from seqloom.nn.taggers.crf import CRFConfig
from seqloom.nn.word_poolings import WordPoolingConfig, word_pooling_configs
from seqloom.nn.word_poolings.mean import MeanOfWordConfig

LABELLING = ("label", "labels")
"""The answers of networks that label a whole source."""
WITHOUT_DECODER = (*LABELLING, *OF_PARTS)
"""The answers of networks without a decoder."""
OF_DECODER = ("decoder", "attention", "share_embeddings", "target_word_dropout")
"""Settings of networks that write sequences."""


class ModelConfig(Section):
    """The network. Combinations that make no sense are refused here, before any work starts."""

    answer: Literal["auto", "sequence", "label", "labels", "tags", "frame", "transduction"] = "auto"
    """What the network answers with: a `sequence` that a decoder writes; one `label` for the whole source; any number
    of `labels`, which stand in a target with text.label_separator between them; `tags`, one for each word of the
    source, with spaces between them; a `frame`, one label for the whole source and a tag for each word, such as an
    intent with its slots; or a `transduction`, a text of one short string for each symbol of the source, which a
    learned alignment cuts out of the targets. `auto` takes a frame if data.label names a column of labels. Else, where
    nothing asks for a decoder, it takes a label if the targets of the training pairs are few and repeated, and tags if
    every target has as many words as its source and they are few and repeated and no words of the sources; else it
    takes a sequence."""
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
    pooling: Annotated[PoolingConfig | None, *one_of("pooling", pooling_configs)] = None
    """How a network that answers with labels or frames makes one vector of the source; not set = attention. Other
    answers have none."""
    word_pooling: Annotated[WordPoolingConfig | None, *one_of("word_pooling", word_pooling_configs)] = None
    """How a network that answers with tags, frames or a transduction makes one vector of the pieces of each word, or
    of each symbol and its mark; not set = mean. Other answers have none."""
    tagger: Annotated[TaggerConfig | None, *one_of("tagger", tagger_configs)] = None
    """How a network that answers with tags, frames or a transduction finds tags, or strings: each by itself (softmax),
    or all of a text together (crf); not set = crf. Other answers have none."""
    label_weight: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """How much the loss of the label counts beside that of all tags of a text, where a network answers with frames."""

    @model_validator(mode="before")
    @classmethod
    def _default_parts(cls, values: Any) -> Any:
        """Attention is there unless the decoder attends nowhere; labels have a pooling instead, tags one of words."""
        if isinstance(values, dict) and values.get("answer") in WITHOUT_DECODER:
            labelling = values["answer"] in (*LABELLING, "frame")
            parts: dict[str, Any] = {"pooling": AttentionPoolingConfig()} if labelling else {}
            if values["answer"] in OF_PARTS:
                parts |= {"word_pooling": MeanOfWordConfig(), "tagger": CRFConfig()}
            unset = values.get("attention") in ("general", GeneralConfig(), GeneralConfig().model_dump(), None)
            kept = {name: value for name, value in values.items() if name != "attention" or not unset}
            return {**kept, **{name: values.get(name) or default for name, default in parts.items()}}
        if isinstance(values, dict) and values.get("attention") is None:
            decoder = values.get("decoder", {})
            attend = decoder.get("attend") if isinstance(decoder, dict) else getattr(decoder, "attend", None)
            if attend != "none":
                return {**values, "attention": GeneralConfig()}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> ModelConfig:
        self._check_parts()
        if self.answer in WITHOUT_DECODER:
            self._check_without_decoder()
            return self
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

    def _check_parts(self) -> None:
        """Refuse parts of networks that answer otherwise."""
        parts = {
            "pooling": ("labels", (*LABELLING, "frame")),
            "word_pooling": ("tags", OF_PARTS),
            "tagger": ("tags", OF_PARTS),
            "label_weight": ("frames", ("frame",)),
        }
        for name, (whose, answers) in parts.items():
            given = getattr(self, name) != type(self).model_fields[name].default
            if given and self.answer not in ("auto", *answers):
                raise ValueError(
                    f"model.{name} is of networks that answer with {whose}: leave it out, or set model.answer"
                )

    def _check_without_decoder(self) -> None:
        """Refuse settings of a decoder, and widths that do not suit the encoder."""
        usual = {**{name: type(self).model_fields[name].default for name in OF_DECODER}, "attention": None}
        for name, default in usual.items():
            if getattr(self, name) != default:
                raise ValueError(
                    f"model.{name} is of networks that write a sequence, and model.answer = {self.answer} has no "
                    "decoder: leave it out, or set model.answer = sequence"
                )
        self.encoder.check(self.encoder_hidden)

    @property
    def unused(self) -> frozenset[str]:
        """Settings of a decoder where there is none."""
        return frozenset(OF_DECODER) if self.answer in WITHOUT_DECODER else frozenset()

    @property
    def attends(self) -> bool:
        """Whether answers come with weights of the source's positions."""
        if self.answer in LABELLING:
            return self.pooling is not None and self.pooling.attends
        return self.answer not in OF_PARTS and self.attention is not None

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
