"""The codecs of both sides of a model, and the tables that name all codecs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from seqloom.codecs.base import OF_WORDS, AnswerKind
from seqloom.codecs.files import SIDES, CodecFiles, SideFile, file_name
from seqloom.codecs.frames import FrameCodec
from seqloom.codecs.labels import LabelCodec, LabelsCodec
from seqloom.codecs.symbols import SymbolsCodec
from seqloom.codecs.tags import TagsCodec
from seqloom.codecs.text import TextCodec
from seqloom.codecs.transduction import TransductionCodec
from seqloom.codecs.words import WordsCodec
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.text.tokenizer import Tokenizer

C = TypeVar("C")
SourceCodec = TextCodec
"""A codec that can stand on the source side. A further one joins with `|`; the type checker then names every place
where only text is expected."""
TargetCodec = TextCodec | LabelCodec | LabelsCodec | TagsCodec | FrameCodec | TransductionCodec
"""A codec that can stand on the target side."""
SOURCE_CODECS: Mapping[str, type[SourceCodec]] = {
    "text": TextCodec,
    "words": WordsCodec,
    "symbols": SymbolsCodec,
}
TARGET_CODECS: Mapping[str, type[TargetCodec]] = {
    "text": TextCodec,
    "label": LabelCodec,
    "labels": LabelsCodec,
    "tags": TagsCodec,
    "frame": FrameCodec,
    "transduction": TransductionCodec,
}
CODEC_FILES = frozenset(
    file_name(codec.stem, side) for codec in {*SOURCE_CODECS.values(), *TARGET_CODECS.values()} for side in ("", *SIDES)
)
"""Every name that the file of a codec can have in a folder."""


@dataclass(frozen=True)
class Codecs:
    """How the two sides of a model's pairs are encoded and decoded."""

    source: SourceCodec
    target: TargetCodec

    @staticmethod
    def of_text(
        source: Tokenizer, target: Tokenizer, *, reverse_source: bool = False, reverse_target: bool = False
    ) -> Codecs:
        """Text on both sides; sources may be read, and targets written, from their end."""
        return Codecs(TextCodec(source, reverse_source), TextCodec(target, reverse_target))

    @property
    def answer(self) -> AnswerKind:
        """What the model answers with; the codec of the target side decides it."""
        return self.target.answer

    @property
    def sizes(self) -> dict[str, int]:
        """How many symbols, labels or tags each side has."""
        if isinstance(self.target, TextCodec):
            return {"source symbols": self.source.size, "target symbols": self.target.size}
        return {"source symbols": self.source.size, **{name: len(own) for name, own in self.target.lists.items()}}

    @property
    def described(self) -> str:
        """The sizes in words."""
        return " and ".join(f"{count:,} {name}" for name, count in self.sizes.items())

    @property
    def spoken(self) -> TextCodec | None:
        """The target codec where answers are text that a network writes symbol by symbol; else None."""
        return self.target if isinstance(self.target, TextCodec) else None

    @property
    def writer(self) -> TextCodec:
        """The target codec of a model that writes text; raises a `ConfigError` where answers are labels."""
        if isinstance(self.target, TextCodec):
            return self.target
        raise ConfigError(
            "answers of this model are labels and no text of its own, so that it has no target tokenizer",
            hint="model.codecs.target.labels are the labels",
        )

    def refuse_tags(self, purpose: str, where: str = "") -> None:
        """Raise a `ConfigError` where answers are tags, or a label and tags, which `purpose` is not for."""
        if self.answer in OF_WORDS:
            raise ConfigError(f"{purpose} is not for models that answer with tags", where=where)

    @property
    def samples(self) -> bool:
        """Whether segmentations are drawn anew in every epoch of a training."""
        return self.source.samples or self.target.samples

    @property
    def identity(self) -> list[str]:
        """Texts that together decide how pairs are encoded, to be hashed."""
        return [self.source.to_json(), self.target.to_json(), str(self.reversed)]

    @property
    def reversed(self) -> dict[str, bool]:
        """Which sides go from the end of a text to its beginning, by the names of the settings of `data`."""
        return {"reverse_source": self.source.reverse, "reverse_target": self.target.reverse}

    def turned(self, *, reverse_source: bool, reverse_target: bool) -> Codecs:
        """The same codecs, with sources read and targets written in the order that the settings say."""
        return replace(self, source=self.source.turned(reverse_source), target=self.target.turned(reverse_target))

    def encode_pairs(
        self, sources: Sequence[str], tags: Sequence[Sequence[str]], targets: Sequence[str], seed: int | None = None
    ) -> tuple[list[list[int]], list[list[int]]]:
        """The ids of some pairs' sources, after those of their tags, and of their targets.

        With a `seed`, texts are segmented at random where the tokenizers do that.
        """
        sample = seed is not None
        source_ids = self.source.encode(sources, tags, sample=sample, seed=seed)
        own = None if seed is None else seed + 1
        return source_ids, self.target.encode_beside(source_ids, targets, sample=sample, seed=own)

    @property
    def files(self) -> CodecFiles:
        """The kind of each side's codec, and the name of the file that holds it in a folder."""
        if self.source.content is self.target.content:
            name = file_name(self.source.stem)
            return CodecFiles(SideFile(self.source.kind, name), SideFile(self.target.kind, name))
        names = (file_name(codec.stem, side) for codec, side in zip((self.source, self.target), SIDES, strict=True))
        return CodecFiles(*map(SideFile, (self.source.kind, self.target.kind), names))

    def texts(self) -> dict[str, str]:
        """The files that hold the codecs: name → text."""
        files = self.files
        return {files.source.file: self.source.to_json(), files.target.file: self.target.to_json()}

    @staticmethod
    def from_files(
        files: CodecFiles,
        read: Callable[[str], str],
        *,
        reverse_source: bool,
        reverse_target: bool = False,
        where: str = "",
    ) -> Codecs:
        """The codecs that a folder describes as `files`; `read` gives the text of a file by its name.

        `reverse_source` and `reverse_target` are the run's settings of these names. Raises a `ModelFolderError`, which
        names the folder `where`, for a kind that is not known.
        """
        source_kind = _named(SOURCE_CODECS, files.source.kind, "source", where)
        target_kind = _named(TARGET_CODECS, files.target.kind, "target", where)
        source = source_kind.from_json(read(files.source.file))
        target: TargetCodec = source
        if files.target != files.source:
            target = target_kind.from_json(read(files.target.file))
        return Codecs(source, target).turned(reverse_source=reverse_source, reverse_target=reverse_target)


def _named(table: Mapping[str, C], kind: str, side: str, where: str) -> C:
    if kind not in table:
        raise ModelFolderError(
            f"the {side} codec must be one of {', '.join(table)}, not {kind!r}",
            where=where,
            hint="where a newer version of seqloom has written the folder: pip install --upgrade seqloom",
        )
    return table[kind]
