"""Which codec each side of a model has, and in which file of a folder it lies."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

from seqloom.codecs.text import TextCodec
from seqloom.errors import ModelFolderError

SIDES = ("source", "target")


@dataclass(frozen=True)
class SideFile:
    """The kind of a side's codec, and the name of its file."""

    kind: str
    file: str


@dataclass(frozen=True)
class CodecFiles:
    """What a folder says of the codecs of both sides. Sides that share a codec name the same file."""

    source: SideFile
    target: SideFile

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the files, each once."""
        return tuple(dict.fromkeys((self.source.file, self.target.file)))

    def to_values(self) -> dict[str, dict[str, str]]:
        """Plain values for JSON."""
        return {"source": dict(vars(self.source)), "target": dict(vars(self.target))}

    @staticmethod
    def from_values(values: Any, where: str) -> CodecFiles:
        """What `to_values` gave; raises a `ModelFolderError` for other values."""
        try:
            sides = [SideFile(str(values[side]["kind"]), str(values[side]["file"])) for side in SIDES]
        except (KeyError, TypeError):
            raise ModelFolderError("codecs must name a kind and a file for source and target", where=where) from None
        return CodecFiles(*sides)

    @staticmethod
    def of_earlier(names: Container[str]) -> CodecFiles:
        """The codecs of a folder that an earlier version wrote, when text was the only kind; `names` are its files."""
        shared = file_name(TextCodec.stem)
        source, target = (shared if shared in names else file_name(TextCodec.stem, side) for side in SIDES)
        return CodecFiles(SideFile(TextCodec.kind, source), SideFile(TextCodec.kind, target))


def file_name(stem: str, side: str = "") -> str:
    """The name of a codec's file: that of one side, or without `side` that of both."""
    return f"{stem}.{side}.json" if side else f"{stem}.json"
