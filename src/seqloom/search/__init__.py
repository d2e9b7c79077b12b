"""A stepper → hypotheses: greedy and beam search as pure tensor operations. Knows no model class."""

from __future__ import annotations

from seqloom.search.beam import search
from seqloom.search.config import SearchConfig
from seqloom.search.hypotheses import Hypothesis
from seqloom.search.stepper import EnsembleStepper, ModelStepper, Stepper

__all__ = ["EnsembleStepper", "Hypothesis", "ModelStepper", "SearchConfig", "Stepper", "search"]
