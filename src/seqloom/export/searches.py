"""The kinds of search as branches of a graph. Every model has the same, so that one trace serves all of a process."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import onnx
import torch
from onnx import helper
from torch import Tensor

from seqloom.export.pieces import FINISHED, LIVE, OUTPUTS, RECORD, WRITTEN, Piece, piece
from seqloom.export.steps import End, Listed, Normalise, Remember, Rules, Search
from seqloom.export.tracing import traced
from seqloom.search.config import SearchConfig
from seqloom.search.rules import Settings, settings_of
from seqloom.search.scores import FEW
from seqloom.search.shortlist import BLOCK
from seqloom.search.step import first_live, none_finished

SENTENCES, BEAM, ROOM, WIDTH, STEPS = 3, 4, 19, 7, 9
"""Sizes of the example that is traced; no two alike, so that none is taken for another."""
KINDS = ("greedy", "beam", "ruled")
SEARCH = ("position", "numbers", *LIVE, *FINISHED, "longest", "prefix", "prefix_lengths", *Settings._fields)
"""What every kind reads besides the log-probabilities."""


def branch(kind: str, *, large: bool, listed: bool = False) -> Piece:
    """One step of a kind of search: `greedy`, `beam`, or `ruled`, which is a beam under rules.

    `large` vocabularies are searched block by block; with `listed`, among the words of a shortlist alone. It yields
    all of `CHOSEN`, under the kind's name.
    """
    prefix = f"listed.{kind}" if listed else kind
    beam, found = 1 if kind == "greedy" else BEAM, f"{prefix}.log_probs"
    compared = ["step.features", "listed.weights", "listed.biases", "open"] if listed else ["step.logits"]
    normalised = _listed(beam) if listed else _normalise(beam)
    pieces = [piece(normalised, f"{prefix}.compare", [*compared, "step.live.scores"], [found])]
    written = [f"step.{name}" for name in WRITTEN]
    if kind == "ruled":
        names = ["step.position", *written, "longest", "prefix", "prefix_lengths", *Settings._fields]
        pieces.append(piece(_rules(large=large), f"{prefix}.rules", [found, *names], [f"{prefix}.allowed"]))
        found = f"{prefix}.allowed"
    token = f"{prefix}.place" if listed else f"{prefix}.live.token"
    results = [f"{prefix}.{name}" for name in ("more", *LIVE, *FINISHED)]
    results[results.index(f"{prefix}.live.token")] = token
    if kind != "greedy":
        results += [f"{prefix}.places", f"{prefix}.rows"]
    names = [f"step.{name}" if name in (*LIVE, *FINISHED, "position") else name for name in SEARCH]
    pieces.append(piece(_search(greedy=kind == "greedy", large=large), f"{prefix}.search", [found, *names], results))
    if kind == "ruled":
        inputs = [*written, f"{prefix}.places", token, "step.position"]
        pieces.append(piece(_remember(), f"{prefix}.remember", inputs, [f"{prefix}.{name}" for name in WRITTEN]))
    nodes = [node for each in pieces for node in each.nodes]
    same = dict(zip(WRITTEN, written, strict=True)) if kind != "ruled" else {}
    same |= {"rows": "numbers"} if kind == "greedy" else {}
    nodes += [helper.make_node("Identity", [source], [f"{prefix}.{name}"]) for name, source in same.items()]
    if listed:
        nodes.append(helper.make_node("Gather", ["words", token], [f"{prefix}.live.token"]))
    constants = {name: constant for each in pieces for name, constant in each.constants.items()}
    return Piece(nodes, constants)


def end() -> Piece:
    """The record of all steps → the outputs."""
    inputs = [*(f"search.{name}" for name in (*RECORD, *FINISHED)), "n_best"]
    return piece(_end(), "end", inputs, list(OUTPUTS))


class _Example(NamedTuple):
    """Made-up values of a search."""

    position: Tensor
    numbers: Tensor
    live: list[Tensor]
    written: list[Tensor]
    finished: list[Tensor]
    limits: list[Tensor]
    settings: list[Tensor]


def _example(beam: int) -> _Example:
    cpu = torch.device("cpu")
    live = first_live(SENTENCES, beam, ROOM, cpu, rules=False)
    longest, lengths = torch.full((SENTENCES,), ROOM - 1), torch.zeros(SENTENCES, dtype=torch.long)
    return _Example(
        torch.tensor(1),
        torch.arange(SENTENCES),
        list(live[:3]),
        [torch.zeros(SENTENCES, beam, ROOM, dtype=torch.long) for _ in WRITTEN],
        list(none_finished(SENTENCES, beam, ROOM, cpu)),
        [longest, torch.zeros(SENTENCES, 2, dtype=torch.long), lengths],
        list(settings_of(SearchConfig(), cpu)),
    )


def _vocabulary(*, large: bool) -> int:
    return FEW + 2 * BLOCK if large else 3 * BLOCK


@cache
def _normalise(beam: int) -> onnx.ModelProto:
    return traced(Normalise(), [torch.zeros(SENTENCES * beam, 3 * BLOCK), _example(beam).live[0]])


@cache
def _listed(beam: int) -> onnx.ModelProto:
    words, size = _vocabulary(large=True), 32
    weights, opened = torch.zeros(words, size), torch.zeros(SENTENCES, words)
    features = torch.zeros(SENTENCES * beam, size)
    return traced(Listed(), [features, weights, torch.zeros(words), opened, _example(beam).live[0]])


@cache
def _rules(*, large: bool) -> onnx.ModelProto:
    example = _example(BEAM)
    log_probs = torch.zeros(SENTENCES, BEAM, _vocabulary(large=large))
    return traced(Rules(), [log_probs, example.position, example.written, example.limits, example.settings])


@cache
def _search(*, greedy: bool, large: bool) -> onnx.ModelProto:
    beam = 1 if greedy else BEAM
    position, numbers, live, _, finished, limits, settings = _example(beam)
    log_probs = torch.zeros(SENTENCES, beam, _vocabulary(large=large))
    return traced(Search(greedy=greedy), [log_probs, position, numbers, live, finished, limits, settings])


@cache
def _remember() -> onnx.ModelProto:
    example = _example(BEAM)
    places = torch.zeros(SENTENCES, BEAM, dtype=torch.long)
    return traced(Remember(), [example.written, places, places, example.position])


@cache
def _end() -> onnx.ModelProto:
    whole = torch.zeros(STEPS, SENTENCES, BEAM, dtype=torch.long)
    record = [whole, torch.zeros(whole.shape), torch.zeros(*whole.shape, WIDTH)]
    return traced(End(), [record, _example(BEAM).finished, torch.tensor(2)])
