"""What each column of a table looks like, read or not, by its first rows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice, pairwise
from typing import Any, Literal

from seqloom.data.config import DataConfig
from seqloom.data.readers import ReadReport, expanded, format_of
from seqloom.data.readers.arrow import table_head
from seqloom.data.readers.columns import find_columns
from seqloom.data.readers.file_tags import without_replaced
from seqloom.data.readers.jsonl import json_records
from seqloom.data.readers.layout import table_cells
from seqloom.data.readers.lines import readable_once
from seqloom.text.choice import Traits

ROWS = 2000
"""How many rows are looked at."""
Kind = Literal["empty", "one value", "row numbers", "labels", "numbers", "tags", "symbols", "words", "text"]
NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?")
NUMBERS = re.compile(rf"\s*{NUMBER.pattern}(?:[\s,;]+{NUMBER.pattern})*\s*")
SEPARATORS = ";|,+"
"""What may stand between the tags in a cell, the most usual first."""
NEARLY = 0.95
"""The share of the cells that must be of a kind for the column to be so."""
ATOMS = 300
"""The largest number of different tags; each must occur five times on average."""


@dataclass(frozen=True)
class Column:
    """A column of a table, by its first rows.

    `place` counts from 1; `name` is empty without a header. `role` is what the column is read as, empty if it is not
    read. `empty` counts the cells of the `rows` that hold nothing, `distinct` the different ones of the others.
    `separator` stands between tags, if there are any. `sample` is the first cell that is not empty. `by_name` says that
    settings name the column, not its place, and `chosen` that settings name the columns that are read.
    """

    place: int
    name: str
    role: str
    kind: Kind
    rows: int
    empty: int
    distinct: int
    separator: str
    sample: str
    by_name: bool = False
    chosen: bool = False

    @property
    def setting(self) -> str:
        """How a setting such as `data.tags` names the column."""
        return self.name if self.by_name else str(self.place)

    @property
    def called(self) -> str:
        """The column in a sentence."""
        shown = f" ({self.name})" if self.name else ""
        return f"the field {self.name!r}" if self.by_name else f"column {self.place}{shown}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {name: value for name, value in asdict(self).items() if name not in ("by_name", "chosen")}


def columns_of(entry: str, config: DataConfig) -> tuple[Column, ...]:
    """The columns of the first file of an entry, if it is a table or JSON; none for other formats and for pipes.

    Raises `DataError` as reading the file does.
    """
    config = without_replaced(config)
    shard = entry if readable_once(entry) else next(iter(expanded(entry, config)))
    kind = format_of(shard, config)
    if readable_once(shard) or kind not in TABLES:
        return ()
    chosen = bool(config.source or config.target)
    return tuple(replace(each, chosen=chosen) for each in TABLES[kind](shard, config))


def looks_like(cells: Sequence[str]) -> tuple[Kind, str]:
    """What the cells of a column are, and what stands between tags if they are tags."""
    filled = [stripped for cell in cells if (stripped := cell.strip())]
    separator = _separator(filled)
    traits = Traits.of(filled)
    kinds: tuple[tuple[Kind, bool], ...] = (
        ("empty", not filled),
        ("one value", len(filled) > 1 and len({*filled}) == 1),
        ("row numbers", _count_up(filled)),
        ("tags", bool(separator)),
        ("labels", traits.labels),
        ("numbers", sum(NUMBERS.fullmatch(cell) is not None for cell in filled) >= NEARLY * len(filled)),
        ("symbols", traits.closed),
        ("words", traits.wordlike),
    )
    kind: Kind = next((kind for kind, holds in kinds if holds), "text")
    return kind, separator if kind == "tags" else ""


def _columns(path: str, config: DataConfig, *, comma: bool = False) -> tuple[Column, ...]:
    report = ReadReport("skip")
    cells = table_cells(path, config, report, comma=comma)
    rows = [row for _, row in islice(cells.rows, ROWS) if row is not None and any(row)]
    header = next((table.header for table in report.tables), ())
    roles = {place: role for role, place in cells.columns.places}
    width = max([cells.width, *map(len, rows)], default=0)
    usual = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    columns = zip(*(row for row in rows if len(row) == usual), strict=True)
    found = (
        _column(place, header[place - 1] if place <= len(header) else "", roles.get(place, ""), values)
        for place, values in enumerate(columns, start=1)
    )
    return tuple(found) if width else ()


def _fields(path: str, config: DataConfig) -> tuple[Column, ...]:
    records = [
        record for _, record in islice(json_records(path, config, ReadReport("skip")), ROWS) if record is not None
    ]
    roles = {config.source or "source": "source", config.target or "target": "target"}
    roles |= {config.tags: "tags"} if config.tags else {}
    roles |= {config.label: "label"} if config.label else {}
    roles |= {name: f"reference {number}" for number, name in enumerate(config.references, start=1)}
    names = dict.fromkeys(name for record in records for name in record)
    return tuple(
        _column(place, name, roles.get(name, ""), [_text(record.get(name)) for record in records], by_name=True)
        for place, name in enumerate(names, start=1)
    )


def _arrow_columns(path: str, config: DataConfig, *, parquet: bool = False) -> tuple[Column, ...]:
    """The columns of a Parquet or Arrow table."""
    head = table_head(path, parquet=parquet, rows=ROWS)
    roles = {place: role for role, place in find_columns([*head], config, path).places}
    return tuple(
        replace(_column(place, name, roles.get(place, ""), [_text(cell) for cell in cells]), by_name=True)
        for place, (name, cells) in enumerate(head.items(), start=1)
    )


TABLES: Mapping[str, Callable[[str, DataConfig], tuple[Column, ...]]] = {
    "tsv": _columns,
    "csv": partial(_columns, comma=True),
    "jsonl": _fields,
    "arrow": _arrow_columns,
    "parquet": partial(_arrow_columns, parquet=True),
}
"""How the columns of each format are found."""


def _column(place: int, name: str, role: str, cells: Sequence[str], *, by_name: bool = False) -> Column:
    kind, separator = looks_like(cells)
    filled = [cell for cell in cells if cell.strip()]
    return Column(
        place=place,
        name=name,
        role=role,
        kind=kind,
        rows=len(cells),
        empty=len(cells) - len(filled),
        distinct=len({*filled}),
        separator=separator,
        sample=filled[0] if filled else "",
        by_name=by_name,
    )


def _text(value: Any) -> str:
    """A field of a JSON object as the text of a cell; of a list the first one."""
    if isinstance(value, list):
        return _text(value[0]) if value else ""
    return "" if value is None else str(value)


def _count_up(cells: Sequence[str]) -> bool:
    """Whether nearly every cell is the number after the one before."""
    if len(cells) < 3 or not all(cell.isascii() and cell.isdigit() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    steps = sum(second - first == 1 for first, second in pairwise(numbers))
    return steps >= NEARLY * (len(numbers) - 1)


def _separator(cells: Sequence[str]) -> str:
    """What stands between tags, if the cells are tags such as `V;PST;3;SG`: most have several, which are few different
    ones, and no spaces; empty otherwise."""
    if sum(" " in cell for cell in cells) > (1 - NEARLY) * len(cells):
        return ""
    for separator in _by_frequency(cells):
        atoms = Counter(atom for cell in cells for atom in cell.split(separator) if atom)
        named = sum(count for atom, count in atoms.items() if not NUMBERS.fullmatch(atom))
        if len(atoms) <= ATOMS and atoms.total() >= 5 * len(atoms) and 2 * named > atoms.total():
            return separator
    return ""


def _by_frequency(cells: Sequence[str]) -> Iterator[str]:
    """The separators that at least half of the cells have, those of the most cells first."""
    having = {each: sum(each in cell for cell in cells) for each in SEPARATORS}
    yield from sorted((each for each in SEPARATORS if 2 * having[each] >= len(cells)), key=lambda each: -having[each])
