"""The codec of frames: a label for the whole source and a tag for each of its words ⇄ their ids.

A frame is what an assistant understands of a request: its intent, with the slots that the tags mark. Its text is
`label: tags`, such as `PlayMusic: O B-song I-song`; the first colon with a space behind it ends the label.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from seqloom.codecs.base import AnswerKind, ListedCodec
from seqloom.codecs.labels import FIRST, LabelCodec
from seqloom.codecs.tags import TagsCodec
from seqloom.errors import ModelFolderError
from seqloom.tag_scheme import frame_parts, frame_text
from seqloom.text.special import UNK


@dataclass(frozen=True)
class FrameCodec(ListedCodec):
    """A label and a tag for each word. The ids of a frame are that of its label and then those of the tags.

    The ids of tags come first in the vocabulary, as those of a `TagsCodec` alone, and those of labels behind them. A
    label or tag that is not in the lists has the id of the unknown symbol.
    """

    label: LabelCodec
    tags: TagsCodec

    kind: ClassVar[Literal["frame"]] = "frame"
    stem: ClassVar[str] = "frame"
    answer: ClassVar[AnswerKind] = "frame"
    noun: ClassVar[str] = "labels and tags"

    @property
    def size(self) -> int:
        """The special ids, and one for each tag and each label."""
        return FIRST + len(self.tags.labels) + len(self.label.labels)

    @property
    def content(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The labels and the tags."""
        return self.label.labels, self.tags.labels

    @property
    def lists(self) -> Mapping[str, tuple[str, ...]]:
        """The labels and the tags."""
        return {**self.label.lists, **self.tags.lists}

    def canonical(self, text: str) -> str:
        """The one form in which a target is compared with an answer."""
        label, tags = frame_parts(text)
        return frame_text(self.label.canonical(label), self.tags.canonical(tags))

    def encode(self, values: Sequence[str], *, sample: bool = False, seed: int | None = None) -> list[list[int]]:
        """The ids of each frame; nothing is drawn at random."""
        del sample, seed
        parts = [frame_parts(text) for text in values]
        labels = self.label.encode([label for label, _ in parts])
        tags = self.tags.encode([own for _, own in parts])
        behind = len(self.tags.labels)
        return [[label if label == UNK else label + behind, *own] for (label,), own in zip(labels, tags, strict=True)]

    def decode(self, encoded: Sequence[Sequence[int]]) -> list[str]:
        """The text of each list of ids; special ids leave no trace."""
        behind = FIRST + len(self.tags.labels)
        labels = self.label.decode([[each - behind + FIRST for each in ids if each >= behind] for ids in encoded])
        tags = self.tags.decode([[each for each in ids if each < behind] for ids in encoded])
        return [frame_text(*each) for each in zip(labels, tags, strict=True)]

    def unwritable(self, text: str, ids: Sequence[int]) -> tuple[str, ...]:
        """The label and the tags of a target that are not in the lists, each once."""
        label, tags = frame_parts(text)
        return (*self.label.unwritable(label, ids[:1]), *self.tags.unwritable(tags, ids[1:]))

    def to_json(self) -> str:
        """The text of `frame.target.json`."""
        values = {"label": self.label.to_values(), "tags": self.tags.to_values()}
        return json.dumps(values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The codec in the text of such a file."""
        try:
            values = json.loads(text)
            parts = json.dumps(values["label"]), json.dumps(values["tags"])
        except (ValueError, KeyError, TypeError):
            raise ModelFolderError("a frame must be JSON with the labels and the tags") from None
        return cls(LabelCodec.from_json(parts[0]), TagsCodec.from_json(parts[1]))
