"""The codec of a text whose symbols are told apart, for answers that have one part for each symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import ClassVar, Literal

from seqloom.codecs.marked import MarkedCodec
from seqloom.text.model_inputs import ReadSource
from seqloom.text.special import BOS, EOS


@dataclass(frozen=True)
class SymbolsCodec(MarkedCodec):
    """Text as the ids of its symbols, with the begin mark before each, and before and behind them all.

    What a tokenizer makes of a text are its symbols, such as letters. The network takes what begins with a mark for a
    word, so that each symbol is one, and the beginning and the end of the text are words without symbols.
    """

    kind: ClassVar[Literal["symbols"]] = "symbols"  # type: ignore[assignment]

    in_order: ClassVar[str] = "symbols are answered in their order"

    def marked(self, values: Sequence[str], *, sample: bool, seed: int | None) -> list[list[int]]:
        """A begin mark before each symbol, and before and behind them all."""
        return [_marked(ids) for ids in self.tokenizer.encode(values, sample=sample, seed=seed)]

    def decode(self, encoded: Sequence[Sequence[int]]) -> list[str]:
        """The text of each sequence of ids; marks and tags leave no trace."""
        return self.tokenizer.decode([[each for each in ids if each != BOS] for ids in encoded])

    def read(self, texts: Sequence[str], tags: Sequence[Sequence[str]], limit: int) -> list[ReadSource]:
        """What the model reads of each source, as of text; marks do not count for the `limit`."""
        found = super().read(texts, tags, limit)
        counts = [min(len(own), limit) for own in tags]
        return [
            replace(each, ids=each.ids[:count] + _marked(each.ids[count:])) if each.ids else each
            for each, count in zip(found, counts, strict=True)
        ]


def symbols_of(ids: Sequence[int]) -> list[int]:
    """The symbols of a source with marks, those of its tags left out: the begin mark, those of the text, the end mark.

    A symbol of a text is what stands behind a mark.
    """
    text = ids[ids.index(BOS) :] if BOS in ids else ()
    return [BOS, *(each for each in text if each != BOS), EOS]


def _marked(ids: Sequence[int]) -> list[int]:
    """The ids with a mark before each, and before and behind them all."""
    return [BOS, *chain.from_iterable((BOS, each) for each in ids), BOS]
