"""Read Parquet and Arrow tables as examples; pyarrow is imported only when there is a table to read."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin
from seqloom.data.readers.jsonl import record_example
from seqloom.data.readers.report import ReadReport
from seqloom.errors import missing_package

Records = Iterator[tuple[Origin, dict[str, Any]]]


def read_parquet(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the examples of a Parquet file."""
    return _examples(table_records(entry, config, report, parquet=True), config, report)


def read_arrow(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the examples of an Arrow file (also Feather 2) or stream."""
    return _examples(table_records(entry, config, report, parquet=False), config, report)


def table_records(entry: str, config: DataConfig, report: ReadReport, *, parquet: bool, target: bool = True) -> Records:
    """The cells of the wanted columns in each row, under the names that `named` uses."""
    try:
        arrow = import_module("seqloom.data.readers.arrow")
    except ModuleNotFoundError as error:
        if error.name != "pyarrow":
            raise
        raise missing_package("pyarrow", "train", "reading Parquet and Arrow files") from None
    records: Records = arrow.table_records(entry, config, report, parquet=parquet, target=target)
    return records


def named(config: DataConfig) -> DataConfig:
    """The settings for reading a record of `table_records`, whose fields have fixed names."""
    references = tuple(f"reference {number}" for number in range(len(config.references)))
    tags, label = "tags" if config.tags else "", "label" if config.label else ""
    return config.replace(source="source", target="target", label=label, references=references, tags=tags)


def _examples(records: Records, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    inner = named(config)
    for origin, record in records:
        example = record_example(record, inner, origin, report)
        if example is not None:
            yield example
