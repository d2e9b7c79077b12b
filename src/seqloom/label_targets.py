"""Targets of examples where answers are labels: the one form in which they are compared, and labels nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from seqloom.codecs import Labels
from seqloom.codecs.pair import TargetCodec
from seqloom.data import Example
from seqloom.text.special import UNK

NAMED = 3
"""How many examples a sentence names."""


def comparable(examples: Iterable[Example], codec: TargetCodec) -> list[Example]:
    """The examples with targets in the form that answers have: of several labels in their order. Text is left alone."""
    if not isinstance(codec, Labels):
        return list(examples)
    form = codec.canonical
    return [replace(each, target=form(each.target), references=tuple(map(form, each.references))) for each in examples]


def unknown_labels(examples: Sequence[Example], codec: TargetCodec, name: str) -> list[str]:
    """A sentence that names the labels among the first targets that the codec lacks, with file and line; `name` is that
    of the data. Empty where it knows all."""
    if not isinstance(codec, Labels):
        return []
    encoded = codec.encode([each.target for each in examples])
    found = [(each, ids) for each, ids in zip(examples, encoded, strict=True) if UNK in ids]
    if not found:
        return []
    shown = (
        f"{', '.join(map(repr, codec.unwritable(each.target, ids)))} ({each.origin})" for each, ids in found[:NAMED]
    )
    more = f", and {len(found) - NAMED:,} more pairs" if len(found) > NAMED else ""
    return [
        f"{name}: labels that no training pair has; answers to them count as wrong, and the loss leaves them out: "
        f"{', '.join(shown)}{more}"
    ]
