"""The settings of evaluations."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from seqloom.breakdown import By
from seqloom.config import Named, Section
from seqloom.errors import ConfigError
from seqloom.metrics import metric


class EvaluationConfig(Section):
    """How predictions are evaluated."""

    metrics: Annotated[tuple[str, ...], Named("METRICS")] = ()
    """Names of metrics, the main one first. If empty, training uses `training.selection.metrics` or else metrics that
    suit the training targets, and stores them with the model."""
    worst: int = Field(default=5, ge=0)
    """Number of the worst examples that are listed."""
    limit: int = Field(default=0, ge=0)
    """Evaluate only this many examples, evenly spaced over all of them; 0 evaluates all."""
    by: By = "auto"
    """What figures are shown by, besides those of all examples: each first `tag`, such as a language, each `file`, or
    `none`. `auto` takes the tags where the examples are of several files with a tag each, else several files, or
    none."""
    samples: int = Field(default=1000, ge=1)
    """Number of bootstrap samples when two models are compared."""

    @field_validator("metrics", mode="before")
    @classmethod
    def _listed(cls, names: object) -> object:
        """Also accept None, and names separated by commas in one text, as on the command line."""
        if isinstance(names, str):
            return tuple(name.strip() for name in names.split(",") if name.strip())
        return () if names is None else names

    @field_validator("metrics")
    @classmethod
    def _known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            try:
                metric(name)
            except ConfigError as error:
                raise ValueError(f"{error.message}; {error.hint}") from None
        return names
