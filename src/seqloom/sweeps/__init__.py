"""Many runs with drawn settings: Optuna proposes, training reports, bad trials end early."""

from __future__ import annotations

from seqloom.sweeps.results import SweepResults, TrialResult
from seqloom.sweeps.runner import run_sweep
from seqloom.sweeps.sweep import Sweep, SweepSection, load_sweep

__all__ = ["Sweep", "SweepResults", "SweepSection", "TrialResult", "load_sweep", "run_sweep"]
