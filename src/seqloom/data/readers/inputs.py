"""Read inputs to predict from: plain lines, or the source column of any format.

There are as many sources as there were lines, so that answers can be matched with inputs.
"""

from __future__ import annotations

from collections.abc import Iterator

from seqloom.data.config import DataConfig
from seqloom.data.examples import Source
from seqloom.data.readers.columns import split_tags
from seqloom.data.readers.jsonl import json_records, record_source
from seqloom.data.readers.layout import table_cells
from seqloom.data.readers.lines import read_lines
from seqloom.data.readers.report import ReadReport, shown_delimiter
from seqloom.data.readers.tables import named, table_records

EMPTY = Source("")
"""Stands for an empty or skipped line, so that the number of lines is kept."""


def read_plain(path: str, config: DataConfig, report: ReadReport) -> Iterator[Source]:
    """Read each line as a source; if tags are configured, a tab separates the source from its tags."""
    for origin, line in read_lines(path, report, config.encoding):
        if line is None:
            yield EMPTY
            continue
        if "\t" in line and config.tags:
            report.note("inputs whose part after a tab is read as tags", origin)
        elif config.tags_needed and line:
            report.note("inputs without tags (which come after a tab), although the model reads tags", origin)
        elif "\t" in line:
            report.note("inputs with a tab, which is read as part of the text (data.format=tsv: columns)", origin)
        yield plain_source(line, config)


def plain_source(line: str, config: DataConfig) -> Source:
    """The source in a plain line; if tags are configured, a tab separates the text from its tags."""
    text, tab, tags = line.partition("\t")
    return Source(text, split_tags(tags, config)) if tab and config.tags else Source(line)


def read_cells(path: str, config: DataConfig, report: ReadReport, *, comma: bool) -> Iterator[Source]:
    """Read the source column of a TSV or CSV file; an empty line is an empty source, and a target is not needed."""
    cells = table_cells(path, config, report, comma=comma, inputs=True)
    columns = cells.columns
    for origin, row in cells.rows:
        if row is None or not "".join(row):
            yield EMPTY
        elif len(row) < columns.needed:
            report.refuse(origin, f"must have at least {columns.needed} columns, not {len(row)}")
            yield EMPTY
        elif len(row) > max(cells.width, columns.needed):
            mark = shown_delimiter(cells.delimiter)
            hint = f"a {mark} separates cells; quote a text that holds one" if comma else f"a {mark} separates cells"
            report.refuse(origin, f"must have at most {max(cells.width, columns.needed)} columns, not {len(row)}", hint)
            yield EMPTY
        else:
            tags = () if columns.tags is None else split_tags(row[columns.tags], config)
            yield Source(row[columns.source], tags)


def read_records(path: str, config: DataConfig, report: ReadReport) -> Iterator[Source]:
    """Read the sources of a JSONL file."""
    for origin, record in json_records(path, config, report):
        source = None if record is None else record_source(record, config, origin, report)
        yield EMPTY if source is None else _valid(source)


def read_table(path: str, config: DataConfig, report: ReadReport, *, parquet: bool) -> Iterator[Source]:
    """Read the sources of a Parquet or Arrow file."""
    inner = named(config)
    for origin, record in table_records(path, config, report, parquet=parquet, target=False):
        source = record_source(record, inner, origin, report)
        yield EMPTY if source is None else source


def _valid(source: Source) -> Source:
    """The source with lone surrogates, which JSON can contain, replaced by replacement characters."""
    return Source(source.text.encode("utf-8", "replace").decode("utf-8"), source.tags)
