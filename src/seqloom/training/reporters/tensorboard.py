"""Curves for TensorBoard."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from seqloom.errors import missing_package
from seqloom.training.reports import EvalReport, Report, ResumeReport, ReturnReport, StepReport


class TensorBoardReporter:
    """Writes scalars under `train/` and `dev/` into an event folder, which is made with the first one.

    When the run is resumed or goes back, TensorBoard is told to discard the points of updates that no longer count.
    """

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - optional package
        except ImportError:
            raise missing_package("tensorboard", "tensorboard", "the TensorBoard log") from None
        self._open = partial(SummaryWriter, str(folder))
        self._writer: Any = None
        self._first = 1

    def show(self, report: Report) -> None:
        """Add the points of a report about training or an evaluation."""
        if isinstance(report, ResumeReport | ReturnReport):
            self.close()
            self._first = report.step + 1
        elif isinstance(report, StepReport):
            names = ("loss", "perplexity", "tokens_per_second", "learning_rate", "gradient_norm", "data_wait")
            self._add("train", {name: getattr(report, name) for name in names}, report.step)
        elif isinstance(report, EvalReport):
            self._add("dev", {"loss": report.loss, "perplexity": report.perplexity, **report.metrics}, report.step)

    def close(self) -> None:
        """Write buffered points and close the event file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _add(self, group: str, values: dict[str, float], step: int) -> None:
        if self._writer is None:
            self._writer = self._open(purge_step=self._first)
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)
