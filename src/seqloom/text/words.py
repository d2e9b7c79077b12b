"""Ids of text put together from the ids of its words: a word is cut once and remembered.

Subwords never cross a space, and word tokenizers part at spaces, so a text has the ids of its words in turn. Running
text repeats its words: looking them up is several times as fast as cutting them anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

KINDS = ("bpe", "unigram", "word")
"""Kinds of tokenizers whose tokens do not cross a space."""
REMEMBERED = 1 << 18
"""Words that are remembered; with more, remembering begins anew."""
TOGETHER = 1 << 14
"""Words that are cut at a time: what the tokenizer needs for a word is much more than its ids."""
LONGEST = 64
"""Characters of a word that is remembered; longer ones, such as sentences without spaces, hardly come again."""

Cut = Callable[[list[str]], list[list[int]]]


class WordMemory:
    """Encodes texts by their words; `cut` is the tokenizer at work on whole texts."""

    def __init__(self, cut: Cut, size: int) -> None:
        self._cut = cut
        self._numbers = list(range(size))  # one object an id, however many words share it
        self._known: dict[str, tuple[int, ...]] = {}

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Ids of each text."""
        if len(self._known) > REMEMBERED:
            self._known = {}
        known = self._known  # threads that still use the old one keep it
        words = [text.split(" ") for text in texts]
        new = list(set().union(*words).difference(known))
        long: dict[str, tuple[int, ...]] = {}
        for start in range(0, len(new), TOGETHER):
            some = new[start : start + TOGETHER]
            for word, ids in zip(some, self._cut(some), strict=True):
                (known if len(word) <= LONGEST else long)[word] = tuple(map(self._numbers.__getitem__, ids))
        look = known.__getitem__ if not long else lambda word: long[word] if len(word) > LONGEST else known[word]
        return [list(chain.from_iterable(map(look, inner))) for inner in words]
