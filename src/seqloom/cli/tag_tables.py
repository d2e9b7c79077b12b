"""How tags are shown: tables of each type of span and each tag, and spans in colour at a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zlib import crc32

import typer
from rich.table import Table

from seqloom.cli.printing import plain_table, short

if TYPE_CHECKING:
    from seqloom.metrics import ClassFigures, TaggingReport
    from seqloom.prediction import Prediction

ROWS, PAIRS = 30, 10
"""How many types or tags, and how many confused pairs of tags, are shown at most; the JSON has all types and tags."""
COLOURS = ("green", "yellow", "blue", "magenta", "cyan", "red")


def tag_tables(found: TaggingReport) -> Iterator[Table]:
    """A row for each type of span, one for each tag, and the pairs of tags that are confused most."""
    if found.spans:
        yield _figures("span", "spans", found.spans)
    yield _figures("tag", "words", found.tags)
    if found.wrong:
        table = plain_table("right tag", "answered", "words")
        for (truth, answer), count in found.wrong[:PAIRS]:
            table.add_row(short(truth, 40), short(answer, 40), f"{count:,}")
        yield table


def _figures(name: str, unit: str, rows: Sequence[ClassFigures]) -> Table:
    table = plain_table(name, unit, "answered", "precision", "recall", "F1")
    for each in rows[:ROWS]:
        figures = (f"{value:.2f}" for value in (each.precision, each.recall, each.f1))
        table.add_row(short(each.label, 40), f"{each.support:,}", f"{each.predicted:,}", *figures)
    if len(rows) > ROWS:
        table.caption = f"{len(rows) - ROWS:,} rarer ones are left out; --json has all"
        table.caption_justify = "left"
    return table


def coloured(text: str, answer: Prediction, output: Path | None) -> str:
    """The line that shows an input with its spans in colour; empty where there is none, or no terminal to show it."""
    from seqloom.text.splitting import words_of

    if not answer.spans or output is not None or not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return ""
    return f"{highlighted(words_of(text), answer)}\n"


def highlighted(words: Sequence[str], answer: Prediction) -> str:
    """The words of an input behind the label of the whole, if it has one, with its spans in the colours of their types,
    which stand behind them."""
    parts, place = [typer.style(f"{label}:", bold=True) for label in answer.labels], 0
    for span in answer.spans:
        parts += words[place : span.start]
        colour = COLOURS[crc32(span.type.encode()) % len(COLOURS)]
        text = " ".join(words[span.start : span.end])
        parts.append(typer.style(f"{text} [{span.type}]", fg=colour, bold=True))
        place = span.end
    return " ".join([*parts, *words[place:]])
