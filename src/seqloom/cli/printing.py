"""What all tables for people are printed with: the console, a plain table, and short forms of values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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


def told_apart(files: Iterable[str]) -> list[str]:
    """Names of files, or of parallel files together, with as few of their folders as tell all of them apart."""
    entries = [[each.strip().split("/") for each in file.split(",")] for file in files]
    deepest = max((len(parts) for entry in entries for parts in entry), default=1)
    for kept in range(1, deepest + 1):
        names = [",".join("/".join(parts[-kept:]) for parts in entry) for entry in entries]
        if len(set(names)) == len(names):
            break
    return names if entries else []


def short_place(where: str, longest: int) -> str:
    """A place without the folder of its file; where that is long, the file's name is cut and the line stays."""
    name, colon, line = file_name(where).rpartition(":")
    room = longest - len(line) - 2
    if not colon or len(name) <= room + 1 or room < 1:
        return file_name(where)
    return f"{name[: room // 2]}…{name[len(name) - (room - room // 2) :]}:{line}"


def short(text: str, longest: int = 100) -> Text:
    """A text in one line, which is cut if it is long."""
    line = " ".join(text.split())
    return Text(line if len(line) <= longest else line[: longest - 1] + "…")
