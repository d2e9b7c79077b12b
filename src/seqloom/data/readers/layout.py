"""Find the layout of TSV and CSV files: the delimiter, and whether the first line is a header."""

from __future__ import annotations

import contextlib
import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from seqloom.data.config import DataConfig
from seqloom.data.examples import Origin
from seqloom.data.readers.columns import Columns, find_columns
from seqloom.data.readers.header import names_columns
from seqloom.data.readers.lines import STDIN, display_name, read_lines
from seqloom.data.readers.report import USUAL, ReadReport, Table, shown_delimiter
from seqloom.errors import DataError

SAMPLE, CHARACTERS = 500, 1 << 20
"""Number of lines, and of characters in them, from which the layout is found."""
CANDIDATES = {"csv": ("\t", ",", ";", "|"), "tsv": ("\t", " ||| ", "|||", ";", "|", ",")}
"""Possible delimiters of each format, in the order of preference."""
FEWEST = 3
"""With fewer rows, a column is not said to be empty throughout."""
MOST = 0.9
"""Share of the lines that must have the same number of cells if an unusual delimiter is to be chosen."""

Line = tuple[Origin, str | None]
Rows = Iterator[tuple[Origin, list[str] | None]]


class Cells(NamedTuple):
    """Rows without the header, the columns to read, the number of columns (0: unknown), and the delimiter."""

    rows: Rows
    columns: Columns
    width: int
    delimiter: str


def table_cells(path: str, config: DataConfig, report: ReadReport, *, comma: bool, inputs: bool = False) -> Cells:
    """Find the layout of a TSV or CSV file and read its cells.

    `inputs` says that the file holds inputs to predict from, of which only the sources are needed. Inputs from standard
    input are answered as they come, so their layout is found from the first line alone.
    """
    kind = "csv" if comma else "tsv"
    head, lines = _beginning(path, config, report, 1 if inputs and path == STDIN else SAMPLE)
    texts = [text for _, text in head if text]
    delimiter = _delimiter(texts, kind, config, path, inputs=inputs)
    sample = _sampled(texts, kind, delimiter)
    named, doubtful = names_columns(sample, config)
    header = sample[0] if named else None
    columns = find_columns(header, config, path, target=not inputs)
    if config.tags and columns.tags is None:
        report.note("files without tags (data.untagged)", Origin(display_name(path), 1))
    if not inputs and report.on_bad_line == "error":
        _check_filled(sample[1:] if named else sample, columns, path)
    width = len(sample[0]) if sample else 0
    if sample:
        about = Table.of(kind, delimiter, header, columns.places, width, sample[0] if doubtful else ())
        rivals = [each for each in ";|" if comma and not config.delimiter and _share(texts, kind, each) >= MOST]
        report.add_table(replace(about, rival="".join(rivals[:1]).replace(delimiter, "")), display_name(path))
    rows = _parsed(lines, kind, delimiter, display_name(path), report)
    return Cells(_without_header(rows) if named else rows, columns, width if named or inputs else 0, delimiter)


def _check_filled(rows: Sequence[Sequence[str]], columns: Columns, path: str) -> None:
    """Refuse a table whose source or target column is empty in all of its first rows: another one is meant."""
    whole = [row for row in rows if len(row) >= columns.needed]
    for side, place in (("source", columns.source), ("target", columns.target)):
        if len(whole) < FEWEST or place is None or any(row[place].strip() for row in whole):
            continue
        used = (columns.source, columns.target, columns.label, columns.tags)
        others = range(min(map(len, whole)))
        full = [str(each + 1) for each in others if each not in used and any(row[each].strip() for row in whole)]
        raise DataError(
            f"column {place + 1}, which is read as the {side}, is empty in all of the first {len(whole):,} rows",
            where=path,
            hint=f"data.{side} names another column" + (f", such as {full[0]}" if full else ""),
        )


def _beginning(path: str, config: DataConfig, report: ReadReport, count: int) -> tuple[list[Line], Iterator[Line]]:
    """The first `count` lines of a file, and an iterator over all its lines, the first included."""
    lines = read_lines(path, report, config.encoding)
    if not Path(path).is_file():
        head = list(_head(lines, count))
        return head, chain(head, lines)
    again = read_lines(
        path, ReadReport("skip"), config.encoding
    )  # the file is read again, so that bad lines are reported in order
    return list(_head(again, count)), lines


def _head(lines: Iterable[Line], count: int) -> Iterator[Line]:
    size = 0
    for line in islice(lines, count):
        yield line
        size += len(line[1] or "")
        if size > CHARACTERS:
            return


def _delimiter(texts: Sequence[str], kind: str, config: DataConfig, path: str, *, inputs: bool) -> str:
    """The configured delimiter, or the one that splits most lines into the same number of cells."""
    usual, candidates = USUAL[kind], CANDIDATES[kind]
    if inputs and kind == "tsv":
        candidates = candidates[:-1]  # the last one, a comma, is frequent in ordinary inputs
    least = 2 if inputs else 1
    shares = {each: _share(texts, kind, each) for each in candidates} if len(texts) >= least else {usual: 1.0}
    best = max(shares, key=lambda each: shares[each])
    best = best if shares[best] >= MOST else usual
    if not config.delimiter:
        return best
    if kind == "csv" and len(config.delimiter) > 1:
        raise DataError(
            f"the delimiter of CSV must be one character, not {config.delimiter!r}",
            where=path,
            hint="data.format=tsv splits cells at any text, without quoting",
        )
    if shares.get(best, 0) >= MOST and best != config.delimiter and not _share(texts, kind, config.delimiter):
        raise DataError(
            f"no line has the delimiter {shown_delimiter(config.delimiter)} that is set, and nearly all lines have a "
            f"{shown_delimiter(best)}",
            where=path,
            hint=f"--set data.delimiter={'tab' if best == chr(9) else repr(best)}",
        )
    return config.delimiter


def _share(texts: Sequence[str], kind: str, delimiter: str) -> float:
    """The share of the lines that have the most frequent number of cells; 0 if that is one cell."""
    widths = Counter(map(len, _sampled(texts, kind, delimiter)))
    if not widths:
        return 0.0
    width, count = widths.most_common(1)[0]
    return count / widths.total() if width > 1 else 0.0


def _sampled(texts: Sequence[str], kind: str, delimiter: str) -> list[list[str]]:
    if kind == "tsv":
        return [text.split(delimiter) for text in texts]
    rows: list[list[str]] = []
    records = csv.reader((text + "\n" for text in texts), strict=True, delimiter=delimiter, skipinitialspace=True)
    with contextlib.suppress(csv.Error):  # a quoted cell may go on beyond the sample
        rows.extend(records)
    return rows


def _parsed(lines: Iterable[Line], kind: str, delimiter: str, name: str, report: ReadReport) -> Rows:
    if kind == "tsv":
        return ((origin, None if line is None else line.split(delimiter)) for origin, line in lines)
    return _records(lines, delimiter, name, report)


def _records(lines: Iterable[Line], delimiter: str, name: str, report: ReadReport) -> Rows:
    """The cells of each CSV record and the line on which it begins; a quoted cell may contain line breaks."""
    ended = 0

    def texts() -> Iterator[str]:
        nonlocal ended
        for origin, line in lines:
            ended = origin.line
            if line is not None:
                yield line + "\n"

    records = csv.reader(texts(), strict=True, delimiter=delimiter, skipinitialspace=True)
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


def _without_header(rows: Rows) -> Rows:
    """The rows without the first one that is not blank."""
    found = False
    for origin, row in rows:
        if not found and row and any(row):
            found = True
        else:
            yield origin, row
