"""Tokenisation of texts into words for ROUGE.

rouge_score lower-cases a text, takes each run of the letters a-z and digits as a word, and stems the words. Texts in
the Latin script are tokenised in exactly this way. Of other scripts rouge_score would keep nothing. Their words are
therefore separated by spaces and not stemmed; in scripts without spaces between words, each character (with its
combining marks) is a word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from typing import Any

from seqloom.metrics.base import needed
from seqloom.metrics.scripts import word_length

LATIN, WORD, CHARACTER, MARK = range(4)
"""Kinds of characters: left to rouge_score, part of a word, a word by itself, or a mark of the character before."""


class RougeWords:
    """A tokeniser with the interface that rouge_score expects; `purpose` is named if rouge_score is missing."""

    def __init__(self, purpose: str) -> None:
        module = needed("rouge_score.tokenizers", "rouge-score", purpose)
        self._latin: Any = module.DefaultTokenizer(use_stemmer=True)

    def tokenize(self, text: str) -> list[str]:
        """Split a text into words; if this yields none (as for punctuation), into its parts between spaces."""
        if text.isascii():
            words = self._latin.tokenize(text)
        else:
            words = [word for kind, part in _parts(text.lower()) for word in self._words(kind, part)]
        return words or text.lower().split()

    def _words(self, kind: int, part: str) -> list[str]:
        return list(self._latin.tokenize(part)) if kind == LATIN else [part]


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Split a text into runs of Latin and neutral characters, and words or single characters of other scripts."""
    numbered: list[tuple[tuple[int, int], str]] = []
    kind, number = LATIN, 0
    for char in text:
        own = _kind(char)
        if own == MARK:  # belongs to the character before it
            own = kind
        else:
            number += own == CHARACTER
            kind = own
        numbered.append(((own, number), char))
    for (own, _), chars in groupby(numbered, key=lambda each: each[0]):
        yield own, "".join(char for _, char in chars)


@cache
def _kind(char: str) -> int:
    category = unicodedata.category(char)
    if category[0] == "M":
        return MARK
    if category[0] == "L" and word_length(char):
        return CHARACTER
    if char < "\u0370" or "\u1d00" <= char < "\u1dc0" or "\u2000" <= char < "\u2c00":  # or common symbols
        return LATIN
    if (category[0] == "L" or category == "Nd") and "LATIN" not in unicodedata.name(char, ""):
        return WORD
    return LATIN
