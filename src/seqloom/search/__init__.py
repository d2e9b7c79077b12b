"""A stepper → hypotheses: greedy and beam search as pure tensor operations. Knows no model class.

Settings and hypotheses are free of torch; the rest is imported when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqloom.lazy import lazily
from seqloom.search.config import SearchConfig
from seqloom.search.found import Hypothesis
from seqloom.search.shortlist import Shortlist

if TYPE_CHECKING:
    from seqloom.search.beam import search
    from seqloom.search.shortlisted import narrowed
    from seqloom.search.stepper import EnsembleStepper, ModelStepper, Stepper
else:
    __getattr__ = lazily(
        __name__,
        {
            "search": "seqloom.search.beam",
            "narrowed": "seqloom.search.shortlisted",
            "EnsembleStepper": "seqloom.search.stepper",
            "ModelStepper": "seqloom.search.stepper",
            "Stepper": "seqloom.search.stepper",
        },
    )

__all__ = [
    "EnsembleStepper",
    "Hypothesis",
    "ModelStepper",
    "SearchConfig",
    "Shortlist",
    "Stepper",
    "narrowed",
    "search",
]
