"""A model's pieces traced by torch and turned to ONNX, with every length and size left open."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from seqloom.export.graph import BEGUN, CHOSEN, FINISHED, OPSET, OUTPUTS, RECORD, SEARCHED, Piece, assemble, piece
from seqloom.export.modules import KINDS, Advance, Begin, Choose, ChooseListed, End, Shortlist
from seqloom.model import ModelState, Seq2Seq
from seqloom.nn.tree import leaves
from seqloom.search.config import SearchConfig
from seqloom.search.rules import settings_of
from seqloom.search.scores import BLOCK, FEW

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
    begun = _begun(example)
    pieces = {"begin": _begin(example), "advance": _advance(example, begun), "end": _end()}
    pieces |= {kind: _choose(example, begun, kind) for kind in KINDS}
    defaults = {"beam": np.array(search.beam, np.int64), **example.defaults}
    if model.target_size > FEW:
        pieces |= {"shortlist": _shortlist(example)}
        pieces |= {f"listed.{kind}": _choose_listed(example, begun, kind) for kind in KINDS}
        defaults |= {"words": np.zeros(0, np.int64), "open": np.zeros((1, 0), np.float32)}
    return assemble(pieces, defaults, example.decoder)


def _example(model: Seq2Seq, search: SearchConfig) -> Example:
    model = _widened(model)
    source = torch.randint(min(4, model.source_size - 1), model.source_size, (len(LENGTHS), max(LENGTHS)))
    lengths = torch.tensor(LENGTHS)
    ratio, extra = torch.tensor(float(search.max_length_ratio)), torch.tensor(search.max_length_extra)
    numbers = settings_of(search, torch.device("cpu"))._asdict()
    return Example(model, source, lengths, model.start(source, lengths), numbers, ratio, extra)


def _begun(example: Example) -> dict[str, Tensor]:
    """What the first step reads, by name; one tensor given twice would be traced as one input."""
    found = Begin(example.model)(*_sources(example).values())
    names = [*BEGUN, *example.decoder, *example.memories]
    return {name: tensor.clone() for name, tensor in zip(names, found, strict=True)}


def _sources(example: Example) -> dict[str, Tensor]:
    return {
        "source": example.source,
        "source_lengths": example.lengths,
        "beam": torch.tensor(BEAM),
        "max_length_ratio": example.ratio,
        "max_length_extra": example.extra,
        "prefix_lengths": torch.zeros_like(example.lengths),
        "rules": torch.tensor(1),
    }


def _begin(example: Example) -> Piece:
    given = _sources(example)
    shapes = tuple(_open(tensor) if tensor.dim() else None for tensor in given.values())
    outputs = [*BEGUN, *example.decoder, *example.memories]
    return _traced(Begin(example.model), tuple(given.values()), shapes, "begin", list(given), outputs)


def _advance(example: Example, begun: dict[str, Tensor]) -> Piece:
    token, decoder = begun["live.token"], [begun[name] for name in example.decoder]
    memory = [begun[name] for name in example.memories]
    given = (token, torch.tensor(token.numel()), decoder, memory)
    shapes = (_open(token), None, [_open(leaf, 1) for leaf in decoder], [_open(tensor, 2) for tensor in memory])
    inputs = ["step.live.token", "compared", *(f"step.{name}" for name in example.decoder), *example.memories]
    outputs = ["step.logits", "step.features", "step.weights", *(f"advanced.{name}" for name in example.decoder)]
    return _traced(Advance(example.model, example.state), given, shapes, "advance", inputs, outputs)


def _shortlist(example: Example) -> Piece:
    words = torch.arange(2 * BLOCK)
    outputs = ["listed.weights", "listed.biases"]
    return _traced(Shortlist(example.model), (words,), (_open(words),), "shortlist", ["words"], outputs)


def _searched(example: Example, begun: dict[str, Tensor], beam: int) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """What each kind of search reads, and which of its sizes are open."""
    searched = [begun[name][:, :beam].clone() for name in SEARCHED]
    limits = [begun["longest"], torch.zeros(len(LENGTHS), 2, dtype=torch.long), torch.zeros_like(example.lengths)]
    groups = [searched[:3], searched[3:5], searched[5:], limits]
    given = (torch.tensor(1), begun["numbers"], *groups, list(example.numbers.values()))
    shapes = (
        None,
        _open(begun["numbers"]),
        *([_open(tensor) for tensor in group] for group in groups),
        [None for _ in example.numbers],
    )
    return given, shapes


def _searched_names(example: Example) -> list[str]:
    names = ["step.position", "numbers", *(f"step.{name}" for name in SEARCHED)]
    return [*names, "longest", "prefix", "prefix_lengths", *example.numbers]


def _choose(example: Example, begun: dict[str, Tensor], kind: str) -> Piece:
    beam = 1 if kind == "greedy" else BEAM
    logits = torch.zeros(len(LENGTHS) * beam, example.model.decoder.readout.weight.size(0))
    given, shapes = _searched(example, begun, beam)
    inputs = ["step.logits", *_searched_names(example)]
    outputs = [f"{kind}.{name}" for name in CHOSEN]
    return _traced(Choose(kind), (logits, *given), (_open(logits, 1), *shapes), kind, inputs, outputs)


def _choose_listed(example: Example, begun: dict[str, Tensor], kind: str) -> Piece:
    beam = 1 if kind == "greedy" else BEAM
    words = torch.arange(FEW + 2 * BLOCK)
    weights = example.model.decoder.readout.weight.new_zeros(len(words), example.model.decoder.readout.size)
    listed = [weights, weights[:, 0].clone(), words, torch.zeros(len(LENGTHS), len(words))]
    features = weights[: len(LENGTHS) * beam].clone()
    given, shapes = _searched(example, begun, beam)
    wide = [_open(weights, 1), *(_open(tensor) for tensor in listed[1:])]
    inputs = ["step.features", "listed.weights", "listed.biases", "words", "open", *_searched_names(example)]
    outputs = [f"listed.{kind}.{name}" for name in CHOSEN]
    whole = (_open(features, 1), wide, *shapes)
    return _traced(ChooseListed(kind), (features, listed, *given), whole, f"listed.{kind}", inputs, outputs)


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
    """A copy whose vocabulary fills whole blocks; the words added have the probability 0.

    They stand in the empty places of a wide beam, so they have embeddings, too.
    """
    model = copy.deepcopy(model).eval()
    readout, embedding = model.decoder.readout, model.decoder.embedding
    missing = -model.target_size % BLOCK
    with torch.no_grad():
        readout.weight, embedding.weight = (
            nn.Parameter(F.pad(each.weight, (0, 0, 0, missing))) for each in (readout, embedding)
        )
        readout.bias = nn.Parameter(F.pad(readout.bias, (0, missing), value=-torch.inf))
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
