"""Which weights are kept and when to stop: a value that every dev evaluation turns into the next one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, Any, NamedTuple

from pydantic import Field, model_validator

from seqloom.config import Named, Section
from seqloom.errors import ConfigError
from seqloom.metrics import metric


class SelectionConfig(Section):
    """Which weights become the model, by what happens on the dev data."""

    on: Annotated[str, Named("METRICS")] = "loss"
    """What is compared: `loss` (per token, without smoothing) or the name of a metric of decoded dev output."""
    metrics: Annotated[tuple[str, ...], Named("METRICS")] = ()
    """Metrics of decoded dev output to report, the main one first; where empty, those of `evaluation.metrics`, or what
    suits the training targets."""
    limit: int = Field(default=500, ge=0)
    """How many dev examples are decoded for metrics, evenly spread; 0 decodes nothing."""
    beam: int = Field(default=0, ge=0)
    """Beam of that decoding; 0 takes that of `search.beam`, as the model will answer; 1 is greedy and quicker."""
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
        """The metrics that need decoded output, the main one first."""
        return self.metrics if self.on in ("loss", *self.metrics) else (self.on, *self.metrics)

    @property
    def higher_is_better(self) -> bool:
        """Which way the compared figure improves."""
        return self.on != "loss" and metric(self.on).higher_is_better


class Kept(NamedTuple):
    """One evaluation whose weights are kept."""

    step: int
    score: float
    loss: float


@dataclass(frozen=True)
class Selection:
    """The best evaluations so far, best first; of equal scores the one with the lower loss leads, then the earlier one.

    So a measure that stays where it is, at 0 or at 100, does not keep the weights of the first evaluation.
    `keep` is how many are kept, `patience` how many evaluations in a row may fail to beat the best (0: any number),
    `waited` how many have.
    """

    higher_is_better: bool = False
    keep: int = 1
    patience: int = 0
    kept: tuple[Kept, ...] = ()
    waited: int = 0

    def observe(self, new: Kept) -> Selection:
        """The selection after an evaluation; a score that is not a number is never kept."""
        waited = 0 if self.beaten_by(new) else self.waited + 1
        if math.isnan(new.score):
            return replace(self, waited=waited)
        ranked = sorted((*self.kept, new), key=lambda kept: (*self._rank(kept), kept.step))
        return replace(self, kept=tuple(ranked[: self.keep]), waited=waited)

    def beaten_by(self, new: Kept) -> bool:
        """Whether an evaluation is better than all before it."""
        return not math.isnan(new.score) and (self.best is None or self._rank(new) < self._rank(self.best))

    def reached_by(self, new: Kept) -> bool:
        """Whether an evaluation is at least as good as the best one."""
        return not math.isnan(new.score) and (self.best is None or self._rank(new) <= self._rank(self.best))

    def _rank(self, kept: Kept) -> tuple[float, float]:
        """What is compared, the better the lower: the score, then the loss."""
        loss = math.inf if math.isnan(kept.loss) else kept.loss
        return -kept.score if self.higher_is_better else kept.score, loss

    @property
    def best(self) -> Kept | None:
        """The best evaluation, once there is one."""
        return self.kept[0] if self.kept else None

    @property
    def exhausted(self) -> bool:
        """Whether patience has run out."""
        return 0 < self.patience <= self.waited

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
        kept = tuple(Kept(int(step), float(score), float(loss)) for step, score, loss in values["kept"])
        return replace(self, kept=kept, waited=int(values["waited"]))
