"""The codec of a text that is written as one short string for each symbol of its source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import ClassVar, Literal, Self

from seqloom.codecs.base import AnswerKind, ListedCodec
from seqloom.codecs.labels import FIRST
from seqloom.codecs.symbols import symbols_of
from seqloom.errors import ModelFolderError
from seqloom.text.special import UNK
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.unknown import without_ids
from seqloom.transduction import Aligner

FORMAT = 1


@dataclass(frozen=True)
class TransductionCodec(ListedCodec):
    """A text, cut into the parts that the symbols of its source stand for; the network writes the number of each part.

    `aligner` cuts a target along its source. `tokenizer` makes the symbols of parts out of texts. A target that cannot
    be cut, because it is too long for its source or has symbols or strings that no training pair had, is encoded as
    unknown symbols alone, which no loss counts.
    """

    tokenizer: Tokenizer
    aligner: Aligner

    kind: ClassVar[Literal["transduction"]] = "transduction"
    stem: ClassVar[str] = "transduction"
    answer: ClassVar[AnswerKind] = "transduction"
    noun: ClassVar[str] = "target strings"

    @property
    def size(self) -> int:
        """The special ids and one for each string."""
        return FIRST + len(self.aligner.parts)

    @property
    def content(self) -> Aligner:
        """The aligner."""
        return self.aligner

    @cached_property
    def strings(self) -> tuple[str, ...]:
        """What each string is, in the order of its ids, with spaces between its symbols."""
        return tuple(" ".join(self.tokenizer.tokens(part)) for part in self.aligner.parts)

    @property
    def lists(self) -> Mapping[str, tuple[str, ...]]:
        """The strings."""
        return {self.noun: self.strings}

    def encode(self, values: Sequence[str], *, sample: bool = False, seed: int | None = None) -> list[list[int]]:
        """Refused with a `TypeError`: a target is cut along its source, see `encode_beside`."""
        del values, sample, seed
        raise TypeError("a target of a transduction is encoded beside its source")

    def encode_beside(
        self, sources: Sequence[Sequence[int]], values: Sequence[str], *, sample: bool = False, seed: int | None = None
    ) -> list[list[int]]:
        """The ids of the strings of each target, one for each symbol of its source, whose ids have marks."""
        del sample, seed
        units = [symbols_of(ids) for ids in sources]
        places = {part: FIRST + place for place, part in enumerate(self.aligner.parts)}
        cuts = self.aligner.aligned(list(zip(units, self.tokenizer.encode(values), strict=True)))
        return [
            [UNK] * len(own) if cut is None else [places[part] for part in cut]
            for own, cut in zip(units, cuts, strict=True)
        ]

    def decode(self, encoded: Sequence[Sequence[int]]) -> list[str]:
        """The text that the strings of each list of ids make together; special ids leave no trace."""
        parts = self.aligner.parts
        return self.tokenizer.decode(
            [list(chain.from_iterable(parts[each - FIRST] for each in ids if each >= FIRST)) for ids in encoded]
        )

    def canonical(self, text: str) -> str:
        """The one form in which a target is compared with an answer: the text as it is."""
        return text

    def unwritable(self, text: str, ids: Sequence[int]) -> tuple[str, ...]:
        """The symbols of a target that cannot be cut for which there are no ids, each once; the text if all have."""
        if UNK not in ids:
            return ()
        (own,) = self.tokenizer.encode([text])
        return tuple(without_ids(self.tokenizer, text, own)) or (text,)

    def to_json(self) -> str:
        """The text of `transduction.target.json`."""
        parts = {part: place for place, part in enumerate(self.aligner.parts)}
        items = [[symbol, parts[part], value] for (symbol, part), value in sorted(self.aligner.log_probs.items())]
        values = {
            "format": FORMAT,
            "tokenizer": json.loads(self.tokenizer.to_json()),
            "longest": self.aligner.longest,
            "ends": self.aligner.ends,
            "strings": [list(part) for part in self.aligner.parts],
            "items": items,
        }
        return json.dumps(values, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The codec in the text of such a file."""
        try:
            values = json.loads(text)
            known = values["format"] == FORMAT
            strings = [tuple(map(int, each)) for each in values["strings"]]
            log_probs = {(int(symbol), strings[place]): float(value) for symbol, place, value in values["items"]}
            found = Aligner(log_probs, int(values["longest"]), int(values["ends"]))
            tokenizer = Tokenizer.from_json(json.dumps(values["tokenizer"]))
        except (ValueError, KeyError, TypeError, IndexError):
            known = False
        if not known or list(found.parts) != strings or any(not 0 <= each < tokenizer.size for each in chain(*strings)):
            raise ModelFolderError(f"a transduction must be JSON of the format {FORMAT}, with strings and their items")
        return cls(tokenizer, found)
