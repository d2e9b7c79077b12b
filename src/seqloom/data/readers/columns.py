"""Find the columns that hold the source, the target, references and tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin
from seqloom.data.readers.header import LABELS, SOURCES, TARGETS, counts_rows, known_name, turned
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError, suggestion
from seqloom.tag_scheme import MARK, frame_text


@dataclass(frozen=True)
class Columns:
    """Indices, from 0, of the columns that are read; `target` is None for inputs to predict from."""

    source: int
    target: int | None
    references: tuple[int, ...] = ()
    tags: int | None = None
    label: int | None = None

    @property
    def places(self) -> tuple[tuple[str, int], ...]:
        """The role and the number, from 1, of each column that is read."""
        wanted = [("source", self.source), ("target", self.target), ("label", self.label), ("tags", self.tags)]
        wanted += [(f"reference {number}", place) for number, place in enumerate(self.references, start=1)]
        return tuple((name, place + 1) for name, place in wanted if place is not None)

    @cached_property
    def needed(self) -> int:
        """Number of cells that a row must have at least."""
        return max(number for _, number in self.places)


def find_columns(header: Sequence[str] | None, config: DataConfig, where: str, *, target: bool = True) -> Columns:
    """Find the configured columns; raises `DataError` for a name that is not in the header, and for two roles in one
    column.

    If no column is configured, the following are tried in order:

    - the columns called `source` and `target`
    - of three or more columns, the only ones with usual names of a source and a target, such as `text` and `label`;
      where the first column is a label, such as `class` before `before` and `after`, the other one is the target
    - of two columns, the second as source and the first as target if their names say so, such as `label` and `text`
    - the first and the second column, not counting columns that number the rows
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
            hint = f"{suggestion(name, header)}; a number, from 1, names a column, too"
            raise DataError(f"there is no column {name!r}", where=where, hint=hint)
        return header.index(name)

    found = Columns(
        place(config.source, "source", 0),
        place(config.target, "target", 1) if target else None,
        tuple(place(name, "", 0) for name in config.references) if target else (),
        place(config.tags, "", 0) if config.tags_needed or has_tags(header, config) else None,
        place(config.label, "", 0) if target and config.label else None,
    )
    _check_apart(found, config, where)
    return found


def _check_apart(found: Columns, config: DataConfig, where: str) -> None:
    """Raise a `DataError` where two roles have one column without anybody having said so, or where the model would read
    what it has to answer."""
    if found.target is None:
        return
    given = {"source": config.source, "target": config.target, "tags": config.tags, "label": config.label}
    places = [("source", found.source), ("target", found.target), ("label", found.label), ("tags", found.tags)]
    for (one, first), (two, second) in combinations(places, 2):
        if first is None or first != second:
            continue
        unsaid = next((role for role in (one, two) if not given[role]), "")
        if unsaid or ("target" in (one, two) and (one, two) != ("source", "target")):
            raise DataError(
                f"{one} and {two} must be different columns, and both are column {first + 1}",
                where=where,
                hint=f"data.{unsaid or two} names the column of the {unsaid or two}",
            )


def has_tags(header: Sequence[str] | None, config: DataConfig) -> bool:
    """Whether a table has the column of tags: it is configured by number, or its name is in the header."""
    return config.tags.isdecimal() or (bool(config.tags) and header is not None and config.tags in header)


def _usual_places(header: Sequence[str], config: DataConfig) -> dict[str, int]:
    """Indices of source and target by their usual names, or of the first two columns that do not number rows."""
    if config.source or config.target:
        return {}
    if len(header) < 3 and not config.label:
        return {"source": 1, "target": 0} if len(header) == 2 and turned(*header) else {}
    texts = [
        place
        for place, cell in enumerate(header)
        if not counts_rows(cell) and cell != config.label and str(place + 1) != config.label
    ]
    sources = [place for place in texts if known_name(header[place], SOURCES)]
    targets = [place for place in texts if known_name(header[place], TARGETS)]
    others = [place for place in targets if not known_name(header[place], LABELS)]
    if len(targets) > len(others) == 1 and texts[0] not in (*sources, *others):
        targets = others
    if len(sources) == len(targets) == 1:
        return {"source": sources[0], "target": targets[0]}
    return dict(zip(("source", "target"), texts, strict=False)) if len(texts) > 1 else {}


def split_tags(text: str, config: DataConfig) -> tuple[str, ...]:
    """Split a cell into its tags."""
    return tuple(tag for part in text.split(config.tag_separator) if (tag := part.strip()))


def labelled(label: str, target: str, origin: Origin, report: ReadReport) -> str | None:
    """The text of a frame, of its label and a target with its tags; None if it was refused and skipped."""
    if not label.strip() or MARK in label:
        report.refuse(origin, f"the label must not be empty or have a colon with a space behind it, and is {label!r}")
        return None
    if not target.strip():
        report.refuse(origin, "the target must not be empty")
        return None
    return frame_text(label.strip(), target)


def checked(example: Example, report: ReadReport) -> Example | None:
    """Refuse an example with an empty side or invalid Unicode; returns it if it is good, None if it was skipped."""
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
