"""Which cells of a row are the source, the target, references and tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example
from seqloom.data.readers.header import SOURCES, TARGETS, counts_rows, known_name, turned
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError, suggestion


@dataclass(frozen=True)
class Columns:
    """Places from 0 of the cells of interest; a `target` of None is not needed."""

    source: int
    target: int | None
    references: tuple[int, ...] = ()
    tags: int | None = None

    @property
    def places(self) -> tuple[tuple[str, int], ...]:
        """What each column that is read is read as, and its place from 1."""
        wanted = [("source", self.source), ("target", self.target), ("tags", self.tags)]
        wanted += [(f"reference {number}", place) for number, place in enumerate(self.references, start=1)]
        return tuple((name, place + 1) for name, place in wanted if place is not None)

    @cached_property
    def needed(self) -> int:
        """How many cells a row must have."""
        return 1 + max(p for p in (self.source, self.target, self.tags, *self.references) if p is not None)


def find_columns(header: Sequence[str] | None, config: DataConfig, where: str, *, target: bool = True) -> Columns:
    """The places of the configured columns; raises `DataError` for a name the header lacks.

    Where none is configured: columns that are called `source` and `target`; of three or more columns, those that alone
    have a usual name of a source and of a target, such as `text` and `label`; of two columns the second and the first
    where their names allow nothing else, such as `label` and `text`; else the first and the second, numbers of rows
    left out.
    """
    usual = _usual_places(header or (), config)

    def place(name: str, default: str, position: int) -> int:
        if name.isdecimal():
            if name == "0":
                raise DataError("columns count from 1, not from 0", where=where)
            return int(name) - 1
        if not name:
            return header.index(default) if header is not None and default in header else usual.get(default, position)
        if header is None:
            raise DataError(f"there is no header to find the column {name!r} in", where=where, hint="number it from 1")
        if name not in header:
            raise DataError(f"there is no column {name!r}", where=where, hint=suggestion(name, header))
        return header.index(name)

    return Columns(
        place(config.source, "source", 0),
        place(config.target, "target", 1) if target else None,
        tuple(place(name, "", 0) for name in config.references) if target else (),
        place(config.tags, "", 0) if config.tags else None,
    )


def _usual_places(header: Sequence[str], config: DataConfig) -> dict[str, int]:
    """The places of source and target by their usual names, or of the first two columns that do not number the rows."""
    if config.source or config.target:
        return {}
    if len(header) < 3:
        return {"source": 1, "target": 0} if len(header) == 2 and turned(*header) else {}
    texts = [place for place, cell in enumerate(header) if not counts_rows(cell)]
    sources = [place for place in texts if known_name(header[place], SOURCES)]
    targets = [place for place in texts if known_name(header[place], TARGETS)]
    if len(sources) == len(targets) == 1:
        return {"source": sources[0], "target": targets[0]}
    return dict(zip(("source", "target"), texts, strict=False)) if len(texts) > 1 else {}


def split_tags(text: str, config: DataConfig) -> tuple[str, ...]:
    """The tags of one cell."""
    return tuple(tag for part in text.split(config.tag_separator) if (tag := part.strip()))


def checked(example: Example, report: ReadReport) -> Example | None:
    """The example if neither side is empty and all of it is valid Unicode."""
    for side, text in (("source", example.source), ("target", example.target)):
        if not text or text.isspace():
            report.refuse(example.origin, f"the {side} must not be empty")
            return None
    try:
        for text in (example.source, example.target, *example.tags, *example.references):
            text.encode("utf-8")
    except UnicodeEncodeError:
        report.refuse(example.origin, "must be valid Unicode, not a lone surrogate")
        return None
    report.examples += 1
    return example
