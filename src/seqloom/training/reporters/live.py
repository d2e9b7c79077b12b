"""A live bar at a terminal: one for each epoch, with the time that is left in view however narrow the terminal is."""

from __future__ import annotations

import math
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from seqloom.training.reports import StepReport

WIDE, NARROW = 24, 8
"""Widths of the bar, at a terminal of at least 80 columns and at another."""


class LiveBar:
    """What a run is doing, on the last line of a terminal; other lines stand above it."""

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
        self._epoch = 0

    def wait(self, text: str) -> None:
        """Show that something is being done which has no known end."""
        self.stop()
        for task in self._waiting.task_ids:
            self._waiting.remove_task(task)
        self._waiting.add_task(text, total=None)
        self._waiting.start()

    def step(self, report: StepReport, epochs: int) -> None:
        """Show how far the current epoch is, or the whole run where it is not counted in epochs."""
        self._waiting.stop()
        each = report.steps_total / epochs if epochs and report.steps_total else report.steps_total
        done = report.step - (report.epoch - 1) * each if epochs else report.step
        if self._task is None:
            self._task = self._progress.add_task("")
            self._progress.start()
        if report.epoch != self._epoch:
            self._epoch = report.epoch
            self._progress.reset(self._task)
        self._progress.update(
            self._task,
            total=math.ceil(each) or None,
            completed=min(max(done, 0), each or done),
            description=fitting(parts_of_step(report, epochs), self._console.width - self._width - 2),
        )

    def above(self, text: str) -> None:
        """Print lines above the bar."""
        self._console.print(Text(text))

    def stop(self) -> None:
        """Remove the bar."""
        self._waiting.stop()
        self._progress.stop()
        self._task = None
        for task in self._progress.task_ids:
            self._progress.remove_task(task)


def parts_of_step(report: StepReport, epochs: int) -> list[str]:
    """How far a run is, the most important first."""
    return [
        f"epoch {report.epoch}" + (f"/{epochs}" if epochs else ""),
        *([f"{duration(report.seconds_left)} left"] if report.seconds_left else []),
        f"loss {report.loss:.3f}",
        f"step {report.step:,}" + (f"/{report.steps_total:,}" if report.steps_total else ""),
        f"ppl {report.perplexity:.2f}",
        f"{report.tokens_per_second:,.0f} tokens/s",
    ]


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
