"""Candidates for an answer, how they are ranked, and the answer that says why it was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.prediction import Prediction

PLACES = 9
"""Decimals of a weighted sum that count: what differs by less is level, whatever the order of additions."""


@dataclass(frozen=True)
class Choice:
    """Why an answer has its place among the candidates.

    - `by`: `rescoring`, `votes` or `bayes_risk`
    - `value`: the figure by which candidates were ranked; higher is better
    - `parts`: what the figure is made of, by name: what each model gave the answer
    - `unwritable`: symbols of the answer that a model cannot write, by the model's name; its log-probability counts the
      unknown token in their place
    """

    by: str
    value: float
    parts: Mapping[str, float] = field(default_factory=dict)
    unwritable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file, rounded to four digits."""
        parts = {name: round(value, 4) for name, value in self.parts.items()}
        values = {"by": self.by, "value": round(self.value, 4), **({"parts": parts} if parts else {})}
        unwritable = {name: list(symbols) for name, symbols in self.unwritable.items()}
        return {**values, **({"unwritable": unwritable} if unwritable else {})}


@dataclass(frozen=True)
class ChosenPrediction(Prediction):
    """A prediction that was chosen among candidates; `score` is still that of the model which wrote it."""

    choice: Choice = field(default=Choice("", 0.0), kw_only=True)

    @classmethod
    def of(cls, prediction: Prediction, choice: Choice) -> ChosenPrediction:
        """The same prediction with the reason for its place; without alternatives, and without the confidence, which a
        model has only in answers that it chose by itself."""
        values = {each.name: getattr(prediction, each.name) for each in fields(Prediction)}
        return cls(**{**values, "alternatives": (), "confidence": None}, choice=choice)

    def to_json(self) -> dict[str, Any]:
        """Everything about the answer as plain values, with the key `choice`."""
        values = super().to_json()
        alternatives = values.pop("alternatives", None)
        return {**values, "choice": self.choice.to_json(), **({"alternatives": alternatives} if alternatives else {})}


@dataclass(frozen=True)
class Candidates:
    """The different texts that could answer one input, in the order in which they were found, and what M models say.

    `values` [K, M] holds what each model gives each candidate, and `ties` [K, M] what decides where the weighted sums
    of these are equal; where that is equal, too, the earlier candidate comes first. `unwritable` holds for each
    candidate the symbols that models cannot write, by the names of the models; empty if nothing is known of that.
    """

    predictions: tuple[Prediction, ...]
    values: NDArray[np.float64]
    ties: NDArray[np.float64]
    unwritable: tuple[Mapping[str, tuple[str, ...]], ...] = ()
    known: bool = False
    """Whether a model looked the answers up: they stand as they are, and there is no choice."""

    @staticmethod
    def of_known(answer: Prediction, models: int) -> Candidates:
        """What a model looked up, in its order."""
        listed = (replace(answer, alternatives=()), *answer.alternatives)
        nothing = np.zeros((len(listed), models))
        return Candidates(listed, nothing, nothing, known=True)

    def ranked(self, weights: Sequence[float]) -> list[int]:
        """The places of the candidates, best first."""
        shares = np.asarray(weights, dtype=np.float64)
        value, tie = self.values @ shares, self.ties @ shares
        order: list[int] = np.lexsort((np.arange(len(value)), -tie, -np.round(value, PLACES))).tolist()
        return order

    def chosen(self, names: Sequence[str], weights: Sequence[float], by: str, count: int) -> Prediction:
        """The best candidate, with the next ones as its alternatives, `count` in all; known answers as they are."""
        if self.known:
            return replace(self.predictions[0], alternatives=self.predictions[1:count])
        made = []
        for place in self.ranked(weights)[:count]:
            parts = dict(zip(names, self.values[place].tolist(), strict=True))
            value = float(self.values[place] @ np.asarray(weights, dtype=np.float64))
            unwritable = self.unwritable[place] if self.unwritable else {}
            made.append(ChosenPrediction.of(self.predictions[place], Choice(by, value, parts, unwritable)))
        return replace(made[0], alternatives=tuple(made[1:]))
