"""Answers that are known before the network is asked: a user's exceptions, and what was memorised from training pairs.

A `Lexicon` maps sources to answers. `KnownAnswers` holds the two of a model and looks a source up in them, exceptions
first. Nothing here needs PyTorch.
"""

from __future__ import annotations

from seqloom.lexicon.known import NOTHING_KNOWN, Found, KnownAnswers
from seqloom.lexicon.lexicon import EMPTY, Answer, Entry, Lexicon
from seqloom.lexicon.memorising import memorised
from seqloom.lexicon.merging import Additions, added, without
from seqloom.lexicon.pairs import WeightedExample, weighted_examples, weighted_files

__all__ = [
    "EMPTY",
    "NOTHING_KNOWN",
    "Additions",
    "Answer",
    "Entry",
    "Found",
    "KnownAnswers",
    "Lexicon",
    "WeightedExample",
    "added",
    "memorised",
    "weighted_examples",
    "weighted_files",
    "without",
]
