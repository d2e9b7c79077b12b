"""Which cells of a row are the source, the target, references and tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError, suggestion


@dataclass(frozen=True)
class Columns:
    """Places from 0 of the cells of interest; a `target` of None is not needed."""

    source: int
    target: int | None
    references: tuple[int, ...] = ()
    tags: int | None = None

    @cached_property
    def needed(self) -> int:
        """How many cells a row must have."""
        return 1 + max(p for p in (self.source, self.target, self.tags, *self.references) if p is not None)


def has_header(first: Sequence[str], config: DataConfig) -> bool:
    """Whether the first row names the columns."""
    if config.header != "auto":
        return config.header == "yes"
    names = [name for name in (config.source, config.target, config.tags, *config.references) if name]
    return any(not name.isdecimal() for name in names) or {"source", "target"} <= set(first)


def find_columns(header: Sequence[str] | None, config: DataConfig, where: str, *, target: bool = True) -> Columns:
    """The places of the configured columns; raises `DataError` for a name the header lacks."""

    def place(name: str, default: str, position: int) -> int:
        if name.isdecimal():
            if name == "0":
                raise DataError("columns count from 1, not from 0", where=where)
            return int(name) - 1
        if not name:
            return header.index(default) if header is not None and default in header else position
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


def split_tags(text: str, config: DataConfig) -> tuple[str, ...]:
    """The tags of one cell."""
    return tuple(tag for part in text.split(config.tag_separator) if (tag := part.strip()))


def table_examples(
    rows: Iterator[tuple[Origin, list[str] | None]], config: DataConfig, report: ReadReport, where: str
) -> Iterator[Example]:
    """Examples of rows of cells that all have as many cells as the first good one."""
    columns: Columns | None = None
    width = 0
    for origin, row in rows:
        if row is None:
            continue
        if columns is None:
            header = row if has_header(row, config) else None
            columns = find_columns(header, config, where)
            if header is not None:
                width = len(header)
                continue
        if len(row) < columns.needed or (width and len(row) != width):
            report.refuse(origin, f"must have {_count(max(width, columns.needed))}, not {_found(row)}")
            continue
        width = len(row)
        example = row_example(row, columns, config, origin, report)
        if example is not None:
            yield example


def row_example(
    row: Sequence[str], columns: Columns, config: DataConfig, origin: Origin, report: ReadReport
) -> Example | None:
    """The example in one row of sufficient width; None where it was refused and skipped."""
    assert columns.target is not None
    tags = () if columns.tags is None else split_tags(row[columns.tags], config)
    references = tuple(row[place] for place in columns.references if row[place].strip())
    return checked(Example(row[columns.source], row[columns.target], origin, tags, references), report)


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


def _count(number: int) -> str:
    return f"{number} column" if number == 1 else f"{number} columns"


def _found(row: Sequence[str]) -> str:
    return "an empty line" if len(row) <= 1 and not "".join(row) else str(len(row))
