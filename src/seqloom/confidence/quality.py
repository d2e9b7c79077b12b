"""What an answer was worth, from 0 to 1, and by which measure a model's confidence is understood.

Where answers can be right as a whole, the worth is 1 for a right answer and 0 for any other (`exact_match`), and a
confidence is the probability that the answer is right. Of two good translations of one sentence none need equal the
reference: exact match says nothing there. A confidence is then the expected value of the main measure for this
sentence, such as its BLEU, divided by 100.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext

from seqloom.errors import ConfigError
from seqloom.metrics import METRICS, metric
from seqloom.plugins import at_work

EXACT = "exact_match"
WHOLE = frozenset({"exact_match", "error_rate", "accuracy", "macro_f1", "cer", "per", "wer"})
"""Measures of answers that are right or wrong as a whole, or of the edits that wrong ones need."""


def chosen_measure(measures: Sequence[str]) -> str:
    """The measure of confidence for a model with these measures, the main one first: exact match where one of them is
    of whole answers, otherwise the main one."""
    if not measures or any(name.partition(":")[0] in WHOLE for name in measures):
        return EXACT
    return measures[0]


def worth(measure: str, texts: Sequence[str], references: Sequence[str | Sequence[str]]) -> list[float]:
    """The value of each answer by itself, from 0 (worst) to 1 (right), by a measure of `seqloom.metrics`."""
    measured = metric(measure)
    own = measure.partition(":")[0] in METRICS.own
    with nullcontext() if own else at_work(f"metric {measure!r}"):
        values = measured.per_example(list(texts), references)
    if not all(map(math.isfinite, values)):
        raise ConfigError(f"the metric {measure!r} of a plugin must give finite numbers for each example")
    good = (value if measured.higher_is_better else 100 - value for value in values)
    return [min(max(value / 100, 0.0), 1.0) for value in good]


def meaning(measure: str) -> str:
    """What a confidence says, as a phrase."""
    if measure == EXACT:
        return "the probability that the answer is exactly right"
    return f"the expected {measure} of the answer, from 0 to 1"
