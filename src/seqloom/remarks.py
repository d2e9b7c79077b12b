"""What a user should know about answers as a whole: inputs that were cut, unknown symbols, answers at the limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from seqloom.prediction import Prediction

NAMED = 5
"""Inputs and symbols that a sentence names; of the others it gives the number."""


@dataclass
class Remarks:
    """Counts of what is to be said, over all answers that were added; inputs are numbered from 1 in that order."""

    answers: int = 0
    cut: list[int] = field(default_factory=list)
    """Numbers of the inputs that lost their end."""
    unknown: list[int] = field(default_factory=list)
    """Numbers of the inputs with symbols that the model never saw."""
    symbols: Counter[str] = field(default_factory=Counter)
    """Those symbols, and how many inputs have them."""
    at_limit: list[int] = field(default_factory=list)
    """Numbers of the inputs whose answer is as long as the search allows."""
    unwritable: list[int] = field(default_factory=list)
    """Numbers of the inputs whose given target has symbols that the model cannot write."""
    targets: Counter[str] = field(default_factory=Counter)
    """Those symbols, and how many targets have them."""

    @classmethod
    def of(cls, predictions: Iterable[Prediction]) -> Self:
        """The remarks on some answers."""
        remarks = cls()
        for prediction in predictions:
            remarks.add(prediction)
        return remarks

    def add(self, prediction: Prediction) -> None:
        """Count one more answer."""
        self.note(prediction.cut, prediction.unknown, at_limit=prediction.at_limit)

    def note(
        self, cut: bool, unknown: Sequence[str], unwritable: Sequence[str] = (), *, at_limit: bool = False
    ) -> None:
        """Count one more input by what is to be said of it."""
        self.answers += 1
        if cut:
            self.cut.append(self.answers)
        if unknown:
            self.unknown.append(self.answers)
            self.symbols.update(unknown)
        if at_limit:
            self.at_limit.append(self.answers)
        if unwritable:
            self.unwritable.append(self.answers)
            self.targets.update(unwritable)

    def sentences(self) -> list[str]:
        """One sentence for each kind of remark, in plain words; empty where there is nothing to say."""
        said = []
        if self.cut:
            said.append(
                f"{_inputs(self.cut, self.answers)} longer than search.max_source_length and "
                f"lost {'its' if len(self.cut) == 1 else 'their'} end: "
                f"{_numbers(self.cut)}"
            )
        if self.unknown:
            said.append(
                f"{_inputs(self.unknown, self.answers)} written with symbols that are unknown to the model, such as "
                f"{_symbols(self.symbols)}: {_numbers(self.unknown)}"
            )
        if self.unwritable:
            one = len(self.unwritable) == 1
            said.append(
                f"{len(self.unwritable):,} of {self.answers:,} targets {'has' if one else 'have'} symbols that the "
                f"model cannot write, so that loss and perplexity count the unknown token there, such as "
                f"{_symbols(self.targets)}: {_numbers(self.unwritable)}"
            )
        if self.at_limit:
            said.append(
                f"{len(self.at_limit):,} of {self.answers:,} answers end at the length limit (search.max_length_ratio, "
                f"search.max_length_extra), so that their end may be missing: {_numbers(self.at_limit)}"
            )
        return said

    def to_json(self) -> dict[str, Any]:
        """How many inputs each remark is about, and the unknown symbols with the number of inputs that have them."""
        return {
            "answers": self.answers,
            "cut": len(self.cut),
            "unknown": len(self.unknown),
            "unknown_symbols": dict(self.symbols.most_common()),
            "at_limit": len(self.at_limit),
            "unwritable": len(self.unwritable),
            "unwritable_symbols": dict(self.targets.most_common()),
        }


def in_few_words(counts: Mapping[str, Any]) -> str:
    """The counts of `Remarks.to_json`, to stand in a line with other figures; empty where there is nothing to say."""
    names = {
        "at_limit": "answers at the length limit",
        "unknown": "inputs with unknown symbols",
        "cut": "inputs without their end",
    }
    return ", ".join(f"{name}: {counts[key]:,}" for key, name in names.items() if counts.get(key))


def _inputs(numbers: Sequence[int], total: int) -> str:
    return f"{len(numbers):,} of {total:,} inputs {'is' if len(numbers) == 1 else 'are'}"


def _symbols(counts: Counter[str]) -> str:
    """The most frequent symbols, and how many there are."""
    shown = ", ".join(repr(symbol) for symbol, _ in counts.most_common(NAMED))
    return f"{shown} ({len(counts):,} in all)"


def _numbers(numbers: Sequence[int]) -> str:
    """The first few numbers, and how many more there are."""
    shown = ", ".join(f"{number:,}" for number in numbers[:NAMED])
    more = len(numbers) - NAMED
    return f"input {shown}" + (f" and {more:,} more" if more > 0 else "")
