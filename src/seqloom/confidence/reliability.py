"""How far confidences can be trusted, measured on answers whose worth is known.

expected calibration error  Σ_b n_b/n · |mean worth of bin b - mean confidence of bin b|, over 15 bins of equal width
                            (Guo et al. 2017, eq. 3)
Brier score                 the mean of (confidence - worth)² (Brier 1950)
coverage                    what the most confident part of the answers is worth (selective prediction; Geifman &
                            El-Yaniv 2017)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = 15
SHARES = (0.5, 0.7, 0.8, 0.9, 0.95, 1.0)
"""The parts of the answers, the most confident first, whose worth is shown."""


@dataclass(frozen=True)
class Bin:
    """The answers with a confidence above `low` and at most `high`: how many, and their mean confidence and worth."""

    low: float
    high: float
    answers: int
    confidence: float
    worth: float


@dataclass(frozen=True)
class Coverage:
    """The most confident `share` of all answers: how many, the lowest confidence among them, and their mean worth."""

    share: float
    answers: int
    least: float
    worth: float


@dataclass(frozen=True)
class Reliability:
    """How confidences and the worth of answers agree; `measure` is what the worth was measured by.

    `answers` is the number of answers with a confidence, `without` that of the others, which count in no figure here.
    `confidence` and `worth` are means.
    """

    measure: str
    answers: int
    without: int
    confidence: float
    worth: float
    calibration_error: float
    brier: float
    bins: tuple[Bin, ...]
    coverage: tuple[Coverage, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "measure": self.measure,
            "answers": self.answers,
            "without_confidence": self.without,
            "mean_confidence": self.confidence,
            "mean_worth": self.worth,
            "expected_calibration_error": self.calibration_error,
            "brier_score": self.brier,
            "bins": [asdict(each) for each in self.bins],
            "coverage": [asdict(each) for each in self.coverage],
        }


def reliability(
    measure: str, confidences: Sequence[float | None], values: Sequence[float], shares: Sequence[float] = SHARES
) -> Reliability | None:
    """Compare confidences with what the answers were worth, both from 0 to 1; None if no answer has a confidence."""
    given = [(own, value) for own, value in zip(confidences, values, strict=True) if own is not None]
    if not given:
        return None
    sure, worth = np.array(given, np.float64).T
    return Reliability(
        measure=measure,
        answers=len(given),
        without=len(values) - len(given),
        confidence=float(sure.mean()),
        worth=float(worth.mean()),
        calibration_error=calibration_error(sure, worth),
        brier=brier(sure, worth),
        bins=tuple(_bins(sure, worth)),
        coverage=tuple(_coverage(sure, worth, shares)),
    )


def calibration_error(sure: NDArray[np.float64], worth: NDArray[np.float64]) -> float:
    """The expected calibration error, from 0 to 1 (Guo et al. 2017, eq. 3)."""
    return math.fsum(each.answers * abs(each.confidence - each.worth) for each in _bins(sure, worth)) / len(sure)


def brier(sure: NDArray[np.float64], worth: NDArray[np.float64]) -> float:
    """The Brier score, from 0 to 1: the mean squared difference."""
    return float(np.mean((sure - worth) ** 2))


def _bins(sure: NDArray[np.float64], worth: NDArray[np.float64]) -> list[Bin]:
    """The bins of equal width that hold any answers."""
    places = np.clip(np.ceil(sure * BINS).astype(int) - 1, 0, BINS - 1)
    found = []
    for place in range(BINS):
        here = places == place
        if here.any():
            means = float(sure[here].mean()), float(worth[here].mean())
            found.append(Bin(place / BINS, (place + 1) / BINS, int(here.sum()), *means))
    return found


def _coverage(sure: NDArray[np.float64], worth: NDArray[np.float64], shares: Sequence[float]) -> list[Coverage]:
    order = np.argsort(-sure, kind="stable")
    counts = [(share, math.ceil(share * len(order) - 1e-9)) for share in shares]
    return [
        Coverage(share, count, float(sure[order[count - 1]]), float(worth[order[:count]].mean()))
        for share, count in counts
    ]
