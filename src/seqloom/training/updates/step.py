"""One update of the weights, and the running means between two reports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import AdamW

from seqloom.data.batch import Batch
from seqloom.model import Seq2Seq
from seqloom.nn.output import LossSums
from seqloom.nn.precision import Precision, no_denormals
from seqloom.training.group import Group, add_gradients
from seqloom.training.memory import TooLargeError, out_of_memory, pieces, release


@dataclass(frozen=True)
class Objective:
    """How a batch becomes gradients: the number format, the smoothing of its targets, the largest gradient norm.

    `group` are the processes whose gradients are added up.
    """

    precision: Precision
    smoothing: float = 0.0
    clip_norm: float = 0.0
    group: Group = field(default_factory=Group)


@dataclass(frozen=True)
class Update:
    """What one update of all processes together saw: negative log-likelihood summed over `tokens` target tokens, and
    the gradient's norm.

    Both are tensors, still on the device: reading them would make the program wait for it. So is `healthy`, whether
    both are finite; where they are not, the update was skipped. `limit` is the smallest size of a batch known not to
    fit into memory (0: none).
    """

    nll: Tensor
    gradient_norm: Tensor
    healthy: Tensor
    tokens: int
    limit: int = 0


@no_denormals()
def update(model: Seq2Seq, optimiser: AdamW, batches: Sequence[Batch], objective: Objective, limit: int = 0) -> Update:
    """Change the weights once by the gradient of all batches together, or not at all where it is not finite.

    Each batch adds its summed loss; the sum is divided once, by the target tokens of all of them, those of other
    processes included, so that cutting an update into several batches or shares does not change it.
    """
    tokens = sum(batch.whole.tokens for batch in batches)
    nll, limit = gradients(model, [batch for batch in batches if len(batch)], objective, tokens, limit)
    nll = add_gradients(objective.group, model, nll)
    weights = [weight for weight in model.parameters() if weight.grad is not None]
    norm, healthy = judged(weights, nll)
    take_step(optimiser, weights, norm, healthy, clip_norm=objective.clip_norm, deferred=norm.device.type == "cuda")
    return Update(nll, norm, healthy, tokens, limit)


def gradients(
    model: Seq2Seq, batches: Sequence[Batch], objective: Objective, tokens: int, limit: int = 0
) -> tuple[Tensor, int]:
    """Where batches become gradients: of their summed loss divided by `tokens`; returns the summed likelihood.

    A batch that does not fit into memory, and from then on every batch of its size (`limit`, returned, too), is cut
    in halves and all is begun anew, since a gradient may be there in part.
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


def _added(model: Seq2Seq, piece: Batch, objective: Objective, tokens: int, nll: Tensor) -> bool:
    """Add a piece's gradient and, to `nll`, its likelihood; False where memory is not enough for that."""
    try:
        with objective.precision.active():
            sums = batch_loss(model, piece.to(nll.device), objective.smoothing)
            with torch.autocast(nll.device.type, enabled=False):
                torch.autograd.backward(sums.loss / tokens)
        nll += sums.nll.detach()
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        return False
    return True


def judged(weights: Sequence[Tensor], nll: Tensor) -> tuple[Tensor, Tensor]:
    """Where gradients are judged: their norm, and whether it and the likelihood are finite; nothing is waited for."""
    norm = get_total_norm([weight.grad for weight in weights if weight.grad is not None], foreach=True).detach()
    return norm, norm.isfinite() & nll.isfinite()


def take_step(
    optimiser: AdamW, weights: Sequence[Tensor], norm: Tensor, healthy: Tensor, *, clip_norm: float, deferred: bool
) -> None:
    """Where the step is taken, after the gradients were scaled down to `clip_norm`; skipped where not `healthy`.

    `deferred` leaves the decision to the optimiser's fused kernel, so that the program need not wait for the device.
    """
    if not deferred and not healthy:
        return
    # where reading the norm costs nothing, a factor of 1 is not worth a pass over all gradients
    if clip_norm and (deferred or norm > clip_norm):
        clip_grads_with_norm_(weights, clip_norm, norm, foreach=True)
    if not deferred:
        optimiser.step()
        return
    # what torch's own GradScaler sets: the kernel reads it where the numbers are
    optimiser.found_inf = (~healthy).float()  # type: ignore[attr-defined]
    optimiser.step()
    del optimiser.found_inf  # type: ignore[attr-defined]


def batch_loss(model: Seq2Seq, batch: Batch, smoothing: float = 0.0) -> LossSums:
    """The model's summed loss on a batch."""
    return model.loss(
        batch.source, batch.source_lengths, batch.target_in, batch.target_out, batch.target_lengths, smoothing
    )


@dataclass
class Window:
    """Sums over the updates since the last report; times are not part of what a resumed run repeats."""

    nll: Tensor | float = 0.0
    gradient_norm: Tensor | float = 0.0
    tokens: int = 0
    steps: int = 0
    seconds: float = 0.0
    waited: float = 0.0

    def add(self, done: Update) -> None:
        """Count one update."""
        self.nll = self.nll + done.nll
        self.gradient_norm = self.gradient_norm + done.gradient_norm.double()
        self.tokens += done.tokens
        self.steps += 1

    def spend(self, seconds: float, waited: float) -> None:
        """Count time, and how much of it was spent waiting for data."""
        self.seconds += seconds
        self.waited += waited

    @property
    def loss(self) -> float:
        """Mean negative log-likelihood of a target token in nats."""
        return float(self.nll) / max(1, self.tokens)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "nll": float(self.nll),
            "gradient_norm": float(self.gradient_norm),
            "tokens": self.tokens,
            "steps": self.steps,
            "seconds": self.seconds,
            "waited": self.waited,
        }
