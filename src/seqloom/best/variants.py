"""The plans that are tried beside the one that the rules choose."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seqloom.planning.facts import Task
from seqloom.planning.rule import is_given

Settings = Mapping[str, Any]

VARIANTS: Mapping[Task, Sequence[Settings]] = {
    "words": (
        {"model.hidden": 384, "model.embedding": 192},
        {"model.encoder.layers": 2},
        {"model.dropout": 0.35, "model.embedding_dropout": 0.25},
        {"model.decoder.attend": "feed", "model.attention": {"kind": "general"}},
        {"training.r_drop": 1.0},
    ),
    "sentences": (
        {"model.hidden": 448, "model.embedding": 320},
        {"model.dropout": 0.45, "model.embedding_dropout": 0.35},
        {"training.r_drop": 1.0},
        {"model.decoder.attend": "feed"},
        {"model.source_word_dropout": 0.1},
    ),
    "texts": (
        {"model.hidden": 384},
        {"model.dropout": 0.45, "model.embedding_dropout": 0.35},
        {"model.source_word_dropout": 0.1},
    ),
    "labels": (
        {"model.source_word_dropout": 0.35},
        {"text.source.vocabulary_size": 3000},
        {"training.r_drop": 1.0},
        {"model.hidden": 128},
        {"model.attention": {"kind": "additive"}},
    ),
}
"""Changes of a plan for each kind of pairs, each tried alone, where a network writes its answers."""
OF_LABELS: Sequence[Settings] = (
    {"model.source_word_dropout": 0.35},
    {"text.source.vocabulary_size": 3000},
    {"training.r_drop": 1.0},
    {"model.hidden": 128},
    {"model.pooling.kind": "max"},
)
"""The same where it answers with labels."""


def variants(task: Task, given: frozenset[str], *, labelling: bool = False) -> list[Settings]:
    """The changes to try for pairs of this kind: none first, then those of `VARIANTS`, or of `OF_LABELS`, of which
    nothing is given."""
    all_of_them = OF_LABELS if labelling else VARIANTS[task]
    open_ones = [each for each in all_of_them if not any(is_given(name, given) for name in each)]
    return [{}, *open_ones]
