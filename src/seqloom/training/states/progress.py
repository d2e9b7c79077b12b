"""The progress of a run: everything but tensors that changes while it trains, as values to save."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from seqloom.checkpoint.format import FileRecord
from seqloom.data.batching import Position
from seqloom.losses import perplexity
from seqloom.training.reports import StepReport
from seqloom.training.stopping import Selection
from seqloom.training.updates.health import Health
from seqloom.training.updates.schedules import Plateau
from seqloom.training.updates.step import Window


@dataclass
class Progress:
    """How far a run has come.

    `position` is the next batch; `evaluated` the update after which the dev data were last evaluated; `tokens` and
    `seconds` count the target tokens and the time trained; `limit` is the smallest batch size that did not fit into
    memory (0: none); `kept` holds size and hash of the files of kept weights, by update; `figures` are the dev figures
    of the best weights; `processes` is how many processes trained together.
    """

    selection: Selection
    step: int = 0
    position: Position = field(default_factory=Position)
    evaluated: int = 0
    tokens: int = 0
    seconds: float = 0.0
    limit: int = 0
    health: Health = field(default_factory=Health)
    window: Window = field(default_factory=Window)
    plateau: Plateau = field(default_factory=Plateau)
    kept: dict[int, FileRecord] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)
    processes: int = 1

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "step": self.step,
            "position": asdict(self.position),
            "evaluated": self.evaluated,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "limit": self.limit,
            "health": list(self.health),
            "window": self.window.to_json(),
            "selection": self.selection.to_json(),
            "plateau": list(self.plateau),
            "figures": self.figures,
            "kept": {str(step): asdict(record) for step, record in self.kept.items()},
            "processes": self.processes,
        }

    def restore(self, values: dict[str, Any]) -> None:
        """Restore what `to_json` returned."""
        self.selection = self.selection.restored(values["selection"])
        self.step, self.evaluated = int(values["step"]), int(values["evaluated"])
        self.position = Position(**values["position"])
        self.tokens, self.seconds = int(values["tokens"]), float(values["seconds"])
        self.limit, self.health = int(values["limit"]), Health(*values["health"])
        self.window = Window(**values["window"])
        self.plateau = Plateau(*values["plateau"])
        self.figures = dict(values["figures"])
        self.kept = {int(step): FileRecord(**record) for step, record in values["kept"].items()}
        self.processes = int(values["processes"])

    def means(self, epoch: int, total: int, rate: float) -> StepReport:
        """Return a report of the progress with the means since the last call; `total` is the planned number of updates
        (0: unknown)."""
        window, self.window = self.window, Window()
        began = time.perf_counter()
        loss = window.loss
        waiting = time.perf_counter() - began  # reading the loss waits for the GPU
        seconds = max(window.seconds + waiting, 1e-9)
        self.seconds += waiting
        return StepReport(
            epoch=epoch,
            step=self.step,
            steps_total=total,
            loss=loss,
            perplexity=perplexity(loss),
            tokens_per_second=window.tokens / seconds,
            learning_rate=rate,
            gradient_norm=float(window.gradient_norm) / window.steps,
            data_wait=window.waited / seconds,
            seconds=self.seconds,
            seconds_left=max(0, total - self.step) * self.seconds / self.step,
        )

    def forget_kept(self, steps: set[int]) -> None:
        """Remove the evaluations after these updates, whose weights are lost."""
        self.kept = {step: record for step, record in self.kept.items() if step not in steps}
        self.selection = self.selection.without(steps)
