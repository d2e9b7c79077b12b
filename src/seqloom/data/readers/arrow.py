"""Read Parquet and Arrow tables, one record batch at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seqloom.data.config import DataConfig
from seqloom.data.examples import Origin
from seqloom.data.readers.columns import find_columns
from seqloom.data.readers.jsonl import NUMBERS
from seqloom.data.readers.lines import STDIN, display_name, opened
from seqloom.data.readers.report import ReadReport, Table
from seqloom.errors import DataError

ROWS = 10_000
INDEX = re.compile(r"__index_level_\d+__")
"""The names that pandas gives to an index without a name."""
BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)


def table_records(
    entry: str, config: DataConfig, report: ReadReport, *, parquet: bool, target: bool = True
) -> Iterator[tuple[Origin, dict[str, Any]]]:
    """The cells of the wanted columns in each row, under the names that `tables.named` uses."""
    kind = "a Parquet file" if parquet else "an Arrow file"
    with opened(entry) as stream:
        try:
            schema, batches = _parquet(_random_access(entry, stream)) if parquet else _arrow(_mapped(entry, stream))
            names = list(schema.names)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(kind, error, entry) from None
        columns = find_columns(names, config, entry, target=target)
        if columns.needed > len(names):
            raise DataError(f"must have {columns.needed} columns, not {len(names)}", where=entry)
        kind_name = "parquet" if parquet else "arrow"
        report.add_table(Table.of(kind_name, "", names, columns.places, len(names)), display_name(entry))
        wanted = {role: getattr(columns, role) for role in ("source", "target", "label", "tags")}
        places = {name: place for name, place in wanted.items() if place is not None}
        places |= {f"reference {number}": place for number, place in enumerate(columns.references)}
        for place in places.values():
            _check_type(schema.field(place), config, entry)
        number = 0
        try:
            for batch in batches([names[place] for place in places.values()]):
                batch.validate(full=True)  # damaged offsets would lead to reads outside the buffer
                cells = {name: batch.column(names[place]).to_pylist() for name, place in places.items()}
                for index in range(batch.num_rows):
                    number += 1
                    yield Origin(entry, number), {name: values[index] for name, values in cells.items()}
        except (pa.ArrowException, UnicodeDecodeError, KeyError) as error:
            raise _unreadable(kind, error, entry) from None


def table_head(entry: str, *, parquet: bool, rows: int) -> dict[str, list[Any]]:
    """The cells of the first rows of each column, by its name; raises `DataError` for a file that cannot be read."""
    with opened(entry) as stream:
        try:
            schema, batches = _parquet(_random_access(entry, stream)) if parquet else _arrow(_mapped(entry, stream))
            names = list(schema.names)
            found: dict[str, list[Any]] = {name: [] for name in names}
            for batch in batches(names):
                batch.validate(full=True)
                for name, cells in found.items():
                    cells.extend(batch.column(name).slice(0, rows - len(cells)).to_pylist())
                if names and len(found[names[0]]) >= rows:
                    break
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            raise _unreadable("a Parquet file" if parquet else "an Arrow file", error, entry) from None
    return found


def _random_access(entry: str, stream: Any) -> Any:
    return pa.BufferReader(stream.read()) if entry.endswith(".gz") else pa.PythonFile(stream, "r")


def _mapped(entry: str, stream: Any) -> Any:
    """The bytes of an Arrow file, memory-mapped where possible, so that only the pages that are read are loaded."""
    return pa.BufferReader(stream.read()) if entry.endswith(".gz") or entry == STDIN else pa.memory_map(entry)


def _check_type(field: pa.Field[Any], config: DataConfig, where: str) -> None:
    """Refuse a column that holds neither text nor, with `data.numbers = "text"`, numbers."""
    held = field.type
    while pa.types.is_dictionary(held) or hasattr(held, "value_field"):
        held = held.value_type
    if pa.types.is_string(held) or pa.types.is_large_string(held) or pa.types.is_string_view(held):
        return
    if pa.types.is_null(held):  # an empty column: its rows are refused one by one
        return
    if pa.types.is_integer(held) or pa.types.is_floating(held):
        if config.numbers == "text":
            return
        what, hint = "numbers", NUMBERS
    elif any(is_bytes(held) for is_bytes in BYTES):
        what, hint = "bytes", "cast it to string before it is written: table.cast(schema) in pyarrow"
    else:
        what, hint = "values", "convert it to string before it is written"
    raise DataError(f"the column {field.name!r} must hold text, not {what} ({field.type})", where=where, hint=hint)


Batches = Callable[[list[str]], Iterator[Any]]


def _parquet(source: Any) -> tuple[Any, Batches]:
    table = pq.ParquetFile(source)
    return table.schema_arrow, lambda names: table.iter_batches(batch_size=ROWS, columns=names)


def _arrow(source: Any) -> tuple[Any, Batches]:
    try:
        table = pa.ipc.open_file(source)
        return table.schema, lambda _: (table.get_batch(i) for i in range(table.num_record_batches))
    except pa.ArrowInvalid:
        source.seek(0)
        stream = pa.ipc.open_stream(source)
        return stream.schema, lambda _: iter(stream)


def _unreadable(kind: str, error: Exception, entry: str) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(f"must be {kind}: {reason[:1].lower() + reason[1:]}", where=entry)


def rows_given(given: Any, where: str) -> Iterator[dict[str, Any]]:
    """The rows of a table that is given in Python and hands over its columns by Arrow's C stream.

    An index without a name, which pandas hands over too, is left out.
    """
    try:
        table = pa.table(given)
    except (pa.ArrowException, TypeError, ValueError) as error:
        reason = ": ".join(str(each) for each in reversed(error.args)) or type(error).__name__
        raise DataError(
            f"cannot be read as a table: {reason}",
            where=where,
            hint='give the two columns alone, as text: data[["source", "target"]].astype(str)',
        ) from None
    names = [name for name in table.column_names if not INDEX.fullmatch(name)]
    for batch in table.select(names).to_batches(max_chunksize=ROWS):
        yield from batch.to_pylist()
