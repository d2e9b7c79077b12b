"""Progress for people, on the stream that is given: a live bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.text import Text

from seqloom.remarks import in_few_words
from seqloom.streams import forgiving
from seqloom.training.reports import (
    EvalReport,
    FinishReport,
    InterruptReport,
    NoticeReport,
    Report,
    ResumeReport,
    ReturnReport,
    SetupReport,
    SkipReport,
    StepReport,
)

SHOWN = 5
"""Number of pairs of a skipped update that are named."""


class ConsoleReporter:
    """Writes to a stream, usually standard error; plain lines where it is no terminal or NO_COLOR is set.

    A stream that is full or closed does not stop the run; the lines that it cannot take are lost.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream = forgiving(stream)
        self._epochs = 0
        self._dev = ""
        self._task: TaskID | None = None
        self._progress: Progress | None = None
        if stream.isatty() and not os.environ.get("NO_COLOR"):
            columns = [BarColumn(bar_width=24), TextColumn("{task.description}", markup=False)]
            self._progress = Progress(*columns, console=Console(file=stream), transient=True)

    def show(self, report: Report) -> None:
        """Show one report."""
        if isinstance(report, SetupReport):
            self._epochs = report.epochs
        if isinstance(report, EvalReport):
            self._dev = f"dev {_figures(report)}"
        if isinstance(report, StepReport):
            self._step(report)
        elif type(report) in LINES:
            self._line(LINES[type(report)](report))

    def close(self) -> None:
        """Remove the live bar."""
        if self._progress is not None:
            self._progress.stop()

    def _step(self, report: StepReport) -> None:
        epochs = f"/{self._epochs}" if self._epochs else ""
        parts = [
            f"epoch {report.epoch}{epochs}",
            f"step {report.step:,}/{report.steps_total:,}",
            f"loss {report.loss:.3f}",
            f"ppl {report.perplexity:.2f}",
            f"{report.tokens_per_second:,.0f} tokens/s",
        ]
        left = f"{duration(report.seconds_left)} left"
        if self._progress is None:
            waiting = f"data {100 * report.data_wait:.1f} %"
            self._line("  ".join([*parts, f"lr {report.learning_rate:.2e}", waiting, left]))
            return
        if self._task is None:
            self._task = self._progress.add_task("", total=report.steps_total)
            self._progress.start()
        text = "  ".join([*parts, *([self._dev] if self._dev else []), left])
        self._progress.update(self._task, completed=report.step, description=text)

    def _line(self, text: str) -> None:
        if self._progress is not None:
            self._progress.console.print(Text(text))
            return
        self._stream.write(text + "\n")
        self._stream.flush()


def _setup(report: SetupReport) -> str:
    trained = f", of which {report.parameters - report.frozen:,} are trained" if report.frozen else ""
    return (
        f"training on {report.pairs:,} pairs, {report.dev_pairs:,} dev pairs; "
        f"{report.source_symbols:,} source and {report.target_symbols:,} target symbols; "
        f"{report.parameters:,} weights{trained}; {report.device}, {report.precision}"
    )


def _evaluation(report: EvalReport) -> str:
    best = "  (best so far)" if report.best else ""
    remarks = in_few_words(report.remarks)
    said = f"  ({remarks}; of {report.decoded:,})" if remarks else ""
    return f"epoch {report.epoch}  step {report.step:,}  dev {_figures(report)}{said}{best}{_parts(report)}"


def _parts(report: EvalReport) -> str:
    """A second line with the means over languages or files, and with the main figure of each."""
    if not report.parts:
        return ""
    main = report.selected_on if report.selected_on != "loss" else next(iter(report.metrics), "loss")
    means = "  ".join(f"{name} {_shown(value)}" for name, value in report.macro.items())
    each = [(name.rpartition("/")[2], figures[main]) for name, figures in report.parts.items() if main in figures]
    shown = ", ".join(f"{name} {_shown(figure)}" for name, figure in each)
    return f"\n  mean over {len(report.parts)} {report.by}s: {means}  ({main}: {shown})"


def _figures(report: EvalReport) -> str:
    metrics = "".join(f"  {name} {value:.2f}" for name, value in report.metrics.items())
    return f"loss {report.loss:.3f}  ppl {report.perplexity:.2f}{metrics}"


def _skip(report: SkipReport) -> str:
    figures = {"loss": report.loss, "gradient": report.gradient_norm}
    wrong = " and ".join(name for name, value in figures.items() if value is None)
    places = [f"{file}:{line}" for file, lines in report.pairs.items() for line in lines]
    more = f" and {len(places) - SHOWN:,} more, all in the log" if len(places) > SHOWN else ""
    return f"update {report.step:,} skipped: {wrong} not finite; pairs {', '.join(places[:SHOWN])}{more}"


def _return(report: ReturnReport) -> str:
    return (
        f"back to the state after update {report.step:,}, from update {report.abandoned:,}: too many updates were "
        f"skipped; learning rate × {report.rate_factor:g} from now on"
    )


def _finish(report: FinishReport) -> str:
    figures = "".join(f"  {name} {_shown(value)}" for name, value in report.metrics.items())
    head = f"finished after {duration(report.seconds)}, {report.step:,} updates: {report.reason}"
    dev = f"\ndev{figures}" if figures else ""
    return f"{head}; {report.chosen}{dev}\nmodel: {report.output}"


def _interrupt(report: InterruptReport) -> str:
    return f"stopped after update {report.step:,}, which is saved; go on with: {report.hint}"


LINES: Mapping[type[Report], Callable[[Any], str]] = {
    SetupReport: _setup,
    NoticeReport: lambda report: f"warning: {report.text}" if report.warning else str(report.text),
    ResumeReport: lambda report: f"going on after update {report.step:,}",
    SkipReport: _skip,
    ReturnReport: _return,
    EvalReport: _evaluation,
    InterruptReport: _interrupt,
    FinishReport: _finish,
}
"""The function that makes the line for each type of report; types that are missing here, such as saved states, get
none."""


def duration(seconds: float) -> str:
    """Format seconds as `8 s`, `4 min 05 s` or `2 h 10 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
