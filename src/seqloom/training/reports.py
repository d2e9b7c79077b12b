"""The reports that the training loop yields: frozen values for reporters to show, log and plot."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Report:
    """Base class of the reports; `kind` names the type of report in the log."""

    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """Return plain values for one line of the log; numbers that are not finite become None, because JSON has
        none."""
        return {"kind": self.kind, **_finite(dataclasses.asdict(self))}


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class StageReport(Report):
    """What a run does before its first update and after its last one, which may take a while; it is shown, not logged.

    `done` of `total` parts of it are done; `total` is 0 where their number is not known.
    """

    kind: ClassVar[str] = "stage"
    text: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class SetupReport(Report):
    """What a run is about to do.

    `symbols` says how many `source symbols` and `target symbols`, or `labels`, there are. `steps_total` is 0 where the
    number of updates is not known in advance; `frozen` is how many of the `parameters` are not trained.
    """

    kind: ClassVar[str] = "setup"
    output: str
    pairs: int
    dev_pairs: int
    symbols: Mapping[str, int]
    parameters: int
    device: str
    precision: str
    epochs: int
    steps_total: int
    frozen: int = 0


@dataclass(frozen=True)
class NoticeReport(Report):
    """A choice that was made for the user, something worth knowing, or a `warning` of a probable problem.

    A `detail` is said in short by another notice, or follows from one: it is logged and stored, and not shown.
    """

    kind: ClassVar[str] = "notice"
    text: str
    warning: bool = False
    detail: bool = False


@dataclass(frozen=True)
class ResumeReport(Report):
    """The run was resumed from `state`, after update `step`; what was reported after that state was saved does not
    count."""

    kind: ClassVar[str] = "resume"
    epoch: int
    step: int
    state: str = ""


@dataclass(frozen=True)
class StepReport(Report):
    """Means over the updates since the last report of this kind.

    `loss` is the negative log-likelihood in nats per target token, without label smoothing, and of a model that answers
    with labels per pair, which there counts as one token; `data_wait` is the share of
    the time spent waiting for batches; `seconds` is the training time so far; `steps_total` and `seconds_left` are 0
    where they are not known.
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
    """Update `step` was skipped because its loss or gradient was not finite; the weights stay as they were.

    `loss` and `gradient_norm` are None where they are not finite; `pairs` are the line numbers of the update's pairs,
    by file; `skipped` counts the skipped updates of the run.
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
    """Too many updates in a row were skipped: the run went back to `state`, after `step`, with a lower learning rate.

    `abandoned` is the last update that was tried, `returns` counts how often the run went back, `rate_factor` is what
    the scheduled learning rate is multiplied by from now on.
    """

    kind: ClassVar[str] = "return"
    epoch: int
    step: int
    state: str
    abandoned: int
    returns: int
    rate_factor: float


@dataclass(frozen=True)
class Sample:
    """A dev pair with the model's answer; `target` is the first accepted one."""

    source: str
    answer: str
    target: str


@dataclass(frozen=True)
class EvalReport(Report):
    """An evaluation on the dev data after update `step`.

    `best` says whether it is better than all evaluations before it, by `selected_on` and, where that is equal, by the
    loss. The metrics are those of `decoded` dev examples, decoded with a beam of `beam`; `remarks` counts what is
    conspicuous about these answers. Where the dev data are of several languages or files, `by` says which of the two
    (`tag` or `file`), `parts` holds the loss and the metrics of each, and `macro` their means. `samples` are a few dev
    pairs with the answers to them, the same ones in each evaluation.
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
    by: str = ""
    parts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    macro: Mapping[str, float] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()

    @property
    def figures(self) -> dict[str, float]:
        """Loss, perplexity and metrics, by name; `macro_` before a name stands for the mean over tags or files."""
        macro = {f"macro_{name}": value for name, value in self.macro.items()}
        return {"loss": self.loss, "perplexity": self.perplexity, **self.metrics, **macro}


@dataclass(frozen=True)
class CheckpointReport(Report):
    """The state after update `step` was saved to disk."""

    kind: ClassVar[str] = "checkpoint"
    step: int
    path: str
    seconds: float


@dataclass(frozen=True)
class InterruptReport(Report):
    """The run was stopped on request and saved; the command `hint` resumes it after update `step`."""

    kind: ClassVar[str] = "interrupt"
    epoch: int
    step: int
    hint: str


@dataclass(frozen=True)
class FinishReport(Report):
    """The run is finished and `output` holds its model; `reason` is why it ended, `chosen` which weights were kept.

    The metrics are those of `decoded` of `dev_examples`. `wanted` is the number of updates that the plan would have
    made, where the time allowed less than half of them. `warnings` are those of the beginning.
    """

    kind: ClassVar[str] = "finish"
    output: str
    epoch: int
    step: int
    reason: str
    chosen: str
    seconds: float
    tokens: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    decoded: int = 0
    dev_examples: int = 0
    wanted: int = 0
    warnings: tuple[str, ...] = ()
