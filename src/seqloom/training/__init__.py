"""Training: `train` yields a stream of reports and leaves a model folder."""

from __future__ import annotations

from seqloom.training.config import RunConfig, TrainingConfig
from seqloom.training.loop import train
from seqloom.training.setup import Inputs

__all__ = ["Inputs", "RunConfig", "TrainingConfig", "train"]
