"""What a run would choose and how long it would take, without training."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch

from seqloom.config import to_toml
from seqloom.model import parameter_count
from seqloom.planning import Plan
from seqloom.training.config import RunConfig
from seqloom.training.setup import Inputs, prepare
from seqloom.training.time_plan import Trained, measured_speed


@dataclass(frozen=True)
class Forecast:
    """A run that has not been trained: its settings, why they were chosen, and how long it would take here.

    - `given`: the dotted names of the settings that were given
    - `notices`, `details`, `warnings`: what training would say before its first update, what follows from that, and
      what will probably go badly
    - `weights`: the size of the network
    - `updates`, `evaluations`, `seconds`: the length of the run; the time is estimated from a few updates
    - `device`, `threads`: where these updates were made, and on how many threads of the processor
    """

    config: RunConfig
    given: frozenset[str]
    plan: Plan
    notices: tuple[str, ...]
    details: tuple[str, ...]
    warnings: tuple[str, ...]
    weights: int
    updates: int
    evaluations: int
    seconds: float
    device: str
    threads: int

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        values = {**asdict(self), "config": self.config.model_dump(mode="json"), "plan": self.plan.to_json()}
        values["given"] = sorted(self.given)
        return {**values, "seconds": round(self.seconds, 1)}

    def to_toml(self) -> str:
        """The whole configuration, which trains this run where it is given to `seqloom train`."""
        return to_toml(self.config)


def forecast(config: RunConfig, inputs: Inputs = Inputs()) -> Forecast:  # noqa: B008 - a frozen value
    """Choose all settings for the training pairs as training would, and measure how long it would take."""
    prepared = prepare(config, inputs)
    training, updates = prepared.config.training, prepared.updates.total()
    per_epoch = prepared.sampler.count(0) / training.accumulate
    evaluations = math.ceil(updates / (training.evaluate_every or per_epoch)) if len(prepared.dev) else 0
    trained = Trained(prepared.codecs, prepared.train, prepared.dev, prepared.precision, prepared.device)
    speed = measured_speed(prepared.config, prepared.model, trained)
    return Forecast(
        config=prepared.config,
        given=config.given,
        plan=prepared.plan,
        notices=tuple(prepared.notices),
        details=tuple(prepared.details),
        warnings=tuple(prepared.warnings),
        weights=parameter_count(prepared.model),
        updates=updates,
        evaluations=evaluations,
        seconds=speed.seconds(updates, evaluations),
        device=prepared.device.type,
        threads=torch.get_num_threads(),
    )
