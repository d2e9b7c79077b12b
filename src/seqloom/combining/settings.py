"""The settings of combinations, which are what a combination's file holds."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from seqloom.config import Named, Section
from seqloom.errors import ConfigError
from seqloom.metrics import metric
from seqloom.search import SamplingConfig


class Tuning(Section):
    """What tuned weights brought on dev data; other data will show a smaller gain, as weights were chosen on these."""

    metric: str
    """The metric by which the weights were chosen."""
    examples: int
    """Number of dev examples."""
    alone: float
    """The figure if the first model alone ranks the candidates."""
    before: float
    """The figure with the weights that tuning began with."""
    after: float
    """The figure with the tuned weights."""
    best_possible: float
    """The figure if each example got the candidate that is best by itself: what no weights are likely to exceed."""

    def sentence(self) -> str:
        """The figures in words."""
        return (
            f"weights tuned on {self.examples:,} dev examples: {self.metric} {self.after:.2f}; with the weights before "
            f"{self.before:.2f}, the first model alone {self.alone:.2f}, the best of the candidates "
            f"{self.best_possible:.2f}"
        )


class CombinationSettings(Section):
    """What all combinations have in common."""

    least: ClassVar[int] = 1

    by: str
    """How answers are chosen."""
    models: tuple[str, ...]
    """Folders of the models, the first one being the one whose settings count where one must; in a file they are
    relative to the folder that the file lies in."""
    digests: tuple[str, ...] = ()
    """SHA-256 of each model's weights, or of its graph where it has no weights, when the file was written; a model that
    is another one now is said."""

    @model_validator(mode="after")
    def _enough_models(self) -> CombinationSettings:
        if len(self.models) < self.least:
            raise ValueError(f"models must name at least {self.least}, not {len(self.models)}")
        return self


class WeightedSettings(CombinationSettings):
    """Combinations of several models with weights."""

    least: ClassVar[int] = 2

    weights: tuple[float, ...] = ()
    """Weights of the models, in their order; if empty, all weigh 1."""
    candidates: int = 1
    """Size of the n-best list that a model contributes."""
    tuning: Tuning | None = None
    """What tuning the weights on dev data brought."""

    @field_validator("weights", mode="before")
    @classmethod
    def _listed(cls, weights: Any) -> Any:
        """Also accept numbers separated by commas in one text, as on the command line."""
        return [part.strip() for part in weights.split(",") if part.strip()] if isinstance(weights, str) else weights

    @model_validator(mode="after")
    def _weights_fit(self) -> WeightedSettings:
        if not self.weights:
            return self.model_copy(update={"weights": (1.0,) * len(self.models)})
        if len(self.weights) != len(self.models):
            raise ValueError(f"weights must be one for each of the {len(self.models)} models, not {len(self.weights)}")
        if any(not 0 <= weight < math.inf for weight in self.weights) or not any(self.weights):
            shown = ", ".join(f"{weight:g}" for weight in self.weights)
            raise ValueError(f"weights must be at least 0 and finite, and one above 0, not {shown}")
        return self


class RescoringSettings(WeightedSettings):
    """Settings of `Rescoring`."""

    by: Literal["rescoring"] = "rescoring"
    """Log-probabilities of all models rank the n-best list of the first one."""
    candidates: int = Field(default=10, ge=2, le=1000)
    """Size of the first model's n-best list, which is ranked anew; its beam is made as wide if it is narrower."""


class VotingSettings(WeightedSettings):
    """Settings of `Voting`."""

    by: Literal["votes"] = "votes"
    """Votes of the models for whole answers."""
    candidates: int = Field(default=1, ge=1, le=1000)
    """Number of answers that each model votes for, with 1/rank for the answer of that rank."""


class BayesRiskSettings(CombinationSettings):
    """Settings of `BayesRisk`."""

    by: Literal["bayes_risk"] = "bayes_risk"
    """Expected value of a metric over the other candidates."""
    metric: Annotated[str, Named("METRICS")]
    """Name of the metric that compares candidates with each other."""
    candidates: int = Field(default=10, ge=2, le=1000)
    """Size of the model's n-best list, unless there are samples."""
    sampling: SamplingConfig | None = None
    """How candidates are drawn at random instead; needs PyTorch."""

    @field_validator("metric")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            metric(name)
        except ConfigError as error:
            raise ValueError(f"{error.message}; {error.hint}") from None
        return name

    @model_validator(mode="after")
    def _one_model(self) -> BayesRiskSettings:
        if len(self.models) != 1:
            raise ValueError(f"models must name one model, whose candidates are compared, not {len(self.models)}")
        return self
