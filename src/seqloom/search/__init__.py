"""Greedy and beam search for the best outputs, and random sampling of outputs, as operations on tensors.

The search sees a model only through the `Stepper` interface, which yields the probabilities of the next token. Settings
and hypotheses can be imported without torch; everything that needs torch is imported when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from seqloom.lazy import lazily
from seqloom.search.config import SamplingConfig, SearchConfig
from seqloom.search.found import Hypothesis
from seqloom.search.shortlist import Shortlist

if TYPE_CHECKING:
    from seqloom.search.beam import search
    from seqloom.search.sampling import sample
    from seqloom.search.shortlisted import narrowed
    from seqloom.search.stepper import ModelStepper, Stepper
else:
    __getattr__ = lazily(
        __name__,
        {
            "search": "seqloom.search.beam",
            "sample": "seqloom.search.sampling",
            "narrowed": "seqloom.search.shortlisted",
            "ModelStepper": "seqloom.search.stepper",
            "Stepper": "seqloom.search.stepper",
        },
    )

__all__ = [
    "Hypothesis",
    "ModelStepper",
    "SamplingConfig",
    "SearchConfig",
    "Shortlist",
    "Stepper",
    "narrowed",
    "sample",
    "search",
]
