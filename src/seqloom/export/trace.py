"""A model's pieces traced by torch and turned to ONNX, with every length and size left open."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from seqloom.export.graph import FINISHED, OUTPUTS, OPSET, RECORD, Piece, assemble, carried, LIVE, piece
from seqloom.export.modules import KINDS, Begin, End, Step
from seqloom.model import Seq2Seq
from seqloom.nn.tree import leaves
from seqloom.search.config import SearchConfig
from seqloom.search.rules import settings_of
from seqloom.search.scores import BLOCK

SENTENCES, LENGTHS, BEAM = 3, (7, 5, 6), 4
ANY = torch.export.Dim.AUTO


def graph_of(model: Seq2Seq, search: SearchConfig) -> onnx.ModelProto:
    """The graph of a model and the whole search; the settings of `search` are the defaults of its inputs."""
    model = _widened(model)
    source, lengths = torch.randint(4, model.source_size, (SENTENCES, max(LENGTHS))), torch.tensor(LENGTHS)
    state = model.start(source, lengths)
    memory, count = leaves(state.memory), len(leaves(state.decoder))
    settings = settings_of(search, torch.device("cpu"))
    numbers = {name: value.numpy() for name, value in settings._asdict().items()}
    lengthy = {
        "max_length_ratio": np.array(search.max_length_ratio, np.float32),
        "max_length_extra": np.array(search.max_length_extra, np.int64),
    }
    prefix = {"prefix": np.zeros((1, 1), np.int64), "prefix_lengths": np.zeros(1, np.int64)}
    nothing = torch.zeros(SENTENCES, dtype=torch.long)
    begin = Begin(model)
    steps: dict[str, Piece] = {}
    memories = [f"memory.{number}" for number in range(len(memory))]
    decoders = [f"decoder.{number}" for number in range(count)]
    for kind in KINDS:
        beam = 1 if kind == "greedy" else BEAM
        numbers_of_begin = (torch.from_numpy(value) for value in lengthy.values())
        given = (source, lengths, torch.tensor(beam), *numbers_of_begin, nothing)
        _, longest, *rest = (tensor.clone() for tensor in begin(*given))  # one tensor given twice would be traced as one input
        live, rest = rest[: 5 if kind == "ruled" else 3], rest[5:]
        finished, decoder = rest[:4], rest[4 : 4 + count]
        limits = [longest, torch.zeros(SENTENCES, 2, dtype=torch.long), torch.zeros(SENTENCES, dtype=torch.long)]
        arguments = (torch.tensor(1), live, finished, decoder, memory, limits, list(settings))
        shapes = (
            None,
            [_open(tensor) for tensor in live],
            [_open(tensor) for tensor in finished],
            [_open(tensor, 2) for tensor in decoder],
            [_open(tensor, 2) for tensor in memory],
            [_open(tensor) for tensor in limits],
            [None for _ in settings],
        )
        live_names = LIVE if kind == "ruled" else LIVE[:3]
        own = [f"{kind}.{name}" for name in ("position", *live_names, *FINISHED, *decoders)]
        inputs = [*own, *memories, "longest", "prefix", "prefix_lengths", *numbers]
        outputs = [f"{kind}.{name}.next" for name in ("more", *carried(kind, count))] + [f"{kind}.{name}" for name in RECORD]
        steps[kind] = _traced(Step(model, state, kind), arguments, shapes, kind, inputs, outputs)
    given = (source, lengths, torch.tensor(BEAM), *(torch.from_numpy(value) for value in lengthy.values()), nothing)
    shapes = (_open(source), _open(lengths), None, None, None, _open(nothing))
    names = ["room", "longest", *LIVE, *FINISHED, *decoders, *memories]
    begun = _traced(begin, given, shapes, "begin", ["source", "source_lengths", "beam", *lengthy, "prefix_lengths"], names)
    room = 9
    record = [torch.zeros(room, SENTENCES, BEAM, dtype=torch.long), torch.zeros(room, SENTENCES, BEAM), torch.zeros(room, SENTENCES, BEAM, 7)]
    ends = [torch.zeros(SENTENCES, BEAM), torch.zeros(SENTENCES, BEAM) - 1, torch.ones(SENTENCES, BEAM, dtype=torch.long), torch.zeros(SENTENCES, BEAM, 19, dtype=torch.long)]
    shapes = ([_open(tensor) for tensor in record], [_open(tensor) for tensor in ends], None)
    ended = _traced(End(), (record, ends, torch.tensor(2)), shapes, "end", [*(f"search.{name}" for name in (*RECORD, *FINISHED)), "n_best"], list(OUTPUTS))
    return assemble(begun, steps, ended, {"beam": np.array(search.beam, np.int64), **numbers, **lengthy, **prefix}, count)


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


def _traced(module: nn.Module, arguments: tuple[Any, ...], shapes: tuple[Any, ...], prefix: str, inputs: list[str], outputs: list[str]) -> Piece:
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module, arguments, dynamic_shapes=shapes, dynamo=True, opset_version=OPSET, verbose=False,
            input_names=[f"input_{number}" for number in range(len(inputs))],
        )
    assert program is not None
    return piece(program.model_proto, prefix, inputs, outputs)
