"""What the training loop says: frozen values, for reporters to show, log and plot."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Report:
    """Something the loop has to say; `kind` names it in the log."""

    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """Plain values for one line of the log; JSON knows no number that is not finite, so those are None."""
        return {"kind": self.kind, **_finite(dataclasses.asdict(self))}


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class SetupReport(Report):
    """What a run is about to do; `steps_total` is 0 where it is not known before the end, `frozen` how many of the
    `parameters` do not learn."""

    kind: ClassVar[str] = "setup"
    output: str
    pairs: int
    dev_pairs: int
    source_symbols: int
    target_symbols: int
    parameters: int
    device: str
    precision: str
    epochs: int
    steps_total: int
    frozen: int = 0


@dataclass(frozen=True)
class NoticeReport(Report):
    """A choice made for the user, something worth knowing, or a `warning` of what will probably disappoint."""

    kind: ClassVar[str] = "notice"
    text: str
    warning: bool = False


@dataclass(frozen=True)
class ResumeReport(Report):
    """The run goes on from `state`, after `step`; what an earlier process reported after saving it did not count."""

    kind: ClassVar[str] = "resume"
    epoch: int
    step: int
    state: str = ""


@dataclass(frozen=True)
class StepReport(Report):
    """Means over the updates since the last one of its kind.

    `loss` is the negative log-likelihood in nats per target token, without label smoothing; `data_wait` the share of
    the time that was spent waiting for batches; `seconds` the time trained so far; `steps_total` and
    `seconds_left` are 0 where they are not known.
    """

    kind: ClassVar[str] = "step"
    epoch: int
    step: int
    steps_total: int
    loss: float
    perplexity: float
    tokens_per_second: float
    learning_rate: float
    gradient_norm: float
    data_wait: float
    seconds: float
    seconds_left: float


@dataclass(frozen=True)
class SkipReport(Report):
    """Update `step` was skipped: its loss or its gradient was not a finite number, and the weights stay as they were.

    `loss` and `gradient_norm` are None where they are not finite; `pairs` are the lines of its pairs, by file;
    `skipped` counts such updates.
    """

    kind: ClassVar[str] = "skip"
    epoch: int
    step: int
    loss: float | None
    gradient_norm: float | None
    skipped: int
    pairs: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class ReturnReport(Report):
    """Too many updates in a row were skipped: the run is back in `state`, after `step`, with a lower learning rate.

    `abandoned` is the last update that was tried, `returns` counts the returns, `rate_factor` is what the scheduled
    rate is multiplied by from now on.
    """

    kind: ClassVar[str] = "return"
    epoch: int
    step: int
    state: str
    abandoned: int
    returns: int
    rate_factor: float


@dataclass(frozen=True)
class EvalReport(Report):
    """The dev data after `step`; `best` where no evaluation before was as good by `selected_on`, and by the loss where
    that is equal.

    The metrics are those of `decoded` dev examples, whose answers were found with a beam of `beam`; `remarks` counts
    what is to be said of these answers.
    """

    kind: ClassVar[str] = "evaluation"
    epoch: int
    step: int
    loss: float
    perplexity: float
    metrics: Mapping[str, float]
    selected_on: str
    score: float
    best: bool
    seconds: float
    decoded: int = 0
    beam: int = 0
    remarks: Mapping[str, Any] = field(default_factory=dict)

    @property
    def figures(self) -> dict[str, float]:
        """Loss, perplexity and metrics, by name."""
        return {"loss": self.loss, "perplexity": self.perplexity, **self.metrics}


@dataclass(frozen=True)
class CheckpointReport(Report):
    """The state after `step` is on the disk."""

    kind: ClassVar[str] = "checkpoint"
    step: int
    path: str
    seconds: float


@dataclass(frozen=True)
class InterruptReport(Report):
    """The run stopped on request and can go on after `step` with `hint`."""

    kind: ClassVar[str] = "interrupt"
    epoch: int
    step: int
    hint: str


@dataclass(frozen=True)
class FinishReport(Report):
    """The run is over and `output` holds its model; `reason` is why it ended, `chosen` which weights were kept."""

    kind: ClassVar[str] = "finish"
    output: str
    epoch: int
    step: int
    reason: str
    chosen: str
    seconds: float
    tokens: int
    metrics: Mapping[str, float] = field(default_factory=dict)
