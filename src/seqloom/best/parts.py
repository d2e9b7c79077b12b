"""The runs that a best model is made of, each in a folder of its own, from which it can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from seqloom.api import load_torch, train_run
from seqloom.config import build, laid_over
from seqloom.metrics import metric
from seqloom.planning import listed
from seqloom.training import RunConfig
from seqloom.training.states.folder import RunFolder

Say = Callable[[str], None]


@dataclass(frozen=True)
class Part:
    """A model that was trained on the way, and its figure on the dev pairs."""

    folder: Path
    settings: Mapping[str, Any]
    figure: float


@dataclass(frozen=True)
class Parts:
    """The folder of the runs; `updates` is how many a whole run makes, `measure` the metric that decides."""

    folder: Path
    config: RunConfig
    updates: int
    measure: str
    say: Say
    progress: TextIO | None = None

    def trained(self, name: str, settings: Mapping[str, Any], *, share: float = 1.0, seed: int | None = None) -> Part:
        """Train a model with some settings changed, or go on with it where it was stopped, and measure it."""
        folder = self.folder / name
        own = {} if seed is None else {"training.seed": seed}
        config = self.config_of({**own, **settings}, share=share)
        changed = f", {listed(settings)}" if settings else ""
        self.say(f"{name}: {config.training.max_steps:,} updates{changed}")
        run = RunFolder(folder)
        model = load_torch(folder) if run.finished else train_run(config, folder, resume=True, progress=self.progress)
        figure = self.figure(model)
        self.say(f"{name}: {self.measure} {figure:.2f} on dev")
        return Part(folder, settings, figure)

    def config_of(self, settings: Mapping[str, Any], *, share: float = 1.0) -> RunConfig:
        """The configuration of a run with some settings changed, and a share of a whole run's updates."""
        updates = max(1, round(share * self.updates))
        fixed = {"plan.effort": "normal", "plan.minutes": 0.0, "training.epochs": 0, "training.max_steps": updates}
        return build(RunConfig, laid_over(self.config.given_values, {**fixed, **settings}))

    def figure(self, model: Any) -> float:
        """The figure of whatever answers as a model does, on all dev pairs."""
        return float(model.evaluate(list(self.config.data.dev), metrics=self.measure)[self.measure])

    def best(self, parts: list[Part]) -> Part:
        """The best of some parts; of equals the first."""
        sign = 1 if metric(self.measure).higher_is_better else -1
        return max(parts, key=lambda part: sign * part.figure)

    def better(self, first: float, second: float) -> bool:
        """Whether the first figure is better than the second."""
        return first > second if metric(self.measure).higher_is_better else first < second
