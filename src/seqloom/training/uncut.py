"""Pairs whose target cannot be cut into one string for each symbol of its source: named, and not trained on."""

from __future__ import annotations

import numpy as np

from seqloom.codecs import Codecs
from seqloom.data import Corpus
from seqloom.text.special import UNK

NAMED = 3
"""How many pairs a sentence names."""


def with_cuts(train: Corpus, codecs: Codecs) -> tuple[Corpus, list[str]]:
    """The training pairs that answers of this kind can be learned from, and a notice of the others."""
    lost = _uncut(train, codecs)
    if not lost:
        return train, []
    kept = np.setdiff1d(np.arange(len(train)), lost)
    return train.select(kept), _named(train, lost, "training data", "they are left out")


def uncut(corpus: Corpus, codecs: Codecs, name: str, what: str) -> list[str]:
    """A sentence that names the pairs, with file and line, and says `what` becomes of them; none where all are well."""
    lost = _uncut(corpus, codecs)
    return _named(corpus, lost, name, what) if lost else []


def _named(corpus: Corpus, lost: list[int], name: str, what: str) -> list[str]:
    shown = ", ".join(f"{each.target!r} for {each.source!r} ({each.origin})" for each in corpus.examples(lost[:NAMED]))
    more = f", and {len(lost) - NAMED:,} more" if len(lost) > NAMED else ""
    return [f"{name}: {len(lost):,} targets cannot be cut along their sources; {what}: {shown}{more}"]


def _uncut(corpus: Corpus, codecs: Codecs) -> list[int]:
    if codecs.answer != "transduction":
        return []
    return [row for row in range(len(corpus)) if UNK in corpus.target_ids(row)]
