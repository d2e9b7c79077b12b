"""Warnings about a set of answers: inputs that were shortened, unknown symbols, answers at the length limit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from seqloom.prediction import Origin, Prediction

NAMED = 5
"""How many inputs or symbols a sentence names; for the rest it gives only their number."""


@dataclass
class Remarks:
    """Collects what a user should know about the answers that were added; inputs are numbered from 1 in that order."""

    answers: int = 0
    cut: list[int] = field(default_factory=list)
    """Numbers of the inputs whose end was left out because they were too long."""
    unknown: list[int] = field(default_factory=list)
    """Numbers of the inputs with symbols that the model never saw in training."""
    symbols: Counter[str] = field(default_factory=Counter)
    """The unknown symbols, and how many inputs contain each."""
    at_limit: list[int] = field(default_factory=list)
    """Numbers of the inputs whose answer is as long as the search allows."""
    unwritable: list[int] = field(default_factory=list)
    """Numbers of the inputs whose given target contains symbols that the model cannot write."""
    unscored: list[int] = field(default_factory=list)
    """Numbers of the inputs whose given target the model can never answer, so that it has no score."""
    targets: Counter[str] = field(default_factory=Counter)
    """The symbols that cannot be written, and how many targets contain each."""
    origins: Counter[Origin] = field(default_factory=Counter)
    """How many answers come from the network, from exceptions and from memory."""

    @classmethod
    def of(cls, predictions: Iterable[Prediction]) -> Self:
        """Collect the remarks on some predictions."""
        remarks = cls()
        for prediction in predictions:
            remarks.add(prediction)
        return remarks

    def add(self, prediction: Prediction) -> None:
        """Count one more prediction."""
        self.note(prediction.cut, prediction.unknown, at_limit=prediction.at_limit)
        self.origins[prediction.origin] += 1

    def note(
        self,
        cut: bool,
        unknown: Sequence[str],
        unwritable: Sequence[str] = (),
        *,
        at_limit: bool = False,
        unscored: bool = False,
    ) -> None:
        """Count one more input with the facts about it; an `unscored` target has no part in loss and perplexity."""
        self.answers += 1
        if cut:
            self.cut.append(self.answers)
        if unknown:
            self.unknown.append(self.answers)
            self.symbols.update(unknown)
        if at_limit:
            self.at_limit.append(self.answers)
        if unwritable:
            (self.unscored if unscored else self.unwritable).append(self.answers)
            self.targets.update(unwritable)

    def sentences(self) -> list[str]:
        """One sentence for each kind of remark; empty if there is nothing to report."""
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
        if self.unscored:
            said.append(
                f"{len(self.unscored):,} of {self.answers:,} targets can never be an answer of this model, and have no "
                f"part in loss and perplexity, such as {_symbols(self.targets)}: {_numbers(self.unscored)}"
            )
        if self.at_limit:
            said.append(
                f"{len(self.at_limit):,} of {self.answers:,} answers end at the length limit (search.max_length_ratio, "
                f"search.max_length_extra), so that they may be incomplete: {_numbers(self.at_limit)}"
            )
        exceptions, memorised = self.origins["exception"], self.origins["memory"]
        if exceptions or memorised:
            parts = [f"{exceptions:,} as {'exception' if exceptions == 1 else 'exceptions'}"] * bool(exceptions) + [
                f"{memorised:,} from memory"
            ] * bool(memorised)
            verb = "was" if exceptions + memorised == 1 else "were"
            said.append(
                f"{exceptions + memorised:,} of {self.answers:,} answers {verb} looked up and not asked of the "
                f"network: {' and '.join(parts)} (search.known_answers=none asks the network for all)"
            )
        return said

    def to_json(self) -> dict[str, Any]:
        """Plain values: the number of inputs for each kind of remark, and the counts of the symbols."""
        return {
            "answers": self.answers,
            "cut": len(self.cut),
            "unknown": len(self.unknown),
            "unknown_symbols": dict(self.symbols.most_common()),
            "at_limit": len(self.at_limit),
            "unwritable": len(self.unwritable),
            "unscored": len(self.unscored),
            "unwritable_symbols": dict(self.targets.most_common()),
            "exceptions": self.origins["exception"],
            "memory": self.origins["memory"],
        }


def in_few_words(counts: Mapping[str, Any]) -> str:
    """The counts of `Remarks.to_json` as a short phrase for a line of figures; empty if all counts are 0."""
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
