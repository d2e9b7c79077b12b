"""The kinds of search as branches of the exported graph.

They do not depend on the model, so that each module is traced once in a process and the result is kept (`@cache`).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial
from typing import NamedTuple

import onnx
import torch
from onnx import helper
from torch import Tensor

from seqloom.export.connecting import CHOSEN, FINISHED, LIVE, OUTPUTS, RECORD, WRITTEN, Piece, piece
from seqloom.export.search_modules import End, Leave, Listed, Normalise, Present, Remember, Rules, Search
from seqloom.export.to_onnx import traced
from seqloom.search.config import SearchConfig
from seqloom.search.rules import StepSettings, settings_of
from seqloom.search.shortlist import BLOCK, FEW
from seqloom.search.step import first_live, none_finished

EVERYONE, SENTENCES, BEAM, ROOM, WIDTH, STEPS, PREFIXES, WRITTEN_ROOM = 5, 3, 4, 19, 7, 9, 6, 11
"""Sizes of the example inputs for tracing.

All differ, because the tracer would treat equal sizes as one. `EVERYONE` is the number of sentences in the batch,
`SENTENCES` the number of those that are still searched.
"""
LIMITS = ("longest", "prefix", "prefix_lengths")


def branch(kind: str, *, large: bool, listed: bool = False) -> Piece:
    """One step of one kind of search: `greedy`, `alone` (greedy for a single sentence), `beam`, or `ruled` (a beam
    search under rules).

    `large` vocabularies are searched block by block. With `listed`, only the words of a shortlist are searched. The
    branch yields all values of `CHOSEN`, with names that begin with the kind.
    """
    name, greedy = f"listed.{kind}" if listed else kind, kind in ("alone", "greedy")
    of_step, of_search = partial(_under, "step"), partial(_under, name if kind == "alone" else f"{name}.searched")
    found, limits, finished, pieces = f"{name}.log_probs", list(LIMITS), of_step(FINISHED), []
    pieces.append(_compared(found, 1 if greedy else BEAM, listed=listed))
    if kind != "alone":
        limits, finished = _under(f"{name}.present", LIMITS), _under(f"{name}.present", FINISHED)
        inputs = ["step.numbers", *LIMITS, *of_step(FINISHED)]
        pieces.append(piece(_present(), f"{name}.present", inputs, [*limits, *finished]))
    if kind == "ruled":
        inputs = [found, "step.position", *of_step(WRITTEN), *limits, *StepSettings._fields]
        found = f"{name}.allowed"
        pieces.append(piece(_rules(large=large), f"{name}.rules", inputs, [found]))
    inputs = [found, "step.position", *of_step(LIVE), *finished, *limits, *StepSettings._fields]
    outputs = of_search((*LIVE, *FINISHED, "places", "done"))
    place = outputs[1] = f"{name}.place" if listed else outputs[1]
    pieces.append(piece(_search(greedy=greedy, large=large), f"{name}.search", inputs, outputs))
    if listed:
        pieces.append(Piece([helper.make_node("Gather", ["words", place], of_search(["live.token"]))], {}))
    written = of_step(WRITTEN)
    if kind == "ruled":
        inputs, written = [*written, *of_search(["places"]), place, "step.position"], of_search(WRITTEN)
        pieces.append(piece(_remember(), f"{name}.remember", inputs, written))
    if kind == "alone":
        pieces.append(_stays(name))
    else:
        after = [*of_search(LIVE), *written, *of_search(FINISHED), *of_step(FINISHED), "step.weights"]
        inputs = ["step.numbers", *of_search(("done", "places")), *after]
        pieces.append(piece(_leave(), f"{name}.leave", inputs, _under(name, CHOSEN)))
    constants = {each: constant for part in pieces for each, constant in part.constants.items()}
    return Piece([node for part in pieces for node in part.nodes], constants)


def _under(prefix: str, names: Iterable[str]) -> list[str]:
    return [f"{prefix}.{name}" for name in names]


def _compared(found: str, beam: int, *, listed: bool) -> Piece:
    """Nodes that compute the log-probabilities and call them `found`."""
    if listed:
        inputs = ["step.features", "listed.weights", "listed.biases", "open", "step.numbers", "step.live.scores"]
        return piece(_listed(beam), f"{found}.listed", inputs, [found])
    return piece(_normalise(beam), f"{found}.normalised", ["step.logits", "step.live.scores"], [found])


def _stays(name: str) -> Piece:
    """The state after a step of a single sentence, which leaves the search only when it is done."""
    same = {each: f"step.{each}" for each in (*WRITTEN, "numbers")} | {"rows": "step.numbers"}
    same |= dict(zip(RECORD, [f"{name}.live.token", f"{name}.live.scores", "step.weights"], strict=True))
    nodes = [helper.make_node("Identity", [source], [f"{name}.{each}"]) for each, source in same.items()]
    nodes += [
        helper.make_node("Squeeze", [f"{name}.done"], [f"{name}.settled"]),
        helper.make_node("Not", [f"{name}.settled"], [f"{name}.more"]),
    ]
    return Piece(nodes, {})


def end() -> Piece:
    """Nodes that turn the record of all steps into the outputs of the graph."""
    inputs = [*(f"search.{name}" for name in (*RECORD, *FINISHED)), "n_best"]
    return piece(_end(), "end", inputs, list(OUTPUTS))


class _Example(NamedTuple):
    """Example values of a search, with which its modules are traced."""

    position: Tensor
    numbers: Tensor
    live: list[Tensor]
    written: list[Tensor]
    finished: list[Tensor]
    limits: list[Tensor]
    settings: list[Tensor]


def _example(beam: int, sentences: int = SENTENCES) -> _Example:
    cpu = torch.device("cpu")
    live = first_live(sentences, beam, ROOM, cpu, rules=False)
    longest, lengths = torch.full((sentences,), ROOM - 1), torch.zeros(sentences, dtype=torch.long)
    return _Example(
        torch.tensor(1),
        torch.arange(sentences),
        list(live[:3]),
        [torch.zeros(sentences, beam, ROOM, dtype=torch.long) for _ in WRITTEN],
        list(none_finished(sentences, beam, ROOM, cpu)),
        [longest, torch.zeros(sentences, 2, dtype=torch.long), lengths],
        list(settings_of(SearchConfig(), cpu)),
    )


def _vocabulary(*, large: bool) -> int:
    return FEW + 2 * BLOCK if large else 3 * BLOCK


@cache
def _normalise(beam: int) -> onnx.ModelProto:
    return traced(Normalise(), [torch.zeros(SENTENCES * beam, 3 * BLOCK), _example(beam).live[0]])


@cache
def _listed(beam: int) -> onnx.ModelProto:
    words, size, present = _vocabulary(large=True), 32, _example(beam)
    weights, opened = torch.zeros(words, size), torch.zeros(EVERYONE, words)
    features = torch.zeros(SENTENCES * beam, size)
    return traced(Listed(), [features, weights, torch.zeros(words), opened, present.numbers, present.live[0]])


@cache
def _present() -> onnx.ModelProto:
    everyone, (_, prefix, lengths) = _example(BEAM, EVERYONE), _example(BEAM, PREFIXES).limits
    return traced(Present(), [torch.arange(SENTENCES), everyone.limits[0], prefix, lengths, everyone.finished])


@cache
def _rules(*, large: bool) -> onnx.ModelProto:
    example = _example(BEAM)
    log_probs = torch.zeros(SENTENCES, BEAM, _vocabulary(large=large))
    return traced(Rules(), [log_probs, example.position, example.written, example.limits, example.settings])


@cache
def _search(*, greedy: bool, large: bool) -> onnx.ModelProto:
    beam = 1 if greedy else BEAM
    position, _, live, _, finished, limits, settings = _example(beam)
    log_probs = torch.zeros(SENTENCES, beam, _vocabulary(large=large))
    return traced(Search(greedy=greedy), [log_probs, position, live, finished, limits, settings])


@cache
def _remember() -> onnx.ModelProto:
    example = _example(BEAM)
    places = torch.zeros(SENTENCES, BEAM, dtype=torch.long)
    return traced(Remember(), [example.written, places, places, example.position])


@cache
def _leave() -> onnx.ModelProto:
    _, numbers, live, _, finished, _, _ = _example(BEAM)
    written = [torch.zeros(SENTENCES, BEAM, WRITTEN_ROOM, dtype=torch.long) for _ in WRITTEN]
    done, places, weights = numbers > 0, torch.zeros_like(live[1]), torch.zeros(*live[1].shape, WIDTH)
    answers = _example(BEAM, EVERYONE).finished
    return traced(Leave(), [numbers, done, places, live, written, finished, answers, weights])


@cache
def _end() -> onnx.ModelProto:
    whole = torch.zeros(STEPS, SENTENCES, BEAM, dtype=torch.long)
    record = [whole, torch.zeros(whole.shape), torch.zeros(*whole.shape, WIDTH)]
    return traced(End(), [record, _example(BEAM).finished, torch.tensor(2)])
