"""Lines of cells parted by tabs; there is no quoting."""

from __future__ import annotations

from collections.abc import Iterator

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin
from seqloom.data.readers.columns import table_examples
from seqloom.data.readers.lines import read_lines
from seqloom.data.readers.report import ReadReport


def tsv_rows(path: str, report: ReadReport) -> Iterator[tuple[Origin, list[str] | None]]:
    """The cells of each line."""
    for origin, line in read_lines(path, report):
        yield origin, None if line is None else line.split("\t")


def read_tsv(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Examples of a TSV file."""
    return table_examples(tsv_rows(entry, report), config, report, entry)
