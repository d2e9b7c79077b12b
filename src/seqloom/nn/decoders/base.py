"""The contract of a decoder and the parts that all kinds are made of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor, nn

from seqloom.config import Section, one_of
from seqloom.nn.attention import Attention, Memory
from seqloom.nn.bridge import Bridge, BridgeKind
from seqloom.nn.cells import Cell, CellConfig, cell_configs
from seqloom.nn.dropout import SequenceDropout
from seqloom.nn.output import Output
from seqloom.nn.product import Product, direct
from seqloom.nn.readout import ReadoutConfig

Attend = Literal["auto", "between", "after", "feed", "before", "none"]


class DecoderConfig(Section):
    """Settings of the decoder."""

    attend: Attend = "auto"
    """Where attention stands: between the first layer and the rest, after all layers, after them with input feeding
    (Luong 2015), before them (Bahdanau 2015), or nowhere (Sutskever 2014). Training replaces `auto` by `before` where
    sources and targets are words and by `between` where they are longer texts; elsewhere `auto` is `between`."""
    layers: int = Field(default=2, ge=1)
    """Number of recurrent layers."""
    hidden: int = Field(default=0, ge=0)
    """Width of a layer; 0 = model.hidden."""
    residual: bool = False
    """Add a layer's input to its output from the second layer on."""
    bridge: BridgeKind = "dense"
    """How the decoder's first states are made: from one vector of the source, as a copy of the encoder's final states
    (which a recurrent encoder alone has), or as zeros."""
    cell: Annotated[CellConfig | None, *one_of("cell", cell_configs)] = None
    """The recurrence; not set = model.cell."""
    readout: ReadoutConfig = ReadoutConfig()
    """From decoder output to vocabulary."""


class DecoderState(NamedTuple):
    """All that the next step depends on besides token and memory."""

    cells: tuple[Any, ...]
    fed: Any
    """The attentional vector of the last step [N, R] under input feeding, else ()."""
    attention: Any
    tag: Any = ()
    """What is added to the embedding of every token [N, E] where tags have embeddings (`TagEmbedding`), else ()."""


class DecoderParts(NamedTuple):
    """The modules that a decoder is built from."""

    embedding: nn.Embedding
    cells: list[Cell]
    attention: Attention | None
    bridge: Bridge
    readout: Output
    embedding_dropout: SequenceDropout
    dropout: SequenceDropout


class Decoder(nn.Module, ABC):
    """Target tokens, a memory and a state → features for the readout. Weights only; state comes in and goes out.

    A state may have more rows than the memory has sentences: rows b·K … b·K + K - 1 then belong to sentence b, so
    that a beam of K shares one memory.
    """

    def __init__(self, parts: DecoderParts, *, residual: bool) -> None:
        super().__init__()
        self.embedding, self.attention = parts.embedding, parts.attention
        self.cells = nn.ModuleList(parts.cells)
        self.bridge, self.readout = parts.bridge, parts.readout
        self.embedding_dropout, self.dropout = parts.embedding_dropout, parts.dropout
        self.residual = residual

    def start(self, memory: Memory, summary: tuple[Any, ...] | None, vector: Float[Tensor, "B H"]) -> DecoderState:
        """The state before the first step, one row for each sentence.

        `summary` holds the encoder's final states, if it has any, and `vector` is what the `dense` bridge reads.
        """
        zeros = tuple(cell.start(vector.size(0), vector) for cell in self.layers)
        cells = self.bridge(summary, vector, zeros)
        return DecoderState(cells, self.first_fed(vector), self.attention.start(memory) if self.attention else ())

    def embed(self, tokens: Int[Tensor, "*rows"], state: DecoderState) -> Float[Tensor, "*rows E"]:
        """The embeddings of the tokens of a step [N] or of all steps [B, T], with the vector of the source's tags."""
        embedded: Tensor = self.embedding(tokens)
        if not isinstance(state.tag, Tensor):
            return embedded
        return embedded + (state.tag if tokens.dim() == 1 else state.tag[:, None])

    def first_fed(self, like: Tensor) -> Any:
        """What a first step is fed; nothing but for input feeding."""
        del like
        return ()

    @property
    def layers(self) -> list[Cell]:
        """The recurrent layers, lowest first."""
        return [cell for cell in self.cells if isinstance(cell, Cell)]

    @abstractmethod
    def step(
        self, token: Int[Tensor, " N"], state: DecoderState, memory: Memory
    ) -> tuple[Float[Tensor, "N R"], DecoderState, Float[Tensor, "N S"] | None]:
        """One step: features, next state, attention weights."""

    @abstractmethod
    def forward(
        self, tokens: Int[Tensor, "B T"], state: DecoderState, memory: Memory
    ) -> tuple[Float[Tensor, "B T R"], Float[Tensor, "B T S"] | None]:
        """All steps of known targets: equals unrolled `step`."""

    def attend_rows(
        self, query: Float[Tensor, "N Q"], memory: Memory, state: Any, product: Product = direct
    ) -> tuple[Float[Tensor, "N H"], Float[Tensor, "N S"], Any]:
        """Attention for one step of N = B·K rows that share B memories."""
        assert self.attention is not None
        return self.attention.step(query, memory, state, product)


def joined(*parts: Tensor | None) -> Tensor:
    """The parts that are there, side by side along the last axis."""
    present = [part for part in parts if part is not None]
    return present[0] if len(present) == 1 else torch.cat([part.to(present[0].dtype) for part in present], -1)
