"""Progress for people, on the stream that is given: a live bar on a terminal, plain lines anywhere else."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from seqloom.live import duration
from seqloom.remarks import in_few_words
from seqloom.streams import forgiving
from seqloom.training.reporters.live import LiveBar, parts_of_step, unit_of
from seqloom.training.reports import (
    EvalReport,
    FinishReport,
    NoticeReport,
    Report,
    ResumeReport,
    ReturnReport,
    SetupReport,
    SkipReport,
    StageReport,
    StepReport,
)

SHOWN = 5
"""Number of pairs of a skipped update that are named."""
LONGEST = 60
"""Number of characters of a text of a sample that are shown."""
QUIET = 60.0
"""Seconds without a line after which a log that is no terminal gets one between two evaluations."""


class ConsoleReporter:
    """Writes to a stream, usually standard error; plain lines where it is no terminal or NO_COLOR is set.

    A terminal shows a bar for each epoch. Plain lines are one for each evaluation, and others where there was none for
    a minute. A stream that is full or closed does not stop the run; the lines that it cannot take are lost.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream = forgiving(stream)
        self._epochs, self._unit = 0, "tokens"
        self._said = -math.inf
        self._left = ""
        self._bar: LiveBar | None = None
        if stream.isatty() and not os.environ.get("NO_COLOR"):
            self._bar = LiveBar(stream)

    def show(self, report: Report) -> None:
        """Show one report."""
        if isinstance(report, SetupReport):
            self._epochs, self._unit = report.epochs, unit_of(report)
        if isinstance(report, StageReport) and self._bar is not None:
            self._bar.wait(report.text, report.done, report.total)
        elif (isinstance(report, StageReport) and report.done) or (isinstance(report, NoticeReport) and report.detail):
            return
        elif isinstance(report, StepReport):
            self._left = f"  {duration(report.seconds_left)} left" if report.seconds_left else ""
            self._step(report)
        elif type(report) in LINES:
            first, *more = LINES[type(report)](report).split("\n")
            left = self._left if isinstance(report, EvalReport) else ""
            self._line("\n".join([first + left, *more]))
            if self._bar is not None and isinstance(report, SetupReport):
                self._bar.wait("first updates")

    def close(self) -> None:
        """Remove the live bar."""
        if self._bar is not None:
            self._bar.stop()

    def _step(self, report: StepReport) -> None:
        if self._bar is not None:
            self._bar.step(report, self._epochs, self._unit)
        elif time.monotonic() - self._said >= QUIET:
            waiting, rate = f"data {100 * report.data_wait:.1f} %", f"lr {report.learning_rate:.2e}"
            self._line("  ".join([*parts_of_step(report, self._epochs, self._unit), rate, waiting]))

    def _line(self, text: str) -> None:
        self._said = time.monotonic()
        if self._bar is not None:
            self._bar.above(text)
            return
        self._stream.write(text + "\n")
        self._stream.flush()


def _setup(report: SetupReport) -> str:
    trained = f", of which {report.parameters - report.frozen:,} are trained" if report.frozen else ""
    symbols = " and ".join(f"{count:,} {name}" for name, count in report.symbols.items())
    return (
        f"training on {report.pairs:,} pairs, {report.dev_pairs:,} dev pairs; "
        f"{symbols}; "
        f"{report.parameters:,} weights{trained}; {report.device}, {report.precision}"
    )


def _evaluation(report: EvalReport) -> str:
    best = "  (best)" if report.best else ""
    remarks = in_few_words(report.remarks)
    said = f"  ({remarks}; of {report.decoded:,})" if remarks else ""
    line = f"epoch {report.epoch}  step {report.step:,}  dev {_figures(report)}{said}{best}"
    return f"{line}{_parts(report)}{_samples(report)}"


def _parts(report: EvalReport) -> str:
    """A second line with the means over languages or files, and with the main figure of each."""
    if not report.parts:
        return ""
    main = report.selected_on if report.selected_on != "loss" else next(iter(report.metrics), "loss")
    means = "  ".join(f"{name} {_shown(value)}" for name, value in report.macro.items())
    each = [(name.rpartition("/")[2], figures[main]) for name, figures in report.parts.items() if main in figures]
    shown = ", ".join(f"{name} {_shown(figure)}" for name, figure in each)
    return f"\n  mean over {len(report.parts)} {report.by}s: {means}  ({main}: {shown})"


def _samples(report: EvalReport) -> str:
    """A line for each dev pair that is shown: the source, the answer, and the truth where that is another one."""
    lines = []
    for sample in report.samples:
        right = sample.answer == sample.target
        truth = "  (right)" if right else f"  (truth: {_shortened(sample.target)})"
        lines.append(f"\n  {_shortened(sample.source)} → {_shortened(sample.answer)}{truth}")
    return "".join(lines)


def _shortened(text: str) -> str:
    line = " ".join(text.split()) or "nothing"
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


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
    updates = "" if "updates" in report.reason else f", {report.step:,} updates"
    kept = f"; the model has {report.chosen}" if report.chosen else ""
    few = 0 < report.decoded < report.dev_examples
    part = f"  (measures of {report.decoded:,} of the {report.dev_examples:,} dev examples)" if few else ""
    dev = f"\ndev{figures}{part}" if figures else ""
    if report.wanted:
        dev += f"\nthis run was short: such pairs want {report.wanted:,} updates, and fewer teach less"
    dev += "".join(f"\nwarned of at the beginning: {each}" for each in report.warnings)
    return f"finished after {duration(report.seconds)}: {report.reason}{updates}{kept}{dev}\nmodel: {report.output}"


LINES: Mapping[type[Report], Callable[[Any], str]] = {
    StageReport: lambda report: f"{report.text} …",
    SetupReport: _setup,
    NoticeReport: lambda report: f"warning: {report.text}" if report.warning else str(report.text),
    ResumeReport: lambda report: f"going on after update {report.step:,}",
    SkipReport: _skip,
    ReturnReport: _return,
    EvalReport: _evaluation,
    FinishReport: _finish,
}
"""The function that makes the line for each type of report; types that are missing here, such as saved states, get
none. That a run was stopped is said by the KeyboardInterrupt that ends it."""


def _shown(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
