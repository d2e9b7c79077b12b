"""Fit the logistic regression that turns the evidence of an answer into a confidence.

    confidence = σ(b + w · evidence)         (Platt 1999; with log-odds as features also temperature scaling, Guo 2017)

The coefficients maximise the log-likelihood of what the answers were worth, minus half the squared distance from a
prior: that the model's own probability is right as it stands. With few answers the confidence therefore stays near that
probability; with many the prior does not matter. The problem is convex, and Newton's method solves it in a few steps. A
worth between 0 and 1 is a fractional outcome (Papke & Wooldridge 1996).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.confidence.calibration import Calibration, Found
from seqloom.confidence.evidence import Evidence
from seqloom.confidence.quality import EXACT
from seqloom.confidence.reliability import brier, calibration_error
from seqloom.errors import DataError

FEWEST = 20
"""The smallest number of answers that a calibration is fitted to."""
FOLDS = 5
"""Number of parts of the data for the cross-validated figures."""
DEVIATION = np.array([3.0, *[1.0] * len(Evidence._fields)])
"""Standard deviations of the prior: that of the intercept, then one for each feature."""
Array = NDArray[np.float64]


def fitted(
    evidences: Sequence[Evidence],
    values: Sequence[float],
    measure: str,
    search: Mapping[str, Any],
    *,
    data: str,
    groups: Sequence[Hashable] = (),
) -> Calibration:
    """Fit a calibration to answers with the given evidence that were worth `values`, each from 0 to 1.

    `measure` is what the worth was measured by, `search` the settings that the answers were found with, `data` names
    the data. Answers of the same group, such as those to the same input, are on one side of every cross-validation
    split. Raises `DataError` if there are fewer than `FEWEST` answers.
    """
    if len(values) < FEWEST:
        raise DataError(
            f"a calibration needs at least {FEWEST} answers, not {len(values)}",
            hint="some hundred pairs that the model was not trained on make a good one",
        )
    inputs = np.column_stack([np.ones(len(values)), np.array(evidences, np.float64)])
    worth = np.array(values, np.float64)
    prior = _prior(measure)
    held_out = np.empty(len(worth))
    folds = folds_of(groups or range(len(values)))
    for fold in range(FOLDS):
        here = folds == fold
        if here.any():
            held_out[here] = _sigmoid(inputs[here] @ _newton(inputs[~here], worth[~here], prior))
    raw = np.array([_raw(each, measure) for each in evidences])
    intercept, *weights = _newton(inputs, worth, prior).tolist()
    figures = Found(
        answers=len(values),
        worth=float(worth.mean()),
        raw_calibration_error=calibration_error(raw, worth),
        raw_brier=brier(raw, worth),
        calibration_error=calibration_error(held_out, worth),
        brier=brier(held_out, worth),
    )
    return Calibration(measure, intercept, Evidence(*weights), dict(search), data, figures)


def _prior(measure: str) -> Array:
    """The coefficients that leave the model's probability as it is: that of the whole answer, or that of a token."""
    whole = measure == EXACT
    return np.array([0.0, *Evidence(float(whole), float(not whole), 0.0, 0.0, 0.0, 0.0)])


def _raw(evidence: Evidence, measure: str) -> float:
    """The model's own probability, with which the confidence is compared."""
    return 1 / (1 + math.exp(-(evidence.answer if measure == EXACT else evidence.mean)))


def folds_of(groups: Sequence[Hashable]) -> NDArray[np.int64]:
    """The fold of each answer; groups are dealt out in turn."""
    number: dict[Hashable, int] = {}
    return np.array([number.setdefault(group, len(number)) % FOLDS for group in groups])


def _newton(inputs: Array, worth: Array, prior: Array) -> Array:
    """The coefficients of the maximum a posteriori, by Newton's method with halved steps."""
    precision = DEVIATION**-2.0

    def cost(point: Array) -> float:
        scores = inputs @ point
        fit = float(np.sum(np.logaddexp(0, scores) - worth * scores))
        return fit + 0.5 * float(np.sum(precision * (point - prior) ** 2))

    point, before = prior.copy(), cost(prior)
    for _ in range(100):
        predicted = _sigmoid(inputs @ point)
        slope = inputs.T @ (predicted - worth) + precision * (point - prior)
        curvature = (inputs.T * (predicted * (1 - predicted))) @ inputs + np.diag(precision)
        step = np.linalg.solve(curvature, slope)
        scale, after = 1.0, cost(point - step)
        while after > before and scale > 1e-6:
            scale /= 2
            after = cost(point - scale * step)
        if after >= before - 1e-10:
            break
        point, before = point - scale * step, after
    return point


def _sigmoid(scores: Array) -> Array:
    return 0.5 * (1 + np.tanh(scores / 2))
