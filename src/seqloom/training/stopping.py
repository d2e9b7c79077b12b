"""Which weights are kept and when to stop: a value that every dev evaluation turns into the next one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from pydantic import Field, model_validator

from seqloom.config import Section
from seqloom.errors import ConfigError
from seqloom.metrics import metric


class SelectionConfig(Section):
    """Which weights become the model, by what happens on the dev data."""

    on: str = "loss"
    """What is compared: `loss` (per token, without smoothing) or the name of a metric of decoded dev output."""
    metrics: tuple[str, ...] = ()
    """Metrics of decoded dev output to report, besides the one selected on; where empty, what suits the data."""
    limit: int = Field(default=500, ge=0)
    """How many dev examples are decoded for metrics, evenly spread; 0 decodes nothing."""
    beam: int = Field(default=1, ge=1)
    """Beam of that decoding; 1 is greedy."""
    patience: int = Field(default=0, ge=0)
    """Stop after so many evaluations in a row that do not beat the best one; 0 never."""
    average_best: int = Field(default=0, ge=0)
    """Average the weights of so many best evaluations at the end, if that is no worse than the best; 0 or 1 never."""

    @model_validator(mode="after")
    def _known(self) -> SelectionConfig:
        for name in self.decoded:
            try:
                metric(name)
            except ConfigError as error:
                raise ValueError(f"{error.message}; {error.hint}") from None
        if self.on != "loss" and not self.limit:
            raise ValueError(f"limit must be above 0 to select on {self.on}")
        return self

    @property
    def decoded(self) -> tuple[str, ...]:
        """The metrics that need decoded output."""
        return tuple(dict.fromkeys((*self.metrics, *(() if self.on == "loss" else (self.on,)))))

    @property
    def higher_is_better(self) -> bool:
        """Which way the compared figure improves."""
        return self.on != "loss" and metric(self.on).higher_is_better


class Kept(NamedTuple):
    """One evaluation whose weights are kept."""

    step: int
    score: float


@dataclass(frozen=True)
class Selection:
    """The best evaluations so far, best first; of equal scores the earlier one leads.

    `keep` is how many are kept, `patience` how many evaluations in a row may fail to beat the best (0: any number),
    `waited` how many have.
    """

    higher_is_better: bool = False
    keep: int = 1
    patience: int = 0
    kept: tuple[Kept, ...] = ()
    waited: int = 0

    def observe(self, step: int, score: float) -> Selection:
        """The selection after an evaluation at `step`; a score that is not a number is never kept."""
        if math.isnan(score):
            return replace(self, waited=self.waited + 1)
        sign = -1 if self.higher_is_better else 1
        ranked = sorted((*self.kept, Kept(step, score)), key=lambda kept: (sign * kept.score, kept.step))
        best_is_new = ranked[0].step == step
        return replace(self, kept=tuple(ranked[: self.keep]), waited=0 if best_is_new else self.waited + 1)

    @property
    def best(self) -> Kept | None:
        """The best evaluation, once there is one."""
        return self.kept[0] if self.kept else None

    @property
    def exhausted(self) -> bool:
        """Whether patience has run out."""
        return 0 < self.patience <= self.waited

    def no_worse(self, score: float, other: float) -> bool:
        """Whether one score is as good as another, or better."""
        return score >= other if self.higher_is_better else score <= other

    def keeps(self, step: int) -> bool:
        """Whether the weights after `step` are among the kept ones."""
        return any(kept.step == step for kept in self.kept)

    def without(self, steps: set[int]) -> Selection:
        """The selection without the evaluations after `steps`."""
        return replace(self, kept=tuple(kept for kept in self.kept if kept.step not in steps))

    def to_json(self) -> dict[str, Any]:
        """What changes during a run, as plain values."""
        return {"kept": [list(kept) for kept in self.kept], "waited": self.waited}

    def restored(self, values: dict[str, Any]) -> Selection:
        """This selection with the history that `to_json` wrote."""
        kept = tuple(Kept(int(step), float(score)) for step, score in values["kept"])
        return replace(self, kept=kept, waited=int(values["waited"]))
