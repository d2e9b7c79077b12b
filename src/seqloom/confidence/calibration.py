"""A calibration: the coefficients from which confidences are computed, and what they were fitted to."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from seqloom.confidence.evidence import Evidence
from seqloom.confidence.quality import EXACT, meaning
from seqloom.errors import ModelFolderError
from seqloom.search.config import SearchConfig

FORMAT = 1
INDIFFERENT = ("n_best", "batch", "max_source_length", "source_positions", "known_answers")
"""Settings of a search on which the best answer and its probability do not depend, but for marks that count anyway."""
HINT = "calibrate the model again: seqloom calibrate MODEL DATA"
ROUGH = 200
"""A calibration on fewer answers than this is called rough."""


@dataclass(frozen=True)
class Found:
    """The figures of a fit: the number of answers, their mean worth, and the expected calibration error and Brier score
    of the model's own probability (`raw_…`) and of the confidence, cross-validated in five parts."""

    answers: int
    worth: float
    raw_calibration_error: float
    raw_brier: float
    calibration_error: float
    brier: float

    @property
    def comparison(self) -> str:
        """How the confidence compares with the model's own probability."""
        now, own = f"{self.calibration_error:.3f}", f"{self.raw_calibration_error:.3f}"
        better = self.calibration_error < self.raw_calibration_error
        verdict = "as large as" if now == own else "smaller than" if better else "larger than"
        return f"expected calibration error {now}, cross-validated, {verdict} the {own} of the model's own probability"


class FittedCalibration(ABC):
    """What calibrations of all kinds have: what they say, the figures of their fit, and their file."""

    measure: str
    figures: Found

    @property
    def meaning(self) -> str:
        """What a confidence says, as a phrase."""
        return meaning(self.measure)

    @property
    def rough(self) -> str:
        """A warning to end the sentence about a fit to few answers, or one that is no gain; empty for a good one."""
        few = "" if self.figures.answers >= ROUGH else f"; with fewer than {ROUGH} answers it is a rough one"
        worse = self.figures.calibration_error > self.figures.raw_calibration_error
        return f"{few}; seqloom calibrate with more pairs may mend that" if worse else few

    @abstractmethod
    def to_values(self) -> dict[str, Any]:
        """Plain values for confidence.json."""

    def to_json(self) -> str:
        """The text of confidence.json."""
        return json.dumps(self.to_values(), indent=2, ensure_ascii=False) + "\n"


def check_format(values: Mapping[str, Any], where: str) -> None:
    """Refuse the values of a file that another version has written."""
    if values.get("format") != FORMAT:
        raise ModelFolderError(f"must have the format {FORMAT}, not {values.get('format')!r}", where=where, hint=HINT)


@dataclass(frozen=True)
class Calibration(FittedCalibration):
    """Turns the evidence of an answer into a confidence, for the search that it was fitted with.

    `measure` says what the confidence is about: for `exact_match` it is the probability that the answer is right, for
    any other measure its expected value for this answer, divided by 100. `search` holds the settings that matter, and
    `data` names the data that it was fitted to.
    """

    measure: str
    intercept: float
    weights: Evidence
    search: Mapping[str, Any]
    data: str
    figures: Found

    def confidence(self, evidence: Evidence) -> float:
        """The confidence, from 0 to 1: σ(intercept + Σ weight · feature)."""
        score = self.intercept + math.fsum(weight * value for weight, value in zip(self.weights, evidence, strict=True))
        return 1 / (1 + math.exp(-score)) if score > 0 else math.exp(score) / (1 + math.exp(score))

    def mismatch(self, search: SearchConfig) -> str:
        """How a search differs from the one that the calibration was fitted with, in words; empty if it does not."""
        given, default = settings_of(search), settings_of(SearchConfig())
        different = [
            f"search.{name} is {value} and was {self.search.get(name, default[name])}"
            for name, value in given.items()
            if value != self.search.get(name, default[name])
        ]
        return ", ".join(different)

    def sentence(self) -> str:
        """What was found when the calibration was fitted, in one sentence."""
        found = self.figures
        own = "an answer" if self.measure == EXACT else "a token"
        alike = {0.0: "none of them is", 1.0: "all of them are"}.get(found.worth) if self.measure == EXACT else None
        alike = f"; {alike} right, so that the confidences cannot tell right answers from wrong ones" if alike else ""
        return (
            f"confidence is {self.meaning}: calibrated on {found.answers:,} answers ({self.data}); "
            f"{found.comparison} of {own}{alike}{self.rough}"
        )

    def to_values(self) -> dict[str, Any]:
        """Plain values for confidence.json."""
        return {
            "format": FORMAT,
            "measure": self.measure,
            "intercept": self.intercept,
            "weights": self.weights._asdict(),
            "search": dict(self.search),
            "data": self.data,
            "figures": asdict(self.figures),
        }

    @classmethod
    def from_values(cls, values: Mapping[str, Any], where: str) -> Calibration:
        """The calibration in the values of a file; refuses another format and coefficients that are not finite."""
        check_format(values, where)
        try:
            weights = Evidence(**{name: float(value) for name, value in values["weights"].items()})
            found = Found(**values["figures"])
            read = cls(
                str(values["measure"]),
                float(values["intercept"]),
                weights,
                dict(values["search"]),
                str(values["data"]),
                found,
            )
        except (KeyError, TypeError, ValueError, AttributeError):
            names = ", ".join(Evidence._fields)
            raise ModelFolderError(
                f"must hold measure, intercept, weights of {names}, search, data and figures", where=where, hint=HINT
            ) from None
        if not all(map(math.isfinite, (read.intercept, *weights))):
            raise ModelFolderError("coefficients must be finite", where=where, hint=HINT)
        return read


def settings_of(search: SearchConfig) -> dict[str, Any]:
    """The settings of a search on which confidences depend."""
    return {name: value for name, value in search.model_dump().items() if name not in INDIFFERENT}
