"""A live line at a terminal: what is being done, how far it is, and the time that is left."""

from __future__ import annotations

from time import monotonic
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

WIDE, NARROW = 24, 8
"""Widths of the bar, at a terminal of at least 80 columns and at another."""


class LiveLine:
    """What is being done, on the last line of a terminal; other lines stand above it."""

    def __init__(self, stream: TextIO) -> None:
        self._console = console = Console(file=stream)
        one_line = Column(no_wrap=True, overflow="ellipsis")
        columns = [
            SpinnerColumn(finished_text=" "),
            TextColumn("{task.description}", markup=False, table_column=one_line),
            TimeElapsedColumn(),
        ]
        self._waiting = Progress(*columns, console=console, transient=True)
        self._width = WIDE if console.width >= 80 else NARROW
        bar = BarColumn(bar_width=self._width)
        text = TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
        self._progress = Progress(bar, text, console=console, transient=True)
        self._task: TaskID | None = None
        self._text, self._began = "", 0.0

    def wait(self, text: str, done: int = 0, total: int = 0) -> None:
        """Show what is being done, and how far it is with the time left, where the number of its parts is known."""
        if total:
            self._count(text, done, total)
            return
        self.stop()
        for task in self._waiting.task_ids:
            self._waiting.remove_task(task)
        self._waiting.add_task(text, total=None)
        self._waiting.start()

    def fill(self, done: float, total: int, parts: list[str]) -> None:
        """Show a bar, of no known end where `total` is 0, and as many of the parts of a text as fit beside it."""
        self._waiting.stop()
        if self._task is None:
            self._task = self._progress.add_task("")
            self._progress.start()
        said = fitting(parts, self._console.width - self._width - 2)
        self._progress.update(self._task, total=total or None, completed=done, description=said)

    def above(self, text: str) -> None:
        """Print lines above the live one."""
        self._console.print(Text(text))

    def stop(self) -> None:
        """Remove the line."""
        self._waiting.stop()
        self._progress.stop()
        self._task, self._text = None, ""
        for task in self._progress.task_ids:
            self._progress.remove_task(task)

    def _count(self, text: str, done: int, total: int) -> None:
        """Show how many parts are done; the time left follows from how long these took."""
        if text != self._text:
            self.stop()
            self._text, self._began = text, monotonic()
        left = (monotonic() - self._began) / done * (total - done) if done else 0.0
        self.fill(done, total, [text, *([f"{duration(left)} left"] if left else []), f"{done:,}/{total:,}"])


def fitting(parts: list[str], width: int) -> str:
    """The first parts that fit into a line, at least one."""
    line = parts[0]
    for part in parts[1:]:
        if cell_len(line) + 2 + cell_len(part) > width:
            break
        line += f"  {part}"
    return line


def duration(seconds: float) -> str:
    """Format seconds as `8 s`, `4 min 05 s` or `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
