"""Tables and records given in Python, as examples: data frames, Arrow tables, data sets of Hugging Face, and dicts.

A table hands over its columns by Arrow's C stream (`__arrow_c_stream__`), as the frames of pandas and polars and the
tables of pyarrow and DuckDB do. A record is a mapping of column names to values; lists of dicts and the data sets of
Hugging Face are collections of records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from seqloom.data.config import DataConfig
from seqloom.data.examples import Origin
from seqloom.data.readers.columns import Columns
from seqloom.data.readers.header import SOURCES, TARGETS, counts_rows, known_name
from seqloom.data.readers.jsonl import record_example
from seqloom.data.readers.report import ReadReport, Table
from seqloom.errors import DataError, missing_package, suggestion

Record = Mapping[str, Any]


def is_table(given: Any) -> bool:
    """Whether a value hands over columns by Arrow's C stream; a single column, such as a `Series`, is no table."""
    names = ("columns", "column_names", "schema")
    return hasattr(given, "__arrow_c_stream__") and any(hasattr(given, name) for name in names)


def rows_as_examples(given: Any, config: DataConfig, report: ReadReport, name: str) -> Iterator[Any]:
    """The items of a collection, in which each row of a table and each record has become an example.

    Items that are no records are handed on as they are. The columns are found once, by the settings `data.source`,
    `data.target` and `data.tags` or by their usual names, and noted in the report. Raises a `DataError` for a table
    whose columns can be taken in several ways.
    """
    rows = _of_table(given, name) if is_table(given) else _named(given)
    inner: DataConfig | None = None
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            yield row
            continue
        if inner is None:
            names = tuple(map(str, row))
            columns = find_columns(names, config, name)
            report.add_table(Table.of("table", "", names, columns.places, len(names)), name)
            inner = config.replace(
                source=names[columns.source],
                target=names[columns.target or 0],
                references=tuple(names[place] for place in columns.references),
                tags="" if columns.tags is None else names[columns.tags],
                label="" if columns.label is None else names[columns.label],
            )
        plain = {str(key): value.item() if isinstance(value, np.generic) else value for key, value in row.items()}
        example = record_example(plain, inner, Origin(name, number), report)
        if example is not None:
            report.examples -= 1  # it is counted where the examples are checked like all others
            yield example


def find_columns(names: Sequence[str], config: DataConfig, where: str) -> Columns:
    """Find the columns of a table given in Python; raises a `DataError` that lists them where it is not clear which.

    What the settings do not name are the columns `source` and `target`, the only ones with a usual name of a source or
    a target, or the ones that are left where there is just one for each side.
    """
    has = f"it has the columns {', '.join(map(repr, names))}"

    def place(name: str) -> int:
        if name in names:
            return names.index(name)
        if name.isdecimal() and 0 < int(name) <= len(names):
            return int(name) - 1
        raise DataError(f"there is no column {name!r}; {has}", where=where, hint=suggestion(name, names))

    tags = place(config.tags) if config.tags and (config.tags_needed or config.tags in names) else None
    references = tuple(map(place, config.references))
    found = {role: place(name) for role in ("source", "target") if (name := getattr(config, role))}
    label = place(config.label) if config.label else None
    taken = {*found.values(), *references, tags, label}
    free = [each for each in range(len(names)) if each not in taken and not counts_rows(names[each])]
    for role, known in (("source", SOURCES), ("target", TARGETS)):
        usual = [each for each in free if known_name(names[each], known) and each not in found.values()]
        exact = [each for each in usual if names[each] == role]
        if role not in found and len(exact or usual) == 1:
            found[role] = (exact or usual)[0]
    missing = [role for role in ("source", "target") if role not in found]
    left = [each for each in free if each not in found.values()]
    if len(missing) != len(left) and missing:
        raise DataError(
            f"it is not clear which columns hold {' and '.join(missing)}; {has}",
            where=where,
            hint='name them: source="…", target="…" (data.source, data.target)',
        )
    found |= dict(zip(missing, left, strict=False))
    return Columns(found["source"], found["target"], references, tags, label)


def _of_table(given: Any, where: str) -> Iterator[Record]:
    """The rows of a table."""
    try:
        arrow = import_module("seqloom.data.readers.arrow")
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise missing_package("pyarrow", "train", "reading a table") from None
    rows: Iterator[Record] = arrow.rows_given(given, where)
    return rows


def _named(given: Iterable[Any]) -> Iterator[Any]:
    """The items of a collection; labels that a data set of Hugging Face numbers have their names."""
    features = getattr(given, "features", None)
    classes = {
        name: feature
        for name, feature in (features.items() if isinstance(features, Mapping) else ())
        if hasattr(feature, "int2str")
    }
    if not classes:
        yield from given
        return
    for record in given:
        labels = {name: record.get(name) for name in classes}
        yield {
            **record,
            **{
                name: classes[name].int2str(label) if isinstance(label, int) and label >= 0 else None
                for name, label in labels.items()
                if not isinstance(label, str)
            },
        }
