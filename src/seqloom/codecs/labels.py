"""The codecs of labels: a label ⇄ one id, and several labels at once, written as a list ⇄ their ids."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self

from seqloom.codecs.base import AnswerKind, ListedCodec
from seqloom.errors import ModelFolderError
from seqloom.text.special import SPECIAL_TOKENS, UNK

FORMAT = 1
FIRST = len(SPECIAL_TOKENS)
"""The id of the first label; below it are the special ids, of which labels use that of the unknown one."""


@dataclass(frozen=True)
class Labels(ListedCodec):
    """What the codecs of one label and of several have in common: a list of labels, whose ids follow its order.

    White space around a label does not count. A label that is not in the list has the id of the unknown symbol.
    """

    labels: tuple[str, ...]

    stem: ClassVar[str] = "labels"
    noun: ClassVar[str] = "labels"

    @property
    def size(self) -> int:
        """The special ids and one for each label."""
        return FIRST + len(self.labels)

    @property
    def content(self) -> tuple[str, ...]:
        """The labels."""
        return self.labels

    @property
    def lists(self) -> Mapping[str, tuple[str, ...]]:
        """The labels."""
        return {self.noun: self.labels}

    def parts(self, text: str) -> tuple[str, ...]:
        """The labels that a target names."""
        return (text.strip(),)

    def written(self, labels: Iterable[str]) -> str:
        """The text of an answer with these labels."""
        return "".join(labels)

    def canonical(self, text: str) -> str:
        """The one form in which a target is compared with an answer."""
        return self.written(self.parts(text))

    def encode(self, values: Sequence[str], *, sample: bool = False, seed: int | None = None) -> list[list[int]]:
        """The ids of the labels of each target; nothing is drawn at random."""
        del sample, seed
        places = {label: FIRST + place for place, label in enumerate(self.labels)}
        return [[places.get(label, UNK) for label in self.parts(text)] for text in values]

    def decode(self, encoded: Sequence[Sequence[int]]) -> list[str]:
        """The text of each list of ids; special ids leave no trace."""
        return [self.written(self.labels[each - FIRST] for each in ids if each >= FIRST) for ids in encoded]

    def unwritable(self, text: str, ids: Sequence[int]) -> tuple[str, ...]:
        """The labels of a target that are not in the list, each once."""
        named = zip(self.parts(text), ids, strict=True)
        return tuple(dict.fromkeys(label for label, each in named if each == UNK))

    def to_values(self) -> dict[str, Any]:
        """Plain values for the codec's file."""
        return {"format": FORMAT, "labels": list(self.labels)}

    def to_json(self) -> str:
        """The text of `labels.target.json`."""
        return json.dumps(self.to_values(), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The codec in the text of such a file."""
        try:
            values = json.loads(text)
            known = values.pop("format") == FORMAT and isinstance(values["labels"], list)
            found = cls(**{**values, "labels": tuple(values["labels"])})
        except (ValueError, KeyError, TypeError, AttributeError):
            known = False
        if not known:
            raise ModelFolderError(f"labels must be JSON of the format {FORMAT}, with a list of labels")
        if len(set(found.labels)) < max(2, len(found.labels)) or not all(
            isinstance(each, str) for each in found.labels
        ):
            raise ModelFolderError("labels must be at least two different texts")
        return found

    def joined_by(self, new: Iterable[str]) -> Self:
        """The same codec with the labels among `new` that it lacks added behind its own."""
        values = {**vars(self), "labels": tuple(dict.fromkeys((*self.labels, *new)))}
        return type(self)(**values)

    def origins(self, old: Labels) -> list[int]:
        """For each label the place of the same label in `old`, or -1 if it is new."""
        places = {label: place for place, label in enumerate(old.labels)}
        return [places.get(label, -1) for label in self.labels]


@dataclass(frozen=True)
class LabelCodec(Labels):
    """One label out of many: a target is the label, whatever characters it has."""

    kind: ClassVar[Literal["label"]] = "label"
    answer: ClassVar[AnswerKind] = "label"


@dataclass(frozen=True)
class LabelsCodec(Labels):
    """Several labels at once: a target is a list of labels with a separator between them, in any order.

    Answers name them in the order of `labels`. White space around the separator does not count.
    """

    separator: str = ", "

    kind: ClassVar[Literal["labels"]] = "labels"
    answer: ClassVar[AnswerKind] = "labels"

    def parts(self, text: str) -> tuple[str, ...]:
        """The labels that a target names, each once."""
        cut = text.split(self.separator.strip() or self.separator)
        return tuple(dict.fromkeys(part.strip() for part in cut if part.strip()))

    def written(self, labels: Iterable[str]) -> str:
        """The labels in the order of the codec's list, those that it lacks last, with the separator between them."""
        places = {label: place for place, label in enumerate(self.labels)}
        return self.separator.join(sorted(labels, key=lambda label: (places.get(label, len(places)), label)))

    def to_values(self) -> dict[str, Any]:
        """Plain values for the codec's file."""
        return {**super().to_values(), "separator": self.separator}
