"""The codec of text: strings ⇄ ids of a tokenizer's symbols."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, TypeVar
from unicodedata import normalize

from seqloom.codecs.base import AnswerKind, Codec
from seqloom.errors import DataError
from seqloom.text.model_inputs import ReadSource, cut_sources, encode_sources
from seqloom.text.special import UNK
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.unknown import without_ids

T = TypeVar("T")


@dataclass(frozen=True)
class TextCodec(Codec[str, list[int]]):
    """Text of one side, as ids of a tokenizer's symbols.

    With `reverse`, the ids of a text stand in the opposite order, from its end to its beginning: of a source
    (Sutskever et al. 2014, §3.3) or of a target, which a right-to-left model writes (Liu et al. 2016). Tags of a
    source stand before its text in either case.
    """

    tokenizer: Tokenizer
    reverse: bool = False

    kind: ClassVar[Literal["text"]] = "text"
    stem: ClassVar[str] = "tokenizer"
    answer: ClassVar[AnswerKind] = "sequence"

    @property
    def size(self) -> int:
        """How many different symbols there are, special ones and tags included."""
        return self.tokenizer.size

    @property
    def reserved(self) -> int:
        """The special tokens and the tags."""
        return self.tokenizer.reserved

    @property
    def content(self) -> Tokenizer:
        """The tokenizer. The order of the ids is a setting of the run and not part of the codec's file."""
        return self.tokenizer

    @property
    def samples(self) -> bool:
        """Whether encoding with `sample` gives other ids each time (BPE dropout)."""
        return self.tokenizer.samples

    def turned(self, reverse: bool) -> TextCodec:
        """The same codec with ids in the order that `reverse` says."""
        return replace(self, reverse=reverse)

    def encode(
        self,
        values: Sequence[str],
        tags: Sequence[Sequence[str]] = (),
        *,
        sample: bool = False,
        seed: int | None = None,
    ) -> list[list[int]]:
        """The ids of each text, after those of its `tags` where there are any; no begin or end marks.

        With `sample`, a tokenizer with dropout draws a segmentation at random, from `seed`.
        """
        return encode_sources(self.tokenizer, values, tags, reverse=self.reverse, sample=sample, seed=seed)

    def read(self, texts: Sequence[str], tags: Sequence[Sequence[str]], limit: int) -> list[ReadSource]:
        """What the model reads of each source: at most `limit` ids, those of the tags included.

        Each result says whether the end was left out and which symbols the model never met in training. A text of
        nothing but white space has no ids, with tags or without.
        """
        return cut_sources(self.tokenizer, texts, tags, limit, reverse=self.reverse)

    def decode(self, encoded: Sequence[Sequence[int]]) -> list[str]:
        """The text of each sequence of ids; special symbols and tags leave no trace."""
        return self.tokenizer.decode([self.in_text_order(ids) for ids in encoded])

    def in_text_order(self, items: Sequence[T]) -> Sequence[T]:
        """Items of which there is one for each id of a text, from the beginning of the text to its end."""
        return items[::-1] if self.reverse else items

    def beginning(self, prefix: str) -> list[int]:
        """The ids with which every answer begins that begins with `prefix`.

        Raises a `DataError` for a prefix that the tokenizer cannot write exactly as it was given, and for any if
        answers are written from their end.
        """
        if prefix and self.reverse:
            raise DataError(
                f"a prefix must be the first thing that the model writes, but this model writes its answers from their "
                f"end (data.reverse_target), and the prefix {prefix!r} would come last",
                hint="leave the prefix out, or use a model that writes from left to right",
            )
        (ids,) = self.encode([prefix])
        (written,) = self.decode([ids])
        if UNK in ids or normalize("NFC", written) != normalize("NFC", self.tokenizer.form.write(prefix)):
            raise DataError(
                f"the prefix must be something that the model can write, not {prefix!r}",
                hint=f"with its target tokenizer ({self.tokenizer.kind}) it would be written {written!r}",
            )
        return ids

    def canonical(self, text: str) -> str:
        """The one form in which a target is compared with an answer: the text as it is."""
        return text

    def unwritable(self, text: str, ids: Sequence[int]) -> tuple[str, ...]:
        """The symbols of a text with these ids for which the tokenizer has no id, each once."""
        return tuple(without_ids(self.tokenizer, text, self.in_text_order(ids)))

    def to_json(self) -> str:
        """The text of `tokenizer.json`, `tokenizer.source.json` or `tokenizer.target.json`."""
        return self.tokenizer.to_json()

    @classmethod
    def from_json(cls, text: str) -> TextCodec:
        """The codec in the text of such a file; its ids run from the beginning of a text to its end."""
        return cls(Tokenizer.from_json(text))
