"""What all tables for people are printed with: the console, a plain table, and short forms of values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


class _Console(Console):
    """A console that leaves a broken pipe to the guard of all commands."""

    def on_broken_pipe(self) -> None:
        """Raise the error instead of exiting."""
        raise BrokenPipeError


def plain_console() -> Console:
    """A console on standard output that prints text as it is."""
    return _Console(highlight=False, markup=False, soft_wrap=True)


def plain_table(*columns: str, fold: bool = True) -> Table:
    """A table without rules; with `fold`, cells that are too wide for the terminal go on in the next line."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(Text(column), overflow="fold", no_wrap=not fold)
    return table


def shown(value: Any) -> str:
    """A value as text, numbers with four digits; of a table the names and values of each row."""
    if isinstance(value, Sequence) and value and all(isinstance(row, Mapping) for row in value):
        return "; ".join(", ".join(f"{name} {shown(cell)}" for name, cell in row.items()) for row in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def file_name(where: str) -> str:
    """A place without the folder of its file."""
    return where.rpartition("/")[2]


def short(text: str, longest: int = 100) -> Text:
    """A text in one line, which is cut if it is long."""
    line = " ".join(text.split())
    return Text(line if len(line) <= longest else line[: longest - 1] + "…")
