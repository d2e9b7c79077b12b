"""The codec of a text whose words are told apart, for answers that have one part for each word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import ClassVar, Literal

from seqloom.codecs.marked import MarkedCodec
from seqloom.text.model_inputs import ReadSource
from seqloom.text.special import BOS, UNK
from seqloom.text.splitting import words_of
from seqloom.text.tokenizer import tag_name
from seqloom.text.unknown import behind_unknown, new_symbols

PART = 1024
"""Words whose pieces are found together, so that little of a text that is far too long is encoded."""


@dataclass(frozen=True)
class WordsCodec(MarkedCodec):
    """Text as the ids of its words' pieces, with the begin mark before each word.

    Words are what stands between white space. Each is cut into pieces by itself, so that a word has the same pieces
    wherever it stands; one without any piece still has its mark. The network finds the words by the marks.
    """

    kind: ClassVar[Literal["words"]] = "words"  # type: ignore[assignment]

    in_order: ClassVar[str] = "words are tagged in their order"

    def marked(self, values: Sequence[str], *, sample: bool, seed: int | None) -> list[list[int]]:
        """A begin mark and the ids of each word in turn."""
        words = [words_of(text) for text in values]
        pieces = iter(self.tokenizer.encode(list(chain.from_iterable(words)), sample=sample, seed=seed))
        return [[piece for own in islice(pieces, len(each)) for piece in (BOS, *own)] for each in words]

    def decode(self, encoded: Sequence[Sequence[int]]) -> list[str]:
        """The words of each sequence of ids, with a space between them; tags leave no trace."""
        return [" ".join(self.tokenizer.decode(_by_word(ids))) for ids in encoded]

    def read(self, texts: Sequence[str], tags: Sequence[Sequence[str]], limit: int) -> list[ReadSource]:
        """What the model reads of each source: whole words with at most `limit` ids, those of the tags included.

        A first word that alone has more loses its end. A text of nothing but white space has no ids, with tags or
        without.
        """
        return [self._read(words_of(text), own, limit) for text, own in zip(texts, tags, strict=True)]

    def _read(self, words: list[str], tags: Sequence[str], limit: int) -> ReadSource:
        if not words:
            return ReadSource([])
        before = self.tokenizer.tag_ids(tags)[: limit - 1] if tags else []
        pieces = list(islice(self._pieces(words), limit))
        ids, kept = list(before), 0
        for own in pieces:
            if len(ids) + 1 + len(own) > limit and kept:
                break
            ids += (BOS, *own)
            kept += 1
        cut = kept < len(words) or len(ids) > limit or len(before) < len(tags)
        found = ReadSource(ids[:limit], cut, words=tuple(words))
        if UNK not in ids and not self.tokenizer.unseen:
            return found
        unknown_tags = [tag for tag, token in zip(tags, before, strict=False) if token == UNK]
        told = list(zip(words[:kept], pieces, strict=False))
        behind = chain.from_iterable(behind_unknown(self.tokenizer, word, own) for word, own in told)
        new = chain.from_iterable(new_symbols(self.tokenizer, word, own) for word, own in told)
        unknown = dict.fromkeys([*map(tag_name, unknown_tags), *new])
        return replace(found, behind=(*unknown_tags, *behind), unknown=tuple(unknown))

    def _pieces(self, words: Sequence[str]) -> Iterator[list[int]]:
        """The ids of each word, found for a part of the words at a time."""
        for start in range(0, len(words), PART):
            yield from self.tokenizer.encode(words[start : start + PART])


def _by_word(ids: Sequence[int]) -> list[list[int]]:
    """The ids of each word's pieces."""
    words: list[list[int]] = []
    for piece in ids:
        if piece == BOS:
            words.append([])
        elif words:
            words[-1].append(piece)
    return words
