"""One update of the weights, and the running means between two reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import AdamW

from seqloom.data.batch import Batch
from seqloom.model import SingleNetwork
from seqloom.nn.output import LossSums
from seqloom.nn.precision import Precision, no_denormals
from seqloom.training.group import Group, add_gradients
from seqloom.training.memory import TooLargeError, out_of_memory, pieces, release

if TYPE_CHECKING:  # the settings import the parts that they configure
    from seqloom.training.config import TrainingConfig


@dataclass(frozen=True)
class Objective:
    """How batches become gradients: the number format, the label smoothing, the largest gradient norm, and the weight
    of R-Drop's divergence.

    `group` is the group of processes whose gradients are summed.
    """

    precision: Precision
    smoothing: float = 0.0
    clip_norm: float = 0.0
    group: Group = field(default_factory=Group)
    r_drop: float = 0.0

    @classmethod
    def of(cls, training: TrainingConfig, precision: Precision, group: Group | None = None) -> Self:
        """The objective that some settings ask for."""
        return cls(precision, training.label_smoothing, training.optimiser.clip_norm, group or Group(), training.r_drop)


@dataclass(frozen=True)
class Update:
    """The result of one update, over all processes.

    `nll` is the negative log-likelihood summed over `tokens` target tokens or labels, `gradient_norm` the norm of the
    gradient, and `healthy` whether both are finite; if not, the update was skipped. These are tensors on the device,
    because reading them would make the program wait for it. `limit` is the smallest batch size known not to fit into
    memory (0: none).
    """

    nll: Tensor
    gradient_norm: Tensor
    healthy: Tensor
    tokens: int
    limit: int = 0


@no_denormals()
def update(
    model: SingleNetwork, optimiser: AdamW, batches: Sequence[Batch], objective: Objective, limit: int = 0
) -> Update:
    """Update the weights once with the gradient of all batches together; skip the update where it is not finite.

    The summed losses of the batches are divided once, by the predictions of all batches in all processes, which are
    target tokens or labels. Splitting an update into several batches or processes therefore does not change it.
    """
    tokens = sum(model.predictions(len(batch.whole.indices), batch.whole.tokens) for batch in batches)
    nll, limit = gradients(model, [batch for batch in batches if len(batch)], objective, tokens, limit)
    nll = add_gradients(objective.group, model, nll)
    weights = [weight for weight in model.parameters() if weight.grad is not None]
    norm, healthy = judged(weights, nll)
    take_step(optimiser, weights, norm, healthy, clip_norm=objective.clip_norm, deferred=norm.device.type == "cuda")
    return Update(nll, norm, healthy, tokens, limit)


def gradients(
    model: SingleNetwork, batches: Sequence[Batch], objective: Objective, tokens: int, limit: int = 0
) -> tuple[Tensor, int]:
    """Compute the gradients of the batches' summed loss divided by `tokens`; returns the summed negative log-likelihood
    and the limit.

    Where a batch does not fit into memory, its size becomes the new `limit`: this batch and all others of at least that
    size are cut into halves, and the gradients are computed again from the start, since the failed batch may have added
    a part of its own.
    """
    while True:
        model.zero_grad(set_to_none=True)
        nll = torch.zeros((), dtype=torch.float64, device=next(model.parameters()).device)
        failed = None
        for piece in (piece for batch in batches for piece in pieces(batch, limit)):
            if not _added(model, piece, objective, tokens, nll):
                failed = piece
                break
        if failed is None:
            return nll, limit
        model.zero_grad(set_to_none=True)
        release()
        if len(failed) == 1:
            raise TooLargeError(int(failed.indices[0]), failed.size)
        limit = failed.size


def _added(model: SingleNetwork, piece: Batch, objective: Objective, tokens: int, nll: Tensor) -> bool:
    """Add a piece's gradient, and its negative log-likelihood to `nll`; returns False where memory is not enough."""
    try:
        with objective.precision.active():
            sums = batch_loss(model, piece.to(nll.device), objective.smoothing, objective.r_drop)
            with torch.autocast(nll.device.type, enabled=False):
                torch.autograd.backward(sums.loss / tokens)
        nll += sums.nll.detach()
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        return False
    return True


def judged(weights: Sequence[Tensor], nll: Tensor) -> tuple[Tensor, Tensor]:
    """Return the norm of the gradients, and whether it and `nll` are finite, as tensors and without waiting for the
    device."""
    norm = get_total_norm([weight.grad for weight in weights if weight.grad is not None], foreach=True).detach()
    return norm, norm.isfinite() & nll.isfinite()


def take_step(
    optimiser: AdamW, weights: Sequence[Tensor], norm: Tensor, healthy: Tensor, *, clip_norm: float, deferred: bool
) -> None:
    """Clip the gradients to `clip_norm` and let the optimiser take a step; where not `healthy`, the weights stay as
    they are.

    With `deferred`, the optimiser's fused kernel decides on the device, so that the program need not wait for it.
    """
    if not deferred and not healthy:
        return
    # on a CPU the norm can be read at once, and gradients that need no clipping are left alone
    if clip_norm and (deferred or norm > clip_norm):
        clip_grads_with_norm_(weights, clip_norm, norm, foreach=True)
    if not deferred:
        optimiser.step()
        return
    # torch's GradScaler sets the same attribute; the fused kernel reads it on the device and skips the step
    optimiser.found_inf = (~healthy).float()  # type: ignore[attr-defined]
    optimiser.step()
    del optimiser.found_inf  # type: ignore[attr-defined]


def batch_loss(model: SingleNetwork, batch: Batch, smoothing: float = 0.0, r_drop: float = 0.0) -> LossSums:
    """Return the model's summed loss and negative log-likelihood on a batch."""
    ids = batch.source, batch.source_lengths, batch.target_in, batch.target_out
    return model.loss(*ids, batch.target_lengths, smoothing, r_drop)


@dataclass
class Window:
    """Sums over the updates since the last report; the times among them differ between runs."""

    nll: Tensor | float = 0.0
    gradient_norm: Tensor | float = 0.0
    tokens: int = 0
    steps: int = 0
    seconds: float = 0.0
    waited: float = 0.0

    def add(self, done: Update) -> None:
        """Add the figures of one update."""
        self.nll = self.nll + done.nll
        self.gradient_norm = self.gradient_norm + done.gradient_norm.double()
        self.tokens += done.tokens
        self.steps += 1

    def spend(self, seconds: float, waited: float) -> None:
        """Add time, and how much of it was spent waiting for data."""
        self.seconds += seconds
        self.waited += waited

    @property
    def loss(self) -> float:
        """Mean negative log-likelihood per target token, in nats."""
        return float(self.nll) / max(1, self.tokens)

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "nll": float(self.nll),
            "gradient_norm": float(self.gradient_norm),
            "tokens": self.tokens,
            "steps": self.steps,
            "seconds": self.seconds,
            "waited": self.waited,
        }
