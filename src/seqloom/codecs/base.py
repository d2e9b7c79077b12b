"""The interface of a codec, which converts one side of a pair, such as a text, to ids and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar, Generic, Literal, Self, TypeVar

from seqloom.text.special import SPECIAL_TOKENS

Given = TypeVar("Given")
"""What a user has: for text a string."""
T = TypeVar("T")
Encoded = TypeVar("Encoded")
"""What the network reads or writes: for text a list of ids."""

AnswerKind = Literal["sequence", "label", "labels", "tags", "frame", "transduction"]
"""What a model answers with: a sequence of symbols, found by a search, symbol after symbol; one label for the whole
input; any number of labels for it; a tag for each of its words; a frame: one label for the whole input and a tag for
each of its words; or a transduction: a short string for each of its symbols."""
OF_WORDS: tuple[AnswerKind, ...] = ("tags", "frame")
"""The kinds that have a tag for each word."""
OF_PARTS: tuple[AnswerKind, ...] = (*OF_WORDS, "transduction")
"""The kinds that have a part for each word or each symbol, all of which are found together."""


class Codec(ABC, Generic[Given, Encoded]):
    """How what a user has on one side becomes what the network reads there, and back. A codec is a value.

    Decoding what was encoded gives back what was given, except for what the codec cannot represent, such as a
    character of a text that is not in the vocabulary.
    """

    kind: ClassVar[str]
    """The name of the codec in the tables of `codecs.pair` and in model folders."""
    stem: ClassVar[str]
    """How the name of its file in a model folder begins: `tokenizer` for `tokenizer.source.json`."""
    answer: ClassVar[AnswerKind]
    """What a model answers with whose target side has this codec."""

    @property
    @abstractmethod
    def size(self) -> int:
        """How many different symbols there are on this side; their ids run from 0 to `size` - 1."""

    @property
    def reserved(self) -> int:
        """How many ids, the lowest ones, stand for nothing that a user gave: the special tokens, and tags."""
        return len(SPECIAL_TOKENS)

    @property
    @abstractmethod
    def content(self) -> object:
        """What the codec's file holds. Two sides whose contents are the same object share one file."""

    @abstractmethod
    def encode(self, values: Sequence[Given], *, sample: bool = False, seed: int | None = None) -> Sequence[Encoded]:
        """What the network reads, or is to write, for each value."""

    def encode_beside(
        self,
        sources: Sequence[Sequence[int]],
        values: Sequence[Given],
        *,
        sample: bool = False,
        seed: int | None = None,
    ) -> list[Encoded]:
        """What the network is to write for each value, where its source has these ids; `encode`, unless that matters.

        With `sample`, a codec that can draws among several ways to encode a value, from `seed`.
        """
        del sources
        return list(self.encode(values, sample=sample, seed=seed))

    @abstractmethod
    def decode(self, encoded: Sequence[Encoded]) -> Sequence[Given]:
        """The value behind each encoded one."""

    @abstractmethod
    def to_json(self) -> str:
        """The text of the codec's file in a model folder."""

    @classmethod
    @abstractmethod
    def from_json(cls, text: str) -> Self:
        """The codec whose `to_json` wrote this text; raises a `ModelFolderError` for any other text."""


class ListedCodec(Codec[str, list[int]]):
    """A codec of answers that are chosen from lists: they have no direction, and nothing is drawn at random."""

    noun: ClassVar[str]
    """What the lists hold, in the plural."""
    reverse: ClassVar[bool] = False
    samples: ClassVar[bool] = False

    @property
    @abstractmethod
    def lists(self) -> Mapping[str, tuple[str, ...]]:
        """What answers are chosen from, in the order of the ids, by what it is, in the plural."""

    def turned(self, reverse: bool) -> Self:
        """The same codec: such answers have no direction."""
        del reverse
        return self

    def in_text_order(self, items: Sequence[T]) -> Sequence[T]:
        """The items as they are."""
        return items
