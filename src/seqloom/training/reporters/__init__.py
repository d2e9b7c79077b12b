"""Reporters, which follow the reports of a run: the console, the log file, TensorBoard, callbacks of a user."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

from seqloom.training.reporters.base import Reporter
from seqloom.training.reporters.callbacks import Callback, CallbackReporter, EarlyStopping
from seqloom.training.reporters.console import ConsoleReporter
from seqloom.training.reporters.jsonl import JsonlReporter
from seqloom.training.reporters.logged import log_notices
from seqloom.training.reporters.notebook import NotebookReporter, shown_by_notebook
from seqloom.training.reports import FinishReport, InterruptReport, Report


def standard_reporters(
    output: Path | str, stream: TextIO | None = None, *, tensorboard: bool = False
) -> list[Reporter]:
    """Return the usual reporters: the log in the output folder, TensorBoard on request, and where a stream is given the
    console, or a live table where that stream is the output of a notebook."""
    folder = Path(output)
    reporters: list[Reporter] = [JsonlReporter(folder / "log.jsonl")]
    if stream is not None:
        reporters.append(NotebookReporter() if shown_by_notebook(stream) else ConsoleReporter(stream))
    if tensorboard:
        from seqloom.training.reporters.tensorboard import TensorBoardReporter  # noqa: PLC0415 - optional package

        reporters.append(TensorBoardReporter(folder / "tensorboard"))
    return reporters


def follow(stream: Iterable[Report], reporters: Sequence[Reporter]) -> FinishReport | InterruptReport | None:
    """Pass every report to every reporter; returns the report that ended the run, or None where it did not end."""
    last: FinishReport | InterruptReport | None = None
    with ExitStack() as stack:
        for reporter in reporters:
            stack.callback(reporter.close)
        if isinstance(stream, Generator):  # closing it lets the run save its state when a reporter fails
            stack.callback(stream.close)
        for report in stream:
            for reporter in reporters:
                reporter.show(report)
            if isinstance(report, FinishReport | InterruptReport):
                last = report
    return last


__all__ = [
    "Callback",
    "CallbackReporter",
    "ConsoleReporter",
    "EarlyStopping",
    "JsonlReporter",
    "NotebookReporter",
    "Reporter",
    "follow",
    "log_notices",
    "standard_reporters",
]
