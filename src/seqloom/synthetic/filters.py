"""Which answers of a model are worth learning from: the reasons to leave one out, and a count of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from seqloom.errors import ConfigError
from seqloom.metrics.text_form import in_one_form
from seqloom.prediction import Prediction

AT_LIMIT = "answers at the length limit, whose end may be missing"
COPIES = "answers that repeat their input"
CUT = "inputs that were longer than search.max_source_length"
EMPTY = "empty inputs"
NOTHING = "empty answers"
REPEATED = "inputs that had come before"
UNLIKELY = "answers with a lower score than was asked for"
UNLIKE = "pairs whose sides differ too much in length"


@dataclass(frozen=True)
class Filters:
    """What a made pair must be like to be kept.

    - `best`: the share of the pairs with the highest scores that is kept, above 0 and at most 1
    - `min_score`: the lowest score, the length-normalised log-probability of an answer; None for no limit. Answers that
      were looked up have no such score: `best` and `min_score` keep all of them.
    - `max_ratio`: how many times as many characters as the other a side may have; 0 for no limit
    - `drop_copies`: whether answers that are the same text as their input are left out

    Cut inputs, empty answers, and answers at the length limit are always left out.
    """

    best: float = 1.0
    min_score: float | None = None
    max_ratio: float = 0.0
    drop_copies: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.best <= 1:
            raise ConfigError(f"the share of the best answers must be above 0 and at most 1, not {self.best:g}")
        if self.max_ratio and not self.max_ratio >= 1:
            raise ConfigError(f"a ratio of lengths must be at least 1, or 0 for no limit, not {self.max_ratio:g}")

    def reason(self, source: str, answer: Prediction) -> str:
        """Why the pair is left out; empty if it is kept."""
        short, long = sorted((len(source), len(answer.text)))
        reasons = {
            CUT: answer.cut,
            NOTHING: not answer.text.strip(),
            AT_LIMIT: answer.at_limit,
            UNLIKELY: self.min_score is not None and answer.origin == "model" and answer.score < self.min_score,
            UNLIKE: bool(self.max_ratio) and long > self.max_ratio * short,
            COPIES: self.drop_copies and in_one_form(source.strip()) == in_one_form(answer.text.strip()),
        }
        return next((reason for reason, holds in reasons.items() if holds), "")


@dataclass
class Tally:
    """How many inputs were read, how many pairs were kept, and how many of the others were left out for what reason."""

    read: int = 0
    kept: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def sentences(self) -> Iterator[str]:
        """One sentence for each reason."""
        for reason, count in self.left_out.most_common():
            yield f"left out: {count:,} {reason}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"read": self.read, "kept": self.kept, "left_out": dict(self.left_out.most_common())}
