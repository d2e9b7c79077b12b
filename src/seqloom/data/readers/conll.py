"""Read CoNLL files: a word and its tag on each line, in columns, and an empty line after each sentence.

    Germany  NNP  B-NP  B-LOC        CoNLL 2003: words in column 1, and named entities in the last one

`data.source` and `data.target` are the numbers of the columns of words and of tags; without them they are the first
and the last column. Columns are separated by a tab where the first line of words has one, else by white space. Lines
that begin a document (-DOCSTART-), comments of files with tabs (#), and lines of CoNLL-U that are no words of their own
(1-2, 1.1) are left out and counted. A sentence becomes a pair of words and tags, each with a space between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin, Source
from seqloom.data.readers.columns import checked
from seqloom.data.readers.lines import read_lines
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError
from seqloom.text.splitting import words_of

LOOKED_AT = 1000
"""Number of lines among which the first line of words is looked for."""
DOCUMENT = "-DOCSTART-"
NO_WORD = re.compile(r"\d+[-.]\d+")
"""The first column of a line of CoNLL-U that is a range of words, or an empty node."""
FULL = 10
"""Number of columns of CoNLL-U."""

Row = tuple[Origin, list[str]]


def read_conll(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the sentences of a CoNLL file, as examples whose line is that of their first word."""
    for rows in _sentences(entry, config, report):
        example = None if rows is None else _example(rows, config, report)
        if example is not None:
            yield example


def read_conll_words(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Source]:
    """Read the words of each sentence of a CoNLL file to predict from; tags are not needed. A sentence that was refused
    and skipped is empty."""
    for rows in _sentences(entry, config, report):
        words = [] if rows is None else _column(rows, config.source, 0, "data.source", report)
        yield Source(" ".join(words or ()))


def _sentences(entry: str, config: DataConfig, report: ReadReport) -> Iterator[list[Row] | None]:
    """The lines of each sentence, as columns; None for one that was refused and skipped."""
    lines = read_lines(entry, report, config.encoding)
    head = list(islice(lines, LOOKED_AT))
    tabs = _has_tabs(line for _, line in head if line)
    rows: list[Row] = []
    width, good = 0, True
    for origin, line in chain(head, lines, [(Origin("", 0), "")]):
        if line is not None and not line.strip():
            if rows or not good:
                yield rows if good else None
            rows, good = [], True
            continue
        cells = None if line is None else _cells(line, origin, report, tabs=tabs)
        if cells == []:
            continue
        if cells is not None and width and len(cells) != width:
            report.refuse(origin, f"must have {width} columns, as the first line of words has, not {len(cells)}")
            cells = None
        if cells is None:
            good = False
            continue
        width = len(cells)
        rows.append((origin, cells))


def _has_tabs(lines: Iterator[str]) -> bool:
    """Whether the first line of words has a tab."""
    return any("\t" in line for line in islice((each for each in lines if _may_be_words(each)), 1))


def _may_be_words(line: str) -> bool:
    return bool(line.strip()) and not line.startswith(DOCUMENT) and not (line.startswith("#") and "\t" not in line)


def _cells(line: str, origin: Origin, report: ReadReport, *, tabs: bool) -> list[str]:
    """The columns of a line; none where it is no word."""
    if line.startswith(DOCUMENT):
        report.note(f"lines that begin a document ({DOCUMENT}), which are left out", origin)
        return []
    if not tabs:
        return words_of(line)
    if line.startswith("#") and "\t" not in line:
        report.note("comments (#), which are left out", origin)
        return []
    cells = line.split("\t")
    if len(cells) == FULL and NO_WORD.fullmatch(cells[0]):
        report.note("lines of CoNLL-U that are no words of their own (1-2, 1.1), which are left out", origin)
        return []
    return cells


def _example(rows: Sequence[Row], config: DataConfig, report: ReadReport) -> Example | None:
    """The words and the tags of a sentence."""
    origin, cells = rows[0]
    if len(cells) < 2:
        report.refuse(origin, "must have a column of words and one of tags, not 1 column")
        return None
    words = _column(rows, config.source, 0, "data.source", report)
    tags = _column(rows, config.target, len(cells) - 1, "data.target", report)
    if words is None or tags is None:
        return None
    return checked(Example(" ".join(words), " ".join(tags), origin), report)


def _column(rows: Sequence[Row], name: str, default: int, setting: str, report: ReadReport) -> list[str] | None:
    """The cells of one column; None where one of them was refused and its sentence is skipped."""
    if name and not (name.isdecimal() and int(name)):
        raise DataError(
            f"columns of CoNLL files have numbers, which count from 1, and {setting} is {name!r}",
            where=str(rows[0][0]),
        )
    place = int(name) - 1 if name else default
    cells = []
    for origin, row in rows:
        if place >= len(row):
            report.refuse(origin, f"must have at least {place + 1} columns ({setting}), not {len(row)}")
            return None
        if words_of(row[place]) != [row[place]]:
            report.refuse(origin, f"a word or a tag must be without white space and not empty, not {row[place]!r}")
            return None
        cells.append(row[place])
    return cells
