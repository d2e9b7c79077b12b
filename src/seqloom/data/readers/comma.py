"""CSV with the usual quoting; a quoted cell may hold line breaks."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin
from seqloom.data.readers.columns import table_examples
from seqloom.data.readers.lines import display_name, read_lines
from seqloom.data.readers.report import ReadReport


def csv_rows(path: str, report: ReadReport) -> Iterator[tuple[Origin, list[str] | None]]:
    """The cells of each record, which is named by the line it begins on."""
    name, ended = display_name(path), 0

    def lines() -> Iterator[str]:
        nonlocal ended
        for origin, line in read_lines(path, report):
            ended = origin.line
            if line is not None:
                yield line + "\n"

    records = csv.reader(lines(), strict=True)
    while True:
        origin = Origin(name, ended + 1)
        try:
            row = next(records)
        except StopIteration:
            return
        except csv.Error as error:
            report.refuse(origin, f"must be CSV: {error}")
            yield origin, None
        else:
            yield origin, row


def read_csv(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Examples of a CSV file."""
    return table_examples(csv_rows(entry, report), config, report, entry)
