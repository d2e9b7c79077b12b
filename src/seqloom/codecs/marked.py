"""What the codecs of texts whose parts are told apart have in common: a begin mark before each part."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from seqloom.codecs.text import TextCodec
from seqloom.errors import ConfigError


@dataclass(frozen=True)
class MarkedCodec(TextCodec):
    """Text as ids with a begin mark before each part, by which the network finds the parts."""

    in_order: ClassVar[str]
    """What is said of the parts' order where a text is to be read from its end."""

    def turned(self, reverse: bool) -> Self:
        """The same codec; refuses to read from the end with a `ConfigError`."""
        if reverse:
            raise ConfigError(
                f"data.reverse_source is of models that write sequences; {self.in_order}", hint="leave it out"
            )
        return self

    def encode(
        self,
        values: Sequence[str],
        tags: Sequence[Sequence[str]] = (),
        *,
        sample: bool = False,
        seed: int | None = None,
    ) -> list[list[int]]:
        """The ids of each text: those of its `tags`, then its parts with their marks.

        With `sample`, a tokenizer with dropout draws pieces at random, from `seed`.
        """
        made = self.marked(values, sample=sample, seed=seed)
        if any(tags):
            made = [self.tokenizer.tag_ids(own) + ids for own, ids in zip(tags, made, strict=True)]
        return made

    @abstractmethod
    def marked(self, values: Sequence[str], *, sample: bool, seed: int | None) -> list[list[int]]:
        """The ids of each text's parts, with their marks."""
