"""The interface of metrics: statistics of each example, which are summed, and a value computed from their sum.

A corpus score such as BLEU is not the mean of sentence scores, but it is a function of counts that can be summed over
sentences: n-gram matches, edits, lengths. Since every metric yields these counts for each example, bootstrap resampling
(`bootstrap`) and ranking of examples (`worst`) work for all metrics and score no text twice. All texts are normalised
before they are compared (`form`).
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
from seqloom.metrics.text_form import FORM, in_one_form

References = Sequence[Sequence[str]]
"""For each example, one or several accepted targets."""


@dataclass(frozen=True)
class Score:
    """The score of a corpus in percent.

    `signature` names the convention by which it was computed, such as the tokeniser. `details` holds counts behind the
    value, such as edits and reference length.
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
    """A metric that compares predictions with references; values are from 0 to 100 (error rates may exceed 100)."""

    def __init__(self, name: str, *, higher_is_better: bool = True) -> None:
        self.name, self.higher_is_better = name, higher_is_better

    @property
    def perfect(self) -> float:
        """The best possible value, that of predictions that are all correct."""
        return 100.0 if self.higher_is_better else 0.0

    @abstractmethod
    def statistics(self, predictions: Sequence[str], references: References) -> NDArray[np.float64]:
        """Counts [examples, K], whose sum over examples determines the value; the texts must be normalised."""

    def total(self, statistics: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """The counts summed over examples; with `weights` [examples], each example is counted that many times."""
        return statistics.sum(axis=0) if weights is None else weights @ statistics

    @abstractmethod
    def value(self, total: NDArray[np.float64]) -> float:
        """The value for summed counts."""

    def value_alone(self, row: NDArray[np.float64]) -> float:
        """The value for the counts of a single example."""
        return self.value(row)

    def signature(self, references: References) -> str:
        """The convention in one line; the normalisation of texts is added to it in `Score.signature`."""
        return f"refs:{reference_counts(references)}"

    def details(self, total: NDArray[np.float64]) -> dict[str, float]:  # noqa: ARG002
        """Counts to report with the value, by name."""
        return {}

    def compute(self, predictions: Sequence[str], references: Sequence[str | Sequence[str]]) -> Score:
        """Score a corpus."""
        answers, accepted = comparable(predictions, references)
        return self.summed(self.statistics(answers, accepted), accepted)

    def summed(self, statistics: NDArray[np.float64], references: References) -> Score:
        """The score of a corpus from its statistics [examples, K]."""
        total = self.total(statistics)
        signature, details = f"{self.signature(references)}|{FORM}", self.details(total)
        return Score(self.name, self.value(total), self.higher_is_better, signature, details)

    def per_example(self, predictions: Sequence[str], references: Sequence[str | Sequence[str]]) -> list[float]:
        """The value of each example by itself."""
        return [self.value_alone(row) for row in self.statistics(*comparable(predictions, references))]


def comparable(
    predictions: Sequence[str], references: Sequence[str | Sequence[str]]
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Normalise predictions and references; a reference that is a string becomes a tuple of one.

    Raises a `DataError` if their numbers differ, if there are none, or if an example has no reference.
    """
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
        raise DataError(f"every example must have at least one reference, but number {number} has none")
    return [in_one_form(text) for text in predictions], accepted


def reference_counts(references: References) -> str:
    """The number of references of each example as text, or `var` if it varies."""
    counts = {len(entry) for entry in references}
    return str(counts.pop()) if len(counts) == 1 else "var"


def needed(module: str, package: str, purpose: str) -> Any:
    """Import a module of the `metrics` extra; if it is missing, the error names the package and the purpose."""
    try:
        return import_module(module)
    except ImportError:
        raise missing_package(package, "metrics", purpose) from None
