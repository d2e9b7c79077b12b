"""The codec of tags: one tag for each word of the source, separated by spaces ⇄ their ids."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from seqloom.codecs.base import AnswerKind
from seqloom.codecs.labels import Labels
from seqloom.errors import ModelFolderError
from seqloom.tag_scheme import OUTSIDE, Legal, Scheme, legal, scheme_of
from seqloom.text.splitting import words_of


@dataclass(frozen=True)
class TagsCodec(Labels):
    """A tag for each word: a target is as many tags as its source has words, with white space between them.

    `strict` says that answers keep to the scheme of the tags (`seqloom.tag_scheme`), because all training targets do.
    """

    strict: bool = False

    kind: ClassVar[Literal["tags"]] = "tags"
    answer: ClassVar[AnswerKind] = "tags"
    noun: ClassVar[str] = "tags"

    @property
    def scheme(self) -> Scheme:
        """The scheme that the tags have."""
        return scheme_of(self.labels)

    @property
    def legal(self) -> Legal | None:
        """Which tags may follow which in an answer; None where any may."""
        return legal(self.labels, self.scheme) if self.strict and self.scheme != "none" else None

    @property
    def outside(self) -> str:
        """The tag of words that no network was asked about: that of words outside of all spans, or the first one."""
        return OUTSIDE if OUTSIDE in self.labels else self.labels[0]

    def parts(self, text: str) -> tuple[str, ...]:
        """The tags of a target."""
        return tuple(words_of(text))

    def written(self, labels: Iterable[str]) -> str:
        """The tags with a space between them."""
        return " ".join(labels)

    def to_values(self) -> dict[str, Any]:
        """Plain values for the codec's file."""
        return {**super().to_values(), "strict": self.strict}

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The codec in the text of such a file."""
        found = super().from_json(text)
        if any(words_of(tag) != [tag] for tag in found.labels) or not isinstance(found.strict, bool):
            raise ModelFolderError("tags must be words without white space, and strict must be true or false")
        return found
