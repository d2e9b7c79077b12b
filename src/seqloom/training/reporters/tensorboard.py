"""Curves for TensorBoard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seqloom.errors import missing_package
from seqloom.training.reports import EvalReport, Report, StepReport


class TensorBoardReporter:
    """Writes scalars under `train/` and `dev/` into an event folder."""

    def __init__(self, folder: Path) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter  # noqa: PLC0415 - optional package
        except ImportError:
            raise missing_package("tensorboard", "tensorboard", "the TensorBoard log") from None
        self._writer: Any = SummaryWriter(str(folder))

    def show(self, report: Report) -> None:
        """Add the points of a report about an update."""
        if isinstance(report, StepReport):
            names = ("loss", "perplexity", "tokens_per_second", "learning_rate", "gradient_norm", "data_wait")
            self._add("train", {name: getattr(report, name) for name in names}, report.step)
        elif isinstance(report, EvalReport):
            self._add("dev", {"loss": report.loss, "perplexity": report.perplexity, **report.metrics}, report.step)

    def close(self) -> None:
        """Write what is buffered."""
        self._writer.close()

    def _add(self, group: str, values: dict[str, float], step: int) -> None:
        for name, value in values.items():
            self._writer.add_scalar(f"{group}/{name}", value, step)
