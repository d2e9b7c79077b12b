"""The three parts of a model that export traces: start, one step, and weights for a shortlist.

These modules hold no arithmetic of their own. They call what `seqloom.search` calls, with states as flat lists of
tensors, which is what a graph can hand from step to step.
"""

from __future__ import annotations

import copy
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

from seqloom.model import ModelState, Network
from seqloom.nn.cells import Cell
from seqloom.nn.tree import leaves, rebuild
from seqloom.search.step import first_live, none_finished

Module = TypeVar("Module", bound=nn.Module)


def unfused(network: Module) -> Module:
    """A copy whose cells walk by their own steps, whatever kernels they have."""
    network = copy.deepcopy(network)
    for module in network.modules():
        if isinstance(module, Cell):
            vars(module)["sequence"] = module.unrolled
    return network


class Begin(nn.Module):
    """Sources → the memory, the limits, and all that the first step reads."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        source: Tensor,
        lengths: Tensor,
        beam: Tensor,
        max_length_ratio: Tensor,
        max_length_extra: Tensor,
        prefix_lengths: Tensor,
        rules: Tensor,
    ) -> tuple[Tensor, ...]:
        """[B, S], [B] and numbers → room, longest, numbers, live, written, finished, decoder [B·K, …], memory.

        `rules` is 1 or 0; with 0 nothing is remembered of what was written.
        """
        places = cast("int", beam.item())
        torch._check(places >= 1)
        longest = torch.maximum((lengths * max_length_ratio).long() + max_length_extra, prefix_lengths)
        room = longest.max() + 1
        size, remembered = cast("int", room.item()), cast("int", (room * rules).item())
        torch._check(size >= 1)
        torch._check(remembered >= 0)
        state = self.model.start(source, lengths)
        sentences, device = source.size(0), source.device
        live = first_live(sentences, places, size, device, rules=False)
        written = torch.zeros(2, sentences, places, remembered, dtype=torch.long, device=device).unbind(0)
        finished = none_finished(sentences, places, size, device)
        decoder = [leaf[:, None].expand(-1, places, *leaf.shape[1:]).flatten(0, 1) for leaf in leaves(state.decoder)]
        numbers = torch.arange(sentences, device=device)
        return room, longest, numbers, *live[:3], *written, *finished, *decoder, *leaves(state.memory)


class Advance(nn.Module):
    """One step of the model, whatever the search."""

    def __init__(self, model: Network, like: ModelState) -> None:
        super().__init__()
        self.model, self.like = model, like

    def forward(
        self,
        token: Tensor,
        numbers: Tensor,
        decoder: list[Tensor],
        memory: list[Tensor],
        compared: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """Tokens [C, K] and states [C·K, …] of the sentences `numbers` → scores [C·K, V], features [C·K, R], attention
        weights [C, K, S], the next states.

        `memory` is that of all B sentences. At most `compared` rows, if it is given, are compared with the whole
        vocabulary: all of them, or none where there is a shortlist.
        """
        memory = [leaf.index_select(0, numbers) for leaf in memory]
        state = ModelState(rebuild(self.like.memory, memory), rebuild(self.like.decoder, decoder))
        decoded, after = self.model.advance(token.flatten(), state)
        features, weights = decoded.features, decoded.weights
        if compared is not None:
            rows = cast("int", compared.item())
            torch._check(rows >= 0)
            decoded = decoded._replace(features=features[:rows])
        scores = self.model.output.scores(decoded)
        shape = *token.shape, memory[0].size(1)
        seen = features.new_zeros(shape) if weights is None else weights.view(shape)
        return scores, features, seen, *leaves(after.decoder)


class ShortlistWeights(nn.Module):
    """What the features are compared with where there is a shortlist."""

    def __init__(self, model: Network) -> None:
        super().__init__()
        self.model = model

    def forward(self, words: Tensor) -> tuple[Tensor, ...]:
        """[L] → weights [L, R] and biases [L]."""
        return self.model.output.narrowed(words).tensors
