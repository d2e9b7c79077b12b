"""Hyperparameter search: Optuna proposes settings, each trial is a training run, and bad trials are pruned."""

from __future__ import annotations

from seqloom.sweeps.results import SweepResults, TrialResult
from seqloom.sweeps.runner import run_sweep
from seqloom.sweeps.sweep import Sweep, SweepSection, load_sweep

__all__ = ["Sweep", "SweepResults", "SweepSection", "TrialResult", "load_sweep", "run_sweep"]
