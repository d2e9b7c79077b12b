"""Calibrations and answers that are made up, for whoever needs some without a model."""

from __future__ import annotations

import random

from seqloom.confidence import Calibration, Evidence, evidence
from seqloom.confidence.calibration import Found, settings_of
from seqloom.search import SearchConfig


def made_up(search: SearchConfig = SearchConfig(), measure: str = "exact_match") -> Calibration:  # noqa: B008
    weights = Evidence(0.9, 0.4, 0.3, -0.2, -1.5, -2.0)
    return Calibration(measure, 0.25, weights, settings_of(search), "dev.tsv", Found(300, 0.8, 0.1, 0.2, 0.02, 0.1))


def answers(count: int, sharpness: float = 1.0, seed: int = 1) -> tuple[list[Evidence], list[float]]:
    """Evidence of answers, and whether they are right: true log-odds are `sharpness` times those of the model."""
    chance = random.Random(seed)
    evidences, values = [], []
    for _ in range(count):
        tokens = [-chance.expovariate(4) for _ in range(chance.randint(1, 8))]
        known = evidence(tokens, unread=False, at_limit=False)
        right = 1 / (1 + 2.718281828459045 ** -(sharpness * known.answer))
        evidences.append(known)
        values.append(float(chance.random() < right))
    return evidences, values
