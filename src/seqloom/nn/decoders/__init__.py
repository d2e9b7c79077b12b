"""The kinds of decoder, by where attention stands. Adding one: a file here and a line in the table below."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from seqloom.nn.attention import AttentionConfig, build_attention
from seqloom.nn.bridge import Bridge
from seqloom.nn.cells import CellConfig, build_cell
from seqloom.nn.decoders.base import Attend, Decoder, DecoderConfig, DecoderParts, DecoderState
from seqloom.nn.decoders.parallel import ParallelDecoder
from seqloom.nn.decoders.sequential import BeforeDecoder, FeedDecoder
from seqloom.nn.dropout import SequenceDropout
from seqloom.nn.readout import Readout

__all__ = ["DECODERS", "Attend", "Decoder", "DecoderConfig", "DecoderState", "build_decoder"]

DECODERS: dict[Attend, Callable[[DecoderParts, DecoderConfig], Decoder]] = {
    "between": lambda parts, config: ParallelDecoder(parts, residual=config.residual, lower=1),
    "after": lambda parts, config: ParallelDecoder(parts, residual=config.residual, lower=config.layers),
    "feed": lambda parts, config: FeedDecoder(parts, residual=config.residual),
    "before": lambda parts, config: BeforeDecoder(parts, residual=config.residual),
    "none": lambda parts, config: ParallelDecoder(parts, residual=config.residual, lower=config.layers),
}


def build_decoder(
    config: DecoderConfig,
    cell: CellConfig,
    attention: AttentionConfig | None,
    embedding: nn.Embedding,
    encoder_hidden: int,
    hidden: int,
    dropouts: tuple[SequenceDropout, SequenceDropout],
) -> Decoder:
    """The decoder of the configured kind, `auto` no longer; `dropouts` act on embeddings and between layers."""
    context = 0 if attention is None else encoder_hidden
    token = embedding.embedding_dim
    readout_inputs = hidden + context + (token if config.readout.reads_token else 0)
    readout = Readout(config.readout, readout_inputs, embedding.num_embeddings, embedding)
    first = token + {"feed": readout.size, "before": context}.get(config.attend, 0)
    above = hidden + (context if config.attend == "between" else 0)
    cells = [build_cell(cell, above if index else first, hidden) for index in range(config.layers)]
    built = None if attention is None else build_attention(attention, hidden, encoder_hidden)
    bridge = Bridge(config.bridge, encoder_hidden, cells)
    return DECODERS[config.attend](DecoderParts(embedding, cells, built, bridge, readout, *dropouts), config)
