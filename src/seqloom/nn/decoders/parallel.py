"""Decoders whose layers below attention do not read the context: training runs each layer over the whole target."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor

from seqloom.nn.attention import Memory
from seqloom.nn.decoders.base import Decoder, DecoderParts, DecoderState, joined


class ParallelDecoder(Decoder):
    """`lower` layers, then attention, then the remaining layers on [output; context].

    All layers lower: attend after them, Luong et al. 2015 without input feeding. One lower: `between`, in the manner
    of GNMT (Wu et al. 2016, §3), whose bottom layer queries and all layers above read the context. Without
    attention: Sutskever et al. 2014.
    """

    def __init__(self, parts: DecoderParts, *, residual: bool, lower: int) -> None:
        super().__init__(parts, residual=residual)
        self.lower = lower

    def step(
        self, token: Int[Tensor, " N"], state: DecoderState, memory: Memory
    ) -> tuple[Float[Tensor, "N R"], DecoderState, Float[Tensor, "N S"] | None]:
        """One step."""
        x = embedded = self.embed(token, state)
        context, weights, attention = None, None, state.attention
        cells = []
        for index, cell in enumerate(self.layers):
            y, cell_state = cell.step(joined(x, context), state.cells[index])
            cells.append(cell_state)
            x = x + y if self.residual and index else y
            if self.attention is not None and index == self.lower - 1:
                context, weights, attention = self.attend_rows(x, memory, state.attention)
        features = self.readout.features(self._readout_inputs(x, context, embedded))
        return features, state._replace(cells=tuple(cells), attention=attention), weights

    def forward(
        self, tokens: Int[Tensor, "B T"], state: DecoderState, memory: Memory
    ) -> tuple[Float[Tensor, "B T R"], Float[Tensor, "B T S"] | None]:
        """Each layer over the whole target, and attention for all positions: at once, or in order if it has a state."""
        x = embedded = self.embedding_dropout(self.embed(tokens, state))
        context, weights = None, None
        for index, cell in enumerate(self.layers):
            y, _ = cell.sequence(joined(self.dropout(x) if index else x, context), None, state.cells[index])
            x = x + y if self.residual and index else y
            if self.attention is not None and index == self.lower - 1:
                context, weights, _ = self.attention(x, memory, state.attention)
        return self.dropout(self.readout.features(self._readout_inputs(x, context, embedded))), weights

    def _readout_inputs(self, x: Tensor, context: Tensor | None, embedded: Tensor) -> Tensor:
        return joined(x, context, embedded if self.readout.reads_token else None)
