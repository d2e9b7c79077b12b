"""Fast encoding: each word is tokenised once, and the ids of a text are joined from those of its words.

Subwords never cross a space, and word tokenizers split at spaces, so the ids of a text are those of its words in turn.
Running text repeats its words, and looking them up is several times as fast as tokenising them again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

KINDS = ("bpe", "unigram", "word")
"""The kinds of tokenizers whose tokens never cross a space."""
REMEMBERED = 1 << 18
"""Number of words that are remembered; when there are more, the memory is emptied."""
TOGETHER = 1 << 14
"""Number of words that are tokenised at a time, which limits the memory that the tokenizer takes."""
LONGEST = 64
"""Longest word, in characters, that is remembered; longer ones (sentences without spaces) hardly ever recur."""

Cut = Callable[[list[str]], list[list[int]]]


class WordMemory:
    """Encodes texts word by word; `cut` encodes a list of words with the tokenizer."""

    def __init__(self, cut: Cut, size: int) -> None:
        self._cut = cut
        self._numbers = list(range(size))  # one int object for each id, which all words share
        self._known: dict[str, tuple[int, ...]] = {}

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text."""
        if len(self._known) > REMEMBERED:
            self._known = {}
        known = self._known  # other threads may still be using the old dictionary
        words = [text.split(" ") for text in texts]
        new = list(set().union(*words).difference(known))
        long: dict[str, tuple[int, ...]] = {}
        for start in range(0, len(new), TOGETHER):
            some = new[start : start + TOGETHER]
            for word, ids in zip(some, self._cut(some), strict=True):
                (known if len(word) <= LONGEST else long)[word] = tuple(map(self._numbers.__getitem__, ids))
        look = known.__getitem__ if not long else lambda word: long[word] if len(word) > LONGEST else known[word]
        return [list(chain.from_iterable(map(look, inner))) for inner in words]
