"""Judgements and findings → the pairs that the rest of the data contradicts, most suspicious first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.data.examples import Example
from seqloom.suspects.checks import Finding

ORDER = ("swapped", "symbols", "contradiction")
"""The kinds of findings, the most telling first."""
ROUNDING = 1e-6
"""Values with a smaller standard deviation than this are equal but for rounding."""


@dataclass(frozen=True)
class Judgement:
    """The log-probabilities that a model gives to a pair's target and to its own best answer.

    All are natural logarithms. `given` and `best` are those of the whole targets, end mark included; `tokens` and
    `best_tokens` are the numbers of their tokens, end marks counted. `worst` is that of the least likely token of the
    given target. `expected` is the text of the model's answer.
    """

    given: float
    tokens: int
    worst: float
    expected: str
    best: float
    best_tokens: int


@dataclass(frozen=True)
class Suspect:
    """A pair with what speaks against it.

    `score` is how many standard deviations its surprise (`surprises`) lies above the mean of its fold, and `expected`
    is what the model answers; both are None without a model. `reasons` are sentences.
    """

    pair: Example
    score: float | None
    expected: str | None
    reasons: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def disagrees(self) -> bool:
        """Whether the model answers something else than the given target."""
        return self.expected is not None and self.expected != self.pair.target

    def stands_out(self, above: float) -> bool:
        """Whether the sides seem to be swapped, or the model disagrees with a score of at least `above`."""
        return "swapped" in self.kinds or (self.disagrees and self.score is not None and self.score >= above)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "score": None if self.score is None else round(self.score, 3),
            "file": self.pair.origin.file,
            "line": self.pair.origin.line,
            "source": self.pair.source,
            "target": self.pair.target,
            "tags": list(self.pair.tags),
            "expected": self.expected,
            "kinds": list(self.kinds),
            "reasons": list(self.reasons),
        }


def surprises(judgements: Sequence[Judgement]) -> NDArray[np.float64]:
    """How much less likely, per token, each given target is than the model's best answer, in natural logarithms."""
    return np.array([each.best / each.best_tokens - each.given / each.tokens for each in judgements])


def standardised(values: NDArray[np.float64], folds: Sequence[int]) -> NDArray[np.float64]:
    """The values of each fold, less their mean, in standard deviations: models of folds are not equally good."""
    numbers, result = np.asarray(folds), np.zeros(len(values))
    for fold in set(folds):
        own = values[numbers == fold]
        deviation = float(own.std())
        result[numbers == fold] = (own - own.mean()) / deviation if deviation > ROUNDING else 0.0
    return result


def ranked(
    pairs: Sequence[Example],
    found: Sequence[tuple[Finding, ...]],
    judgements: Sequence[Judgement] | None = None,
    folds: Sequence[int] = (),
) -> tuple[Suspect, ...]:
    """All pairs, most suspicious first.

    Pairs that seem to be swapped come first, the others follow by their score. Without judgements the order is that of
    the findings: of `ORDER`, then the strongest first. Pairs with equal claims stay in the order of the data.
    """
    if judgements is None:
        made = [_suspect(pair, each, None, None) for pair, each in zip(pairs, found, strict=True)]
        claims = [_claim(each) for each in found]
    else:
        scores = standardised(surprises(judgements), folds).tolist()
        rows = zip(pairs, found, judgements, scores, strict=True)
        made = [_suspect(*row) for row in rows]
        claims = [(int("swapped" not in each.kinds), -(each.score or 0.0)) for each in made]
    order = sorted(range(len(pairs)), key=claims.__getitem__)
    return tuple(made[number] for number in order)


def _claim(found: Sequence[Finding]) -> tuple[int, float]:
    """The sort key of a pair by its most telling finding."""
    return min(((ORDER.index(each.kind), -each.strength) for each in found), default=(len(ORDER), 0.0))


def _suspect(pair: Example, found: Sequence[Finding], judgement: Judgement | None, score: float | None) -> Suspect:
    reasons = [each.reason for each in found]
    expected = None if judgement is None else judgement.expected
    if judgement is not None and expected != pair.target:
        given, best = judgement.given / judgement.tokens, judgement.best / judgement.best_tokens
        reasons.append(
            f"a model of the other pairs answers {expected!r}: log-probability a token {best:.2f}, and {given:.2f} for "
            "the given target"
        )
    return Suspect(pair, score, expected, tuple(reasons), tuple(each.kind for each in found))
