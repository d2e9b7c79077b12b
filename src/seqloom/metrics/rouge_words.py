"""The words that ROUGE compares: rouge_score's own for the Latin script, and words or characters of other scripts.

rouge_score lower-cases a text and keeps the letters a-z and the digits, each run of them a word, stemmed. Texts in the
Latin script are cut in exactly this way. Of other scripts it would keep nothing, so their words are taken as they are,
without stemming, and each character (with its marks) is a word where the script writes no spaces between words.
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


class RougeWords:
    """A tokeniser as rouge_score wants it."""

    def __init__(self, purpose: str) -> None:
        module = needed("rouge_score.tokenizers", "rouge-score", purpose)
        self._latin: Any = module.DefaultTokenizer(use_stemmer=True)

    def tokenize(self, text: str) -> list[str]:
        """The words of a text; where it has neither letters nor digits that count, its pieces between spaces."""
        if text.isascii():
            words = self._latin.tokenize(text)
        else:
            words = [word for kind, part in _parts(text.lower()) for word in self._words(kind, part)]
        return words or text.lower().split()

    def _words(self, kind: int, part: str) -> list[str]:
        return list(self._latin.tokenize(part)) if kind == LATIN else [part]


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """Runs of the Latin script (and of what no script claims), words and single characters of other scripts."""
    numbered: list[tuple[tuple[int, int], str]] = []
    kind, number = LATIN, 0
    for char in text:
        own = _kind(char)
        if own == MARK:  # belongs to the letter before it
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
    if char < "\u0370" or "\u1d00" <= char < "\u1dc0" or "\u2000" <= char < "\u2c00":  # Latin, or signs of any script
        return LATIN
    if (category[0] == "L" or category == "Nd") and "LATIN" not in unicodedata.name(char, ""):
        return WORD
    return LATIN
