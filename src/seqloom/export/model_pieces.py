"""A model's pieces traced by torch and turned to ONNX, with every length and size left open."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from seqloom.ensemble_network import networks_of
from seqloom.export.connecting import BEGUN, KINDS, Piece, piece
from seqloom.export.graph import assemble
from seqloom.export.model_modules import Advance, Begin, ShortlistWeights, unfused
from seqloom.export.search_branches import branch, end
from seqloom.export.to_onnx import Axes, traced
from seqloom.model import ModelState, Network
from seqloom.nn.tree import leaves
from seqloom.search.config import SearchConfig
from seqloom.search.rules import settings_of
from seqloom.search.shortlist import BLOCK, FEW

LENGTHS, PRESENT, BEAM = (7, 5, 6), 2, 4
"""Sizes of the example that is traced; no two alike, so that none is taken for another."""
SIZES = (0, 1)
"""Axes of a step's tensors that may have any length: rows, or sentences and positions; widths are the model's.

Axes of a state or of the memory whose length follows the source's, such as that of a coverage, are added to them.
"""


@dataclass(frozen=True)
class TraceInputs:
    """What the pieces are traced with: a model, made-up sources, their first state, and the numbers of a search."""

    model: Network
    source: Tensor
    lengths: Tensor
    state: ModelState
    numbers: dict[str, Tensor]
    ratio: Tensor
    extra: Tensor

    @property
    def memory(self) -> list[Tensor]:
        """The memory's tensors."""
        return leaves(self.state.memory)

    @property
    def decoder(self) -> list[str]:
        """Names of the tensors of a decoder's state."""
        return [f"decoder.{number}" for number in range(len(leaves(self.state.decoder)))]

    @property
    def memories(self) -> list[str]:
        """Names of the memory's tensors."""
        return [f"memory.{number}" for number in range(len(self.memory))]

    @property
    def defaults(self) -> dict[str, NDArray[Any]]:
        """The inputs that may be left out."""
        lengths = {"max_length_ratio": self.ratio.numpy(), "max_length_extra": self.extra.numpy()}
        prefix = {"prefix": np.zeros((1, 1), np.int64), "prefix_lengths": np.zeros(1, np.int64)}
        return {**{name: value.numpy() for name, value in self.numbers.items()}, **lengths, **prefix}


@torch.no_grad()
def graph_of(model: Network, search: SearchConfig, *, fused: bool = True, listed: bool = False) -> onnx.ModelProto:
    """The graph of a model and the whole search; the settings of `search` are the defaults of its inputs.

    Without `fused` kernels every recurrence is a scan of its cell's step, whose products can get weights of 8 bits.
    With `listed` a search in a large vocabulary can be given a shortlist.
    """
    example, large = _example(model if fused else unfused(model), search), model.target_size > FEW
    listed &= large
    pieces = {"begin": _begin(example), "advance": _advance(example, listed=listed), "end": end()}
    pieces |= {kind: branch(kind, large=large) for kind in KINDS}
    defaults = {"beam": np.array(search.beam, np.int64), **example.defaults}
    if listed:
        pieces |= {"shortlist": _shortlist(example)}
        pieces |= {f"listed.{kind}": branch(kind, large=True, listed=True) for kind in KINDS}
        defaults |= {"words": np.zeros(0, np.int64), "open": np.zeros((1, 0), np.float32)}
    return assemble(pieces, defaults, example.decoder, _vocabulary(example.model))


def _example(model: Network, search: SearchConfig) -> TraceInputs:
    model = _widened(model)
    source = torch.randint(min(4, model.source_size - 1), model.source_size, (len(LENGTHS), max(LENGTHS)))
    lengths = torch.tensor(LENGTHS)
    ratio, extra = (torch.tensor(number) for number in search.length_limit)
    numbers = settings_of(search, torch.device("cpu"))._asdict()
    return TraceInputs(model, source, lengths, model.start(source, lengths), numbers, ratio, extra)


def _open_axes(example: TraceInputs) -> tuple[list[Axes], list[Axes]]:
    """The axes of the tensors of a decoder's state and of the memory that may have any length."""
    longer = example.model.start(F.pad(example.source, (0, 1)), example.lengths)

    def each(state: Any, other: Any) -> list[Axes]:
        pairs = zip(leaves(state), leaves(other), strict=True)
        return [
            {*SIZES, *(axis for axis, size in enumerate(one.shape) if size != two.size(axis))} for one, two in pairs
        ]

    return each(example.state.decoder, longer.decoder), each(example.state.memory, longer.memory)


def _vocabulary(model: Network) -> str:
    """The name, in the graph, of a weight with one entry for each symbol of the target vocabulary."""
    wanted = model.output.symbol_weights()[-1]
    return next(f"model.{name}" for name, weight in model.named_parameters() if weight is wanted)


def _begin(example: TraceInputs) -> Piece:
    given = {
        "source": example.source,
        "source_lengths": example.lengths,
        "beam": torch.tensor(BEAM),
        "max_length_ratio": example.ratio,
        "max_length_extra": example.extra,
        "prefix_lengths": torch.zeros_like(example.lengths),
        "rules": torch.tensor(1),
    }
    outputs = [*BEGUN, *example.decoder, *example.memories]
    return piece(traced(Begin(example.model), list(given.values())), "begin", list(given), outputs)


def _advance(example: TraceInputs, *, listed: bool) -> Piece:
    token, numbers = torch.ones(PRESENT, BEAM, dtype=torch.long), torch.arange(PRESENT)
    decoder = [leaf[:PRESENT].repeat_interleave(BEAM, 0) for leaf in leaves(example.state.decoder)]
    given = [token, numbers, decoder, example.memory, *([torch.tensor(token.numel())] if listed else [])]
    axes: list[Axes | list[Axes]] = [SIZES, SIZES, *_open_axes(example), *([SIZES] if listed else [])]
    states = [f"step.{name}" for name in example.decoder]
    inputs = ["step.live.token", "step.numbers", *states, *example.memories, "compared"]
    outputs = ["step.logits", "step.features", "step.weights", *(f"advanced.{name}" for name in example.decoder)]
    return piece(traced(Advance(example.model, example.state), given, axes), "advance", inputs, outputs)


def _shortlist(example: TraceInputs) -> Piece:
    words = torch.arange(2 * BLOCK)
    return piece(
        traced(ShortlistWeights(example.model), [words]), "shortlist", ["words"], ["listed.weights", "listed.biases"]
    )


def _widened(model: Network) -> Network:
    """A copy whose vocabulary fills whole blocks; the words added have the probability 0.

    They stand in the empty places of a wide beam, so they have embeddings, too.
    """
    model = copy.deepcopy(model).eval()
    missing = -model.target_size % BLOCK
    for each in networks_of(model):
        embedding = each.decoder.embedding
        embedding.weight = nn.Parameter(F.pad(embedding.weight.detach(), (0, 0, 0, missing)))
    model.output.widen(missing)
    return model
