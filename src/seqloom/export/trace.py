"""A model's pieces traced by torch and turned to ONNX, with every length and size left open."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from seqloom.export.graph import FINISHED, LIVE, OPSET, OUTPUTS, RECORD, Piece, assemble, carried, piece
from seqloom.export.modules import KINDS, Begin, End, Step
from seqloom.model import ModelState, Seq2Seq
from seqloom.nn.tree import leaves
from seqloom.search.config import SearchConfig
from seqloom.search.rules import settings_of
from seqloom.search.scores import BLOCK

LENGTHS, BEAM = (7, 5, 6), 4
"""Sizes of the example that is traced; no two alike, so that none is taken for another."""
ANY = torch.export.Dim.AUTO


@dataclass(frozen=True)
class Example:
    """What the pieces are traced with: a model, made-up sources, their first state, and the numbers of a search."""

    model: Seq2Seq
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
def graph_of(model: Seq2Seq, search: SearchConfig) -> onnx.ModelProto:
    """The graph of a model and the whole search; the settings of `search` are the defaults of its inputs."""
    example = _example(model, search)
    steps = {kind: _step(example, kind) for kind in KINDS}
    defaults = {"beam": np.array(search.beam, np.int64), **example.defaults}
    return assemble(_begin(example), steps, _end(), defaults, len(example.decoder))


def _example(model: Seq2Seq, search: SearchConfig) -> Example:
    model = _widened(model)
    source = torch.randint(min(4, model.source_size - 1), model.source_size, (len(LENGTHS), max(LENGTHS)))
    lengths = torch.tensor(LENGTHS)
    ratio, extra = torch.tensor(float(search.max_length_ratio)), torch.tensor(search.max_length_extra)
    numbers = settings_of(search, torch.device("cpu"))._asdict()
    return Example(model, source, lengths, model.start(source, lengths), numbers, ratio, extra)


def _begin(example: Example) -> Piece:
    nothing = torch.zeros_like(example.lengths)
    given = (example.source, example.lengths, torch.tensor(BEAM), example.ratio, example.extra, nothing)
    shapes = (_open(example.source), _open(example.lengths), None, None, None, _open(nothing))
    inputs = ["source", "source_lengths", "beam", "max_length_ratio", "max_length_extra", "prefix_lengths"]
    outputs = ["room", "longest", *LIVE, *FINISHED, *example.decoder, *example.memories]
    return _traced(Begin(example.model), given, shapes, "begin", inputs, outputs)


def _step(example: Example, kind: str) -> Piece:
    count = len(example.decoder)
    nothing = torch.zeros_like(example.lengths)
    beam = torch.tensor(1 if kind == "greedy" else BEAM)
    begun = Begin(example.model)(example.source, example.lengths, beam, example.ratio, example.extra, nothing)
    _, longest, *rest = (tensor.clone() for tensor in begun)  # one tensor given twice would be traced as one input
    live, finished, decoder = rest[: 5 if kind == "ruled" else 3], rest[5:9], rest[9 : 9 + count]
    limits = [longest, torch.zeros(len(LENGTHS), 2, dtype=torch.long), nothing]
    given = (torch.tensor(1), live, finished, decoder, example.memory, limits, list(example.numbers.values()))
    shapes = (
        None,
        [_open(tensor) for tensor in live],
        [_open(tensor) for tensor in finished],
        [_open(tensor, 2) for tensor in decoder],
        [_open(tensor, 2) for tensor in example.memory],
        [_open(tensor) for tensor in limits],
        [None for _ in example.numbers],
    )
    names = carried(kind, count)
    outer = [*example.memories, "longest", "prefix", "prefix_lengths", *example.numbers]
    inputs = [*(f"{kind}.{name}" for name in names), *outer]
    outputs = [*(f"{kind}.{name}.next" for name in ("more", *names)), *(f"{kind}.{name}" for name in RECORD)]
    return _traced(Step(example.model, example.state, kind), given, shapes, kind, inputs, outputs)


def _end() -> Piece:
    sentences, steps, room, width = len(LENGTHS), 9, 19, max(LENGTHS)
    whole = torch.zeros(steps, sentences, BEAM, dtype=torch.long)
    record = [whole, torch.zeros(whole.shape), torch.zeros(*whole.shape, width)]
    scores, lengths = torch.zeros(sentences, BEAM), torch.ones(sentences, BEAM, dtype=torch.long)
    finished = [scores, scores - 1, lengths, torch.zeros(sentences, BEAM, room, dtype=torch.long)]
    shapes = ([_open(tensor) for tensor in record], [_open(tensor) for tensor in finished], None)
    inputs = [*(f"search.{name}" for name in (*RECORD, *FINISHED)), "n_best"]
    return _traced(End(), (record, finished, torch.tensor(2)), shapes, "end", inputs, list(OUTPUTS))


def _open(tensor: Tensor, axes: int = 4) -> dict[int, Any]:
    """All of the first axes but those of length one may have any length."""
    return {axis: ANY for axis in range(min(axes, tensor.dim())) if tensor.size(axis) != 1}


def _widened(model: Seq2Seq) -> Seq2Seq:
    """A copy whose vocabulary fills whole blocks; the words added have the probability 0."""
    model = copy.deepcopy(model).eval()
    readout = model.decoder.readout
    missing = -readout.weight.size(0) % BLOCK
    weight, bias = readout.weight.detach(), readout.bias.detach()
    readout.weight = nn.Parameter(torch.cat([weight, weight.new_zeros(missing, weight.size(1))]))
    readout.bias = nn.Parameter(torch.cat([bias, bias.new_full((missing,), -torch.inf)]))
    return model


def _traced(
    module: nn.Module,
    arguments: tuple[Any, ...],
    shapes: tuple[Any, ...],
    prefix: str,
    inputs: list[str],
    outputs: list[str],
) -> Piece:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            arguments,
            dynamic_shapes=shapes,
            dynamo=True,
            opset_version=OPSET,
            verbose=False,
            input_names=[f"input_{number}" for number in range(len(inputs))],
        )
    assert program is not None
    return piece(program.model_proto, prefix, inputs, outputs)
