"""A live bar for each epoch, with the time that is left in view however narrow the terminal is."""

from __future__ import annotations

import math

from seqloom.live import LiveLine, duration
from seqloom.training.reports import SetupReport, StepReport


class LiveBar(LiveLine):
    """How far a run is, on the last line of a terminal."""

    def step(self, report: StepReport, epochs: int, unit: str) -> None:
        """Show how far the current epoch is, or the whole run where it is not counted in epochs."""
        each = report.steps_total / epochs if epochs and report.steps_total else report.steps_total
        done = report.step - (report.epoch - 1) * each if epochs else report.step
        self.fill(min(max(done, 0), each or done), math.ceil(each), parts_of_step(report, epochs, unit))


def unit_of(report: SetupReport) -> str:
    """What the speed of a run is counted in: tokens of targets, or labelled pairs."""
    return "pairs" if "labels" in report.symbols else "tokens"


def parts_of_step(report: StepReport, epochs: int, unit: str) -> list[str]:
    """How far a run is, the most important first."""
    return [
        f"epoch {report.epoch}" + (f"/{epochs}" if epochs else ""),
        *([f"{duration(report.seconds_left)} left"] if report.seconds_left else []),
        f"loss {report.loss:.3f}",
        f"step {report.step:,}" + (f"/{report.steps_total:,}" if report.steps_total else ""),
        f"ppl {report.perplexity:.2f}",
        f"{report.tokens_per_second:,.0f} {unit}/s",
    ]
