"""Model selection and early stopping, as a value: each dev evaluation turns a `Selection` into the next one."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, model_validator

from seqloom.config import Named, Section
from seqloom.errors import ConfigError
from seqloom.metrics import metric

MAIN = "main"
"""Stands for the first of the metrics."""


class SelectionConfig(Section):
    """Which weights become the model, by their evaluations on the dev data, and when to stop early."""

    on: Annotated[str, Named("METRICS")] = "loss"
    """What evaluations are compared by: `loss` (per token, without label smoothing), the name of a metric of decoded
    dev output, or `main`, the first of the metrics, whether they are given or chosen."""
    mean: Literal["micro", "macro"] = "micro"
    """Whether `on` is taken of all dev examples together (`micro`) or is the mean over their languages or files
    (`macro`), each of which then counts alike; `evaluation.by` says how they are divided."""
    metrics: Annotated[tuple[str, ...], Named("METRICS")] = ()
    """Metrics of decoded dev output to report, the main one first; where empty, those of `evaluation.metrics`, or
    metrics chosen by what the training targets look like."""
    limit: int = Field(default=500, ge=0)
    """How many dev examples, evenly spaced, are decoded for metrics; 0 decodes none."""
    beam: int = Field(default=0, ge=0)
    """Beam size of that decoding. 0 takes that of `search.beam`, with which the model will answer; 1 is greedy and
    faster."""
    patience: int = Field(default=0, ge=0)
    """Early stopping: stop after this many evaluations in a row that are no better than the best one; 0 never stops
    early."""
    average_best: int = Field(default=0, ge=0)
    """Average the weights of this many best evaluations at the end, and keep the average if it is no worse than the
    best; 0 or 1 does not average."""

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
        return self.metrics if self.on in ("loss", MAIN, *self.metrics) else (self.on, *self.metrics)

    def settled(self, metrics: tuple[str, ...]) -> SelectionConfig:
        """The settings with these metrics, and the first one in place of `main`."""
        return self.replace(metrics=metrics, on=metrics[0] if self.on == MAIN else self.on)

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher value of the compared figure is better."""
        return self.on != "loss" and metric(self.on).higher_is_better


class Kept(NamedTuple):
    """An evaluation whose weights are kept: its update, the compared score, and the dev loss."""

    step: int
    score: float
    loss: float


@dataclass(frozen=True)
class Selection:
    """The best evaluations so far, best first; equal scores are ordered by the lower loss, then by the earlier update.

    The comparison by loss matters for a metric that stays at 0 or at 100: without it, the weights of the first
    evaluation would be kept. `keep` is how many evaluations are kept, `patience` how many in a row may fail to beat the
    best before training stops (0: any number), `waited` how many have failed so far.
    """

    higher_is_better: bool = False
    keep: int = 1
    patience: int = 0
    kept: tuple[Kept, ...] = ()
    waited: int = 0

    def observe(self, new: Kept) -> Selection:
        """Return the selection after a new evaluation; one whose score is NaN is never kept."""
        waited = 0 if self.beaten_by(new) else self.waited + 1
        if math.isnan(new.score):
            return replace(self, waited=waited)
        ranked = sorted((*self.kept, new), key=lambda kept: (*self._rank(kept), kept.step))
        return replace(self, kept=tuple(ranked[: self.keep]), waited=waited)

    def beaten_by(self, new: Kept) -> bool:
        """Whether an evaluation is better than all before it."""
        return not math.isnan(new.score) and (self.best is None or self._rank(new) < self._rank(self.best))

    def reached_by(self, new: Kept) -> bool:
        """Whether an evaluation is at least as good as the best one so far."""
        return not math.isnan(new.score) and (self.best is None or self._rank(new) <= self._rank(self.best))

    def _rank(self, kept: Kept) -> tuple[float, float]:
        """Return the sort key of an evaluation, lower is better: first the score, then the loss."""
        loss = math.inf if math.isnan(kept.loss) else kept.loss
        return -kept.score if self.higher_is_better else kept.score, loss

    @property
    def best(self) -> Kept | None:
        """The best evaluation so far; None before the first one."""
        return self.kept[0] if self.kept else None

    @property
    def exhausted(self) -> bool:
        """Whether patience has run out, so that training stops early."""
        return 0 < self.patience <= self.waited

    def keeps(self, step: int) -> bool:
        """Whether the weights after update `step` are among those that are kept."""
        return any(kept.step == step for kept in self.kept)

    def without(self, steps: set[int]) -> Selection:
        """Return the selection without the evaluations after these updates."""
        return replace(self, kept=tuple(kept for kept in self.kept if kept.step not in steps))

    def to_json(self) -> dict[str, Any]:
        """Return the history of the selection as plain values."""
        return {"kept": [list(kept) for kept in self.kept], "waited": self.waited}

    def restored(self, values: dict[str, Any]) -> Selection:
        """Return this selection with the history that `to_json` returned."""
        kept = tuple(Kept(int(step), float(score), float(loss)) for step, score, loss in values["kept"])
        return replace(self, kept=kept, waited=int(values["waited"]))
