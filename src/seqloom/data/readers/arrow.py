"""Parquet and Arrow tables, read in record batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seqloom.data.config import DataConfig
from seqloom.data.examples import Origin
from seqloom.data.readers.columns import find_columns
from seqloom.data.readers.lines import STDIN, opened
from seqloom.errors import DataError

ROWS = 10_000


def table_records(
    entry: str, config: DataConfig, *, parquet: bool, target: bool = True
) -> Iterator[tuple[Origin, dict[str, Any]]]:
    """The wanted cells of each row, under the names that `tables.named` gives the columns."""
    kind = "a Parquet file" if parquet else "an Arrow file"
    with opened(entry) as stream:
        try:
            names, batches = _parquet(_random_access(entry, stream)) if parquet else _arrow(_mapped(entry, stream))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise _unreadable(kind, error, entry) from None
        columns = find_columns(names, config, entry, target=target)
        if columns.needed > len(names):
            raise DataError(f"must have {columns.needed} columns, not {len(names)}", where=entry)
        wanted = {"source": columns.source, "target": columns.target, "tags": columns.tags}
        places = {name: place for name, place in wanted.items() if place is not None}
        places |= {f"reference {number}": place for number, place in enumerate(columns.references)}
        number = 0
        try:
            for batch in batches([names[place] for place in places.values()]):
                batch.validate(full=True)  # damaged offsets would be followed out of the memory
                cells = {name: batch.column(names[place]).to_pylist() for name, place in places.items()}
                for index in range(batch.num_rows):
                    number += 1
                    yield Origin(entry, number), {name: values[index] for name, values in cells.items()}
        except (pa.ArrowException, UnicodeDecodeError, KeyError) as error:
            raise _unreadable(kind, error, entry) from None


def _random_access(entry: str, stream: Any) -> Any:
    return pa.BufferReader(stream.read()) if entry.endswith(".gz") else pa.PythonFile(stream, "r")


def _mapped(entry: str, stream: Any) -> Any:
    """The bytes of an Arrow file, of which only the pages that are read come into memory."""
    return pa.BufferReader(stream.read()) if entry.endswith(".gz") or entry == STDIN else pa.memory_map(entry)


Batches = Callable[[list[str]], Iterator[Any]]


def _parquet(source: Any) -> tuple[list[str], Batches]:
    table = pq.ParquetFile(source)
    return list(table.schema_arrow.names), lambda names: table.iter_batches(batch_size=ROWS, columns=names)


def _arrow(source: Any) -> tuple[list[str], Batches]:
    try:
        table = pa.ipc.open_file(source)
        return list(table.schema.names), lambda _: (table.get_batch(i) for i in range(table.num_record_batches))
    except pa.ArrowInvalid:
        source.seek(0)
        stream = pa.ipc.open_stream(source)
        return list(stream.schema.names), lambda _: iter(stream)


def _unreadable(kind: str, error: Exception, entry: str) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return DataError(f"must be {kind}: {reason[:1].lower() + reason[1:]}", where=entry)
