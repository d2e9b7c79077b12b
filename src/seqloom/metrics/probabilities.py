"""How good probabilities of labels are, whatever is decided by them.

    log loss    -1/N Σ_i log p_i(y_i), in nats                        (Good 1952)
    Brier       1/N Σ_i Σ_c (p_i(c) - [y_i = c])²                     (Brier 1950); of two labels half of it, which is
                                                                      the mean of (p - y)² of either
    AUROC       the probability that an example with a label has a larger probability of it than one without, where
                equal ones count half: the area under the curve of true by false positive rates (Hanley & McNeil 1982);
                of two labels that of either, of more the mean over all labels, each against the rest
    average precision   Σ_k (R_k - R_{k-1}) P_k over the thresholds k, from the largest probability down

Where several labels are right at once, each label of each example is a question of its own: log loss and Brier score
are means over all of these. `probabilities` and `given` have one row for each example and one column for each label
[N, C]. The conventions are those of scikit-learn.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Given = NDArray[np.bool_]
LEAST = float(np.finfo(np.float64).eps)
"""The least probability of which a logarithm is taken, so that one certain error leaves the log loss finite."""


class Curve(NamedTuple):
    """Points of a curve, one for each threshold: `x` and `y` are rates from 0 to 1, `area` is what lies below it."""

    x: Array
    y: Array
    area: float


def log_loss(probabilities: Array, given: Given, *, several: bool = False) -> float:
    """The mean negative log-probability of what is right, in nats."""
    clipped = np.clip(probabilities, LEAST, 1 - LEAST if several else 1)
    if several:
        return float(-np.log(np.where(given, clipped, 1 - clipped)).mean())
    return float(-np.log(clipped[given]).mean())


def brier_score(probabilities: Array, given: Given, *, several: bool = False) -> float:
    """The Brier score: from 0 to 1, and to 2 where one of more than two labels is right."""
    squares = (probabilities - given) ** 2
    if several or probabilities.shape[1] == 2:
        return float(squares.mean())
    return float(squares.sum(1).mean())


def auroc(probabilities: Array, given: Given) -> float | None:
    """The mean area under the ROC curves of all labels; None where a label is that of all examples or of none."""
    areas = [roc(*column) for column in zip(probabilities.T, given.T, strict=True)]
    if not areas or any(each is None for each in areas):
        return None
    return float(np.mean([each.area for each in areas if each is not None]))


def roc(probabilities: Array, given: Given) -> Curve | None:
    """True positive rates (y) by false positive rates (x) of one label [N], from (0, 0) to (1, 1); None where it is the
    label of all examples or of none."""
    if given.all() or not given.any():
        return None
    hits, taken = _counts(probabilities, given)
    x = np.concatenate([[0.0], (taken - hits) / (len(given) - given.sum())])
    y = np.concatenate([[0.0], hits / given.sum()])
    return Curve(x, y, float(np.trapezoid(y, x)))


def precision_recall(probabilities: Array, given: Given) -> Curve | None:
    """Precision (y) by recall (x) of one label [N], from the largest threshold to the smallest; the area is the average
    precision. None where no example has the label."""
    if not given.any():
        return None
    hits, taken = _counts(probabilities, given)
    recall, precision = hits / given.sum(), hits / taken
    area = float((np.diff(recall, prepend=0.0) * precision).sum())
    return Curve(np.concatenate([[0.0], recall]), np.concatenate([[1.0], precision]), area)


def _counts(probabilities: Array, given: Given) -> tuple[Array, Array]:
    """How many examples with the label, and how many at all, reach each of the different probabilities, the largest
    first."""
    order = np.argsort(-probabilities, kind="stable")
    ranked = probabilities[order]
    ends = np.flatnonzero(np.append(ranked[1:] < ranked[:-1], True))  # equal ones are taken together
    return np.cumsum(given[order])[ends].astype(np.float64), (ends + 1).astype(np.float64)
