"""The laws of metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from seqloom.errors import DataError
from seqloom.metrics import metric
from seqloom.metrics.base import comparable
from seqloom.testing.comparing import METRIC, failures_are_told, require

PREDICTIONS = ("a b c d", "e f g h i", "", "x y z w", "same words here and there", "a", "b b b b b")
REFERENCES = (
    ("a b c d",),
    ("e f g i i", "e f g h"),
    ("p q r s",),
    ("x z y v", "x y z w"),
    ("same words here and there",),
    ("b b b a",),
    ("b b b b",),
)
"""Right answers are so long that measures of runs of up to four words can be perfect."""


@failures_are_told
def check_metric(
    name: str,
    predictions: Sequence[str] = PREDICTIONS,
    references: Sequence[str | Sequence[str]] = REFERENCES,
) -> None:
    """Try the laws of metrics on one of `METRICS`, such as `chrf` or `mine`, whose plugin must be in use.

    Its statistics are one finite row for each example; the figure of a corpus follows from their sum alone, so that
    resampling may weigh them; order does not matter; right answers are perfect; figures keep their bounds; corpora that
    do not fit are refused. `predictions` and `references` are a corpus on which this is tried, such as one of the texts
    that the metric is for. Raises `AssertionError` where a law is broken.
    """
    measured, where, count = metric(name), f"metric {name}", len(predictions)
    require(METRIC, where, measured.name == name, f"it must bear the name that it was made with, not {measured.name!r}")
    answers, accepted = comparable(predictions, references)
    rows = measured.statistics(answers, accepted)
    shaped = rows.ndim == 2 and rows.shape[0] == count and bool(np.isfinite(rows).all())
    shape = list(rows.shape)
    require(METRIC, where, shaped, f"statistics must be finite numbers [{count}, K], not {rows.dtype} {shape}")
    score = measured.compute(predictions, references)
    for weights, copies in ((None, 1), (np.ones(count), 1), (np.full(count, 2.0), 2)):
        summed = measured.value(measured.total(rows, weights))
        whole = measured.compute([*predictions] * copies, [*references] * copies).value
        _same(where, f"the figure of {copies} x the corpus and of its weighted statistics", whole, summed)
    turned = measured.compute(list(reversed(predictions)), list(reversed(references))).value
    _same(where, "the figure of a corpus and of the same in reverse order", score.value, turned)
    most = 100 + 1e-9 if measured.higher_is_better else math.inf
    require(METRIC, where, 0 <= score.value <= most, f"a figure must be in percent, not {score.value}")
    alone = measured.per_example(predictions, references)
    good = len(alone) == count and all(0 <= each <= most for each in alone)
    require(METRIC, where, good, f"each example alone must have a figure in percent, not {alone}")
    right = [text[0] for text in accepted]
    _same(where, "the figure of right answers", measured.compute(right, references).value, measured.perfect)
    empty = measured.compute([""] * count, references).value
    require(METRIC, where, 0 <= empty <= most, f"empty answers must have a figure, not {empty}")
    for wrong, given in (([], []), (["a", "b"], ["a"]), (["a"], [[]])):
        try:
            measured.compute(wrong, given)
        except DataError:
            continue
        require(METRIC, where, False, f"{len(wrong)} answers with {given} as references must be refused by a DataError")


def _same(where: str, what: str, one: float, other: float) -> None:
    same = math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-6)
    require(METRIC, where, same, f"{what} are {one:.6g} and {other:.6g}")
