"""Progress in a notebook: a bar and a table of evaluations in one output of the cell, written anew while it trains."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from seqloom.live import duration
from seqloom.notebook import Display, bar, block, figure, in_notebook, line, table
from seqloom.training.reporters.console import LINES
from seqloom.training.reports import (
    EvalReport,
    FinishReport,
    NoticeReport,
    Report,
    ResumeReport,
    ReturnReport,
    SetupReport,
    StageReport,
    StepReport,
)

ROWS, SAID = 12, 8
"""How many evaluations, the last ones and the best, and how many of the last remarks are shown."""
PAUSE = 0.5
"""The shortest time between two updates of the output, in seconds."""


def shown_by_notebook(stream: TextIO) -> bool:
    """Whether this stream is one of the outputs of a notebook's cell."""
    return stream in (sys.stdout, sys.stderr) and in_notebook()


class NotebookReporter:
    """Shows a run as HTML; `display` and `clock` are those of a notebook, unless a test gives others."""

    def __init__(self, display: Display | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._display, self._clock = display or Display(), clock
        self._shown = -PAUSE
        self._epochs = 0
        self._step: StepReport | None = None
        self._stage = ""
        self._evaluations: dict[int, tuple[EvalReport, float | None]] = {}
        self._said: list[str] = []
        self._finished = False

    def show(self, report: Report) -> None:
        """Take a report in, and show it unless something was shown just before."""
        if isinstance(report, SetupReport):
            self._epochs = report.epochs
        if isinstance(report, StepReport):
            self._step = report
            if self._clock() - self._shown < PAUSE:
                return
        elif isinstance(report, StageReport):
            done = f", {report.done:,} of {report.total:,}" if report.total else ""
            self._stage = f"{report.text}{done}"
        elif isinstance(report, EvalReport):
            self._evaluations[report.step] = report, None if self._step is None else self._step.loss
        elif isinstance(report, NoticeReport) and report.detail:
            return
        elif type(report) in LINES:
            self._finished = self._finished or isinstance(report, FinishReport)
            if isinstance(report, ResumeReport | ReturnReport):
                self._evaluations = {at: each for at, each in self._evaluations.items() if at <= report.step}
            self._said += LINES[type(report)](report).splitlines()
        else:
            return
        self._draw()

    def close(self) -> None:
        """Show what was held back."""
        if self._step is not None:
            self._draw()

    def _draw(self) -> None:
        self._shown = self._clock()
        names, rows = self._table()
        said = self._said if len(self._said) <= SAID else [self._said[0], "…", *self._said[1 - SAID :]]
        status, share = self._status()
        samples = self._samples()
        html = block(
            bar(share) if self._step is not None else "",
            line(status) if status else "",
            table(names, rows, left=0) if rows else "",
            table(("dev source", "answer now", "right"), samples, left=3) if samples else "",
            *map(line, said),
        )
        plain = "\n".join([*([status] if status else []), *("  ".join(map(str, row)) for row in rows), *said])
        self._display.show(html, plain)

    def _status(self) -> tuple[str, float]:
        """Where the run is, in words and as a share."""
        step = self._step
        if self._finished:
            return "", 1.0
        if step is None:
            return f"{self._stage} …" if self._stage else "", 0.0
        epochs = f" of {self._epochs}" if self._epochs else ""
        total = f" of {step.steps_total:,}" if step.steps_total else ""
        left = f", {duration(step.seconds_left)} left" if step.seconds_left else ""
        told = f"epoch {step.epoch}{epochs}, update {step.step:,}{total}, loss {step.loss:.3f}{left}"
        return told, step.step / step.steps_total if step.steps_total else 0.0

    def _samples(self) -> list[tuple[str, str, str]]:
        """Some dev pairs with the answers that the last evaluation found."""
        if not self._evaluations:
            return []
        last, _ = self._evaluations[max(self._evaluations)]
        return [(each.source, each.answer, each.target) for each in last.samples]

    def _table(self) -> tuple[list[str], list[list[str]]]:
        """The names of the columns, and a row for each evaluation that is shown."""
        every = sorted(self._evaluations.items())
        best = max((step for step, (report, _) in every if report.best), default=-1)
        kept = [each for place, each in enumerate(every) if each[0] == best or place >= len(every) - ROWS]
        metrics = list(dict.fromkeys(name for _, (report, _) in kept for name in report.metrics))
        rows = [
            [
                str(report.epoch),
                f"{step:,}",
                "" if trained is None else figure(trained),
                figure(report.loss),
                *(f"{report.metrics[name]:.2f}" if name in report.metrics else "" for name in metrics),
                "best" if step == best else "",
            ]
            for step, (report, trained) in kept
        ]
        return ["epoch", "update", "training loss", "dev loss", *metrics, "weights"], rows
