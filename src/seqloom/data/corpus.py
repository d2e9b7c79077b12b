"""The encoded corpus: pairs in Arrow record batches, in memory or memory-mapped from a cache file.

The bytes of all record batches are read as one array of int32, `tokens`; a sequence is a start and a length in this
array. A batch is therefore gathered without touching Python objects, whether the bytes are in memory or on disk. A pair
of a mapped corpus takes 28 bytes of memory: two starts, two lengths, and a row number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seqloom.codecs import Codecs
from seqloom.data.examples import Example, Origin
from seqloom.data.readers.report import ReadReport

RowNumbers = NDArray[np.integer[Any]]
ROWS = 10_000
"""Number of pairs in a record batch."""
IDS = pa.list_(pa.int32())
SCHEMA = pa.schema(
    {
        "source": pa.string(),
        "target": pa.string(),
        "file": pa.string(),
        "line": pa.int64(),
        "tags": pa.list_(pa.string()),
        "references": pa.list_(pa.string()),
        "source_ids": IDS,
        "target_ids": IDS,
    }
)


@dataclass(frozen=True)
class Side:
    """For one side: where the ids of each row begin in `Corpus.tokens`, and how many there are."""

    starts: NDArray[np.int64]
    lengths: NDArray[np.int32]

    def select(self, rows: RowNumbers) -> Side:
        """The starts and lengths of some rows."""
        return Side(self.starts[rows], self.lengths[rows])


@dataclass(frozen=True)
class Corpus:
    """Encoded pairs; immutable, and `select` gives a view of the same bytes.

    `place` is the cache file (None for a corpus in memory), `rows` are the row numbers of the pairs in it, counted
    before any pairs were left out, and `buffer` holds the bytes of all rows.
    """

    tokens: NDArray[np.int32]
    source: Side
    target: Side
    rows: RowNumbers
    report: ReadReport
    place: Path | None
    buffer: Any = field(repr=False)
    _batches: tuple[Any, ...] = field(repr=False)
    _bounds: NDArray[np.int64] = field(repr=False)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def source_lengths(self) -> NDArray[np.int32]:
        """Number of source tokens of each pair, including tags and without the end mark."""
        return self.source.lengths

    @property
    def target_lengths(self) -> NDArray[np.int32]:
        """Number of target tokens of each pair, without the end mark."""
        return self.target.lengths

    def source_ids(self, index: int) -> NDArray[np.int32]:
        """The ids of one source."""
        start = self.source.starts[index]
        return self.tokens[start : start + self.source.lengths[index]]

    def target_ids(self, index: int) -> NDArray[np.int32]:
        """The ids of one target."""
        start = self.target.starts[index]
        return self.tokens[start : start + self.target.lengths[index]]

    def parts(self) -> list[RowNumbers]:
        """For each configured entry, in order, the indices of its pairs."""
        ends = np.cumsum(self.report.parts)
        entry = np.searchsorted(ends, self.rows, side="right")
        return [np.flatnonzero(entry == number).astype(self.rows.dtype) for number in range(len(ends))]

    def column(self, name: str, indices: Iterable[int]) -> list[Any]:
        """The cells of one column, as Python values, for some pairs."""
        rows = self.rows[np.fromiter(indices, np.int64)]
        chunks = np.searchsorted(self._bounds, rows, side="right") - 1
        places = rows - self._bounds[chunks]
        return [
            self._batches[chunk].column(name)[place].as_py()
            for chunk, place in zip(chunks.tolist(), places.tolist(), strict=True)
        ]

    def cells(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """The cells of some columns for all rows that were read, including those that were left out later."""
        for batch in self.batches(*names):
            yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    def batches(self, *names: str) -> Iterator[Any]:
        """Some columns of all rows that were read, including those left out later, as Arrow record batches."""
        return (batch.select(list(names)) for batch in self._batches)

    def origin(self, index: int) -> Origin:
        """The file and line of a pair."""
        return Origin(self.column("file", [index])[0], self.column("line", [index])[0])

    def lines(self, indices: Iterable[int]) -> dict[str, tuple[int, ...]]:
        """For each file, the sorted line numbers of some pairs."""
        rows, lines = list(indices), dict[str, list[int]]()
        for file, line in zip(self.column("file", rows), self.column("line", rows), strict=True):
            lines.setdefault(file, []).append(line)
        return {file: tuple(sorted(numbers)) for file, numbers in lines.items()}

    def example(self, index: int) -> Example:
        """One pair as it was read."""
        return next(self.examples([index]))

    def examples(self, indices: Iterable[int] | None = None) -> Iterator[Example]:
        """The pairs at some indices, or all pairs, as they were read."""
        wanted = iter(range(len(self)) if indices is None else indices)
        while part := list(islice(wanted, ROWS)):
            names = ("source", "target", "file", "line", "tags", "references")
            for source, target, file, line, tags, more in zip(
                *(self.column(name, part) for name in names), strict=True
            ):
                yield Example(source, target, Origin(file, line), tuple(tags), tuple(more))

    def select(self, indices: RowNumbers) -> Corpus:
        """A corpus of the pairs at some indices, in that order; the bytes are shared."""
        source, target = self.source.select(indices), self.target.select(indices)
        return replace(self, source=source, target=target, rows=self.rows[indices])

    @staticmethod
    def from_buffer(buffer: Any, place: Path | None = None) -> Corpus:
        """The corpus in the bytes that `write_corpus` wrote, without copying them."""
        reader = pa.ipc.open_file(pa.BufferReader(buffer))
        last = reader.num_record_batches - 1
        batches = tuple(reader.get_batch(number) for number in range(last))
        metadata = reader.get_batch_with_custom_metadata(last).custom_metadata
        bounds = np.cumsum([0, *(batch.num_rows for batch in batches)], dtype=np.int64)
        return Corpus(
            tokens=np.frombuffer(buffer, np.int32, count=buffer.size // 4),
            source=_side(batches, "source_ids", buffer.address),
            target=_side(batches, "target_ids", buffer.address),
            rows=np.arange(bounds[-1], dtype=row_type(int(bounds[-1]))),
            report=ReadReport.from_values(json.loads(metadata[b"report"])),
            place=place,
            buffer=buffer,
            _batches=batches,
            _bounds=bounds,
        )


def write_corpus(sink: Any, examples: Iterable[Example], codecs: Codecs, report: ReadReport) -> None:
    """Encode examples into an Arrow file, one record batch at a time; a last, empty batch holds the report."""
    stream = iter(examples)
    with pa.ipc.new_file(sink, SCHEMA) as writer:
        while part := list(islice(stream, ROWS)):
            writer.write_batch(_record_batch(part, codecs))
        metadata = {"report": json.dumps(report.to_values())}
        writer.write_batch(pa.RecordBatch.from_pylist([], schema=SCHEMA), custom_metadata=metadata)


def corpus_of(examples: Iterable[Example], codecs: Codecs, report: ReadReport | None = None) -> Corpus:
    """Encode examples into a corpus in memory."""
    sink = pa.BufferOutputStream()
    write_corpus(sink, examples, codecs, report or ReadReport())
    return Corpus.from_buffer(sink.getvalue())


def _record_batch(part: list[Example], codecs: Codecs) -> Any:
    sources, targets = [example.source for example in part], [example.target for example in part]
    tags = [example.tags for example in part]
    source_ids, target_ids = codecs.encode_pairs(sources, tags, targets)
    columns = [
        pa.array(sources, pa.string()),
        pa.array(targets, pa.string()),
        pa.array([example.origin.file for example in part], pa.string()),
        pa.array([example.origin.line for example in part], pa.int64()),
        pa.array(tags, pa.list_(pa.string())),
        pa.array([example.references for example in part], pa.list_(pa.string())),
        _lists(source_ids),
        _lists(target_ids),
    ]
    return pa.record_batch(columns, schema=SCHEMA)


def row_type(count: int) -> type[np.integer[Any]]:
    """The narrowest integer type that can number this many rows."""
    return np.int32 if count < 2**31 else np.int64


def _lists(ids: list[list[int]]) -> Any:
    """Make an Arrow column of lists of ids."""
    lengths = np.fromiter(map(len, ids), np.int64, count=len(ids))
    values = np.fromiter(chain.from_iterable(ids), np.int32, count=int(lengths.sum()))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values), type=IDS)


def _side(batches: Sequence[Any], name: str, base: int) -> Side:
    """Starts and lengths of one side in all record batches; starts count int32 items from the first byte of the
    file."""
    starts, lengths = [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
    for batch in batches:
        column = batch.column(name)
        values = column.values.buffers()[1]
        offsets = column.offsets.to_numpy().astype(np.int64)
        first = 0 if values is None else (values.address - base) // 4
        starts.append(first + offsets[:-1])
        lengths.append(np.diff(offsets).astype(np.int32))
    return Side(np.concatenate(starts), np.concatenate(lengths))
