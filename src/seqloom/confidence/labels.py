"""Calibration of labels: one temperature for all scores, and for several labels at once a threshold for each.

    p = softmax(s / T)  or  p_c = σ(s_c / T)          (temperature scaling, Guo et al. 2017, §4.2)

T maximises the likelihood of the right labels of data that the model was not trained on. It changes no order, so that
the best label stays the best. A label's threshold is the one with the best F1 of this label on the same data.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.confidence.calibration import FORMAT, HINT, FittedCalibration, Found, check_format
from seqloom.confidence.fitting import FEWEST, FOLDS, folds_of
from seqloom.confidence.quality import EXACT
from seqloom.confidence.reliability import brier, calibration_error
from seqloom.errors import DataError, ModelFolderError
from seqloom.search.config import SearchConfig

KIND = "temperature"
RANGE = (1 / 20, 20.0)
"""The smallest and the largest temperature that is fitted."""
Array = NDArray[np.float64]
Given = NDArray[np.bool_]


def log_probabilities(scores: Array, *, several: bool) -> Array:
    """The log-probability of each label [B, C]: a log-softmax, or a log-sigmoid where there are several at once."""
    if several:
        return -np.logaddexp(0, -scores)
    top = scores.max(1, keepdims=True)
    shifted = scores - top
    return np.asarray(shifted - np.log(np.exp(shifted).sum(1, keepdims=True)))


@dataclass(frozen=True)
class LabelCalibration(FittedCalibration):
    """The temperature of a model's scores, and the threshold of each label where several are given at once.

    Without `thresholds` there is one label, the most probable. The confidence of an answer is its probability.
    """

    temperature: float
    thresholds: tuple[float, ...]
    data: str
    figures: Found
    measure: str = EXACT

    def mismatch(self, search: SearchConfig) -> str:
        """Nothing: no setting of a search changes what a label's probability is."""
        del search
        return ""

    @property
    def search(self) -> Mapping[str, Any]:
        """The settings of a search that it depends on: none."""
        return {}

    def sentence(self) -> str:
        """What was found when the calibration was fitted, in one sentence."""
        found = self.figures
        each = ", and a threshold for each label" if self.thresholds else ""
        return (
            f"confidence is {self.meaning}: temperature {self.temperature:.2f}{each}, calibrated on {found.answers:,} "
            f"answers ({self.data}); {found.comparison}{self.rough}"
        )

    def to_values(self) -> dict[str, Any]:
        """Plain values for confidence.json."""
        return {
            "format": FORMAT,
            "kind": KIND,
            "measure": self.measure,
            "temperature": self.temperature,
            "thresholds": list(self.thresholds),
            "data": self.data,
            "figures": asdict(self.figures),
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any], where: str) -> LabelCalibration:
        """The calibration in the values of a file; refuses another format and numbers that are none."""
        check_format(values, where)
        try:
            thresholds = tuple(float(each) for each in values["thresholds"])
            found = Found(**values["figures"])
            read = cls(float(values["temperature"]), thresholds, str(values["data"]), found, str(values["measure"]))
        except (KeyError, TypeError, ValueError):
            raise ModelFolderError(
                "must hold temperature, thresholds, measure, data and figures", where=where, hint=HINT
            ) from None
        if not (math.isfinite(read.temperature) and read.temperature > 0 and all(map(math.isfinite, thresholds))):
            raise ModelFolderError("the temperature must be above 0 and thresholds finite", where=where, hint=HINT)
        return read


def fitted_labels(
    scores: Array, given: Given, *, several: bool, data: str, groups: Sequence[Hashable] = ()
) -> LabelCalibration:
    """Fit a calibration to the scores [N, C] of answers and the labels that are right for them.

    An answer without a right label among the C cannot be right; it counts in the figures and not for the temperature.
    Answers of one group are on one side of every cross-validation split. Raises `DataError` if there are fewer than
    `FEWEST` answers.
    """
    if len(scores) < FEWEST:
        raise DataError(
            f"a calibration needs at least {FEWEST} answers, not {len(scores)}",
            hint="some hundred pairs that the model was not trained on make a good one",
        )
    own, right = _judged(scores, given, 1.0, (), several=several)
    held_out, later = np.empty(len(scores)), np.empty(len(scores))
    folds = folds_of(groups or range(len(scores)))
    for fold in range(FOLDS):
        here = folds == fold
        if here.any():
            temperature, thresholds = _learned(scores[~here], given[~here], several=several)
            held_out[here], later[here] = _judged(scores[here], given[here], temperature, thresholds, several=several)
    temperature, thresholds = _learned(scores, given, several=several)
    figures = Found(
        answers=len(scores),
        worth=float(_judged(scores, given, temperature, thresholds, several=several)[1].mean()),
        raw_calibration_error=calibration_error(own, right),
        raw_brier=brier(own, right),
        calibration_error=calibration_error(held_out, later),
        brier=brier(held_out, later),
    )
    return LabelCalibration(temperature, thresholds, data, figures)


def _learned(scores: Array, given: Given, *, several: bool) -> tuple[float, tuple[float, ...]]:
    """The temperature, and a threshold for each label where there are several at once."""
    temperature = best_temperature(scores, given, several=several)
    if not several:
        return temperature, ()
    probabilities = np.exp(log_probabilities(scores / temperature, several=True))
    return temperature, tuple(best_threshold(*column) for column in zip(probabilities.T, given.T, strict=True))


def _judged(
    scores: Array, given: Given, temperature: float, thresholds: Sequence[float], *, several: bool
) -> tuple[Array, Array]:
    """The probability of each answer [N], and whether it is right."""
    probabilities = np.exp(log_probabilities(scores / temperature, several=several))
    if not several:
        return probabilities.max(1), given[np.arange(len(given)), scores.argmax(1)].astype(np.float64)
    chosen = probabilities >= np.array(thresholds or [0.5] * scores.shape[1])
    sure = np.where(chosen, probabilities, 1 - probabilities).prod(1)
    return sure, (chosen == given).all(1).astype(np.float64)


def best_temperature(scores: Array, given: Given, *, several: bool) -> float:
    """The temperature with the largest likelihood of the given labels, by golden-section search over its logarithm.

    The negative log-likelihood is convex in 1/T and so has one minimum.
    """
    known = np.full(len(given), several) | given.any(1)
    scores, given = scores[known], given[known]

    def loss(place: float) -> float:
        log_probs = log_probabilities(scores * math.exp(-place), several=several)
        if not several:
            return float(-log_probs[given].sum())
        return float(-np.where(given, log_probs, log_probabilities(-scores * math.exp(-place), several=True)).sum())

    low, high = map(math.log, RANGE)
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(40):
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) <= loss(right) else (left, high)
    return math.exp((low + high) / 2)


def best_threshold(probabilities: Array, given: Given) -> float:
    """The threshold with the best F1 of a label, halfway between two probabilities; 0.5 for one that never occurs."""
    if not given.any():
        return 0.5
    order = np.argsort(-probabilities, kind="stable")
    sorted_probabilities, hits = probabilities[order], np.cumsum(given[order])
    taken = np.arange(1, len(order) + 1)
    scores = 2 * hits / (taken + given.sum())
    ends = np.append(sorted_probabilities[1:] < sorted_probabilities[:-1], True)  # equal ones are taken together
    best = int(np.flatnonzero(ends)[np.argmax(scores[ends])])
    after = sorted_probabilities[best + 1] if best + 1 < len(order) else 0.0
    return float((sorted_probabilities[best] + after) / 2)
