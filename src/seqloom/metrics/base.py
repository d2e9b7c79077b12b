"""What every metric is: statistics that add up over examples, and a figure read off their sum.

A corpus figure such as BLEU is no mean of sentence figures, but it is a function of counts that are: n-gram matches,
edits, lengths. Because each metric hands out these counts one row for each example, resampling (`bootstrap`) and
ranking (`worst`) work for all of them without scoring any text twice. All texts are compared in one form (`form`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.errors import DataError, missing_package
from seqloom.metrics.form import FORM, in_one_form

References = Sequence[Sequence[str]]
"""For each example, the targets that are accepted: one or several."""


@dataclass(frozen=True)
class Score:
    """One figure, in percent, with the convention it was taken by.

    `details` are the counts behind the figure, such as edits and reference length.
    """

    name: str
    value: float
    higher_is_better: bool = True
    signature: str = ""
    details: Mapping[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.name} {self.value:.2f}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {"name": self.name, "value": self.value, "signature": self.signature, "details": dict(self.details)}


class Metric(ABC):
    """A measure of predictions against references, 0 to 100 (error rates may pass 100)."""

    def __init__(self, name: str, *, higher_is_better: bool = True) -> None:
        self.name, self.higher_is_better = name, higher_is_better

    @property
    def perfect(self) -> float:
        """The figure of answers that are all right."""
        return 100.0 if self.higher_is_better else 0.0

    @abstractmethod
    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """Counts [examples, K] whose sum over examples determines the figure; the texts are in the one form."""

    def total(self, statistics: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """The counts summed over examples, each counted as often as `weights` says."""
        return statistics.sum(axis=0) if weights is None else weights @ statistics

    @abstractmethod
    def value(self, total: NDArray[np.float64]) -> float:
        """The figure for summed counts."""

    def value_alone(self, row: NDArray[np.float64]) -> float:
        """The figure for the counts of one example."""
        return self.value(row)

    def signature(self, references: References) -> str:
        """The convention in one line, without the form of the texts, which `Score.signature` adds."""
        return f"refs:{reference_counts(references)}"

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:  # noqa: ARG002
        """Named counts worth keeping."""
        return {}

    def compute(self, predictions: Sequence[str], references: Sequence[str | Sequence[str]]) -> Score:
        """The figure for a corpus."""
        answers, accepted = comparable(predictions, references)
        return self.summed(self.statistics(answers, accepted), accepted)

    def summed(self, statistics: NDArray[np.float64], references: References) -> Score:
        """The figure for a corpus whose statistics are known."""
        total = self.total(statistics)
        signature, details = f"{self.signature(references)}|{FORM}", self.details(total)
        return Score(self.name, self.value(total), self.higher_is_better, signature, details)

    def per_example(self, predictions: Sequence[str], references: Sequence[str | Sequence[str]]) -> list[float]:
        """The figure of each example taken alone."""
        return [self.value_alone(row) for row in self.statistics(*comparable(predictions, references))]


def comparable(
    predictions: Sequence[str], references: Sequence[str | Sequence[str]]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Predictions and references in the one form, a lone string as one accepted target; refused where the counts do
    not match."""
    if isinstance(predictions, str) or isinstance(references, str):
        raise DataError("predictions and references must be lists, one entry for each example, not single strings")
    if len(predictions) != len(references):
        raise DataError(
            f"there must be as many predictions as references, not {len(predictions)} and {len(references)}",
            hint="each prediction needs one entry of references, which may hold several accepted targets",
        )
    if not predictions:
        raise DataError("there must be at least one prediction to measure, not none")
    accepted = [
        tuple(in_one_form(text) for text in ((entry,) if isinstance(entry, str) else entry)) for entry in references
    ]
    if () in accepted:
        number = accepted.index(()) + 1
        raise DataError(f"every example must have at least one reference, not none as number {number}")
    return [in_one_form(text) for text in predictions], accepted


def reference_counts(references: References) -> str:
    """`1`, `3`, or `var` where examples differ in how many references they have."""
    counts = {len(entry) for entry in references}
    return str(counts.pop()) if len(counts) == 1 else "var"


def needed(module: str, package: str, purpose: str) -> Any:
    """A module of the training extra, imported on first use."""
    try:
        return import_module(module)
    except ImportError:
        raise missing_package(package, "train", purpose) from None
