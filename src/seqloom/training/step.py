"""One update of the weights, and the running means between two reports."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import AdamW

from seqloom.data.batch import Batch
from seqloom.model import LossSums, Seq2Seq
from seqloom.nn.precision import Precision, no_denormals


@dataclass(frozen=True)
class Objective:
    """How a batch becomes gradients: the smoothing of its targets, the number format, the largest gradient norm."""

    precision: Precision
    smoothing: float = 0.0
    clip_norm: float = 0.0


@dataclass(frozen=True)
class Update:
    """What one update saw: negative log-likelihood summed over `tokens` target tokens, and the gradient's norm.

    Both are tensors, still on the device: reading them would make the program wait for it.
    """

    nll: Tensor
    gradient_norm: Tensor
    tokens: int


@no_denormals()
def update(model: Seq2Seq, optimiser: AdamW, batches: Sequence[Batch], objective: Objective) -> Update:
    """Change the weights once by the gradient of all batches together.

    Each batch adds its summed loss; the sum is divided once, by the target tokens of all of them, so that cutting
    an update into several batches does not change it.
    """
    tokens = sum(batch.tokens for batch in batches)
    optimiser.zero_grad(set_to_none=True)
    nll = torch.zeros((), dtype=torch.float64, device=batches[0].source.device)
    for batch in batches:
        with objective.precision.active():
            sums = batch_loss(model, batch, objective.smoothing)
            with torch.autocast(nll.device.type, enabled=False):
                torch.autograd.backward(sums.loss / tokens)
        nll += sums.nll.detach()
    weights = [weight for weight in model.parameters() if weight.grad is not None]
    norm = get_total_norm([weight.grad for weight in weights if weight.grad is not None], foreach=True)
    # where reading the norm costs nothing, a factor of 1 is not worth a pass over all gradients
    if objective.clip_norm and (norm.device.type != "cpu" or norm > objective.clip_norm):
        clip_grads_with_norm_(weights, objective.clip_norm, norm, foreach=True)
    optimiser.step()
    return Update(nll, norm.detach(), tokens)


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

    def add(self, done: Update, seconds: float, waited: float) -> None:
        """Count one update, its duration, and how much of that was spent waiting for data."""
        self.nll = self.nll + done.nll
        self.gradient_norm = self.gradient_norm + done.gradient_norm.double()
        self.tokens += done.tokens
        self.steps += 1
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


def perplexity(loss: float) -> float:
    """e to the loss per token; bounded, so that it stays a number that JSON can write."""
    return math.exp(min(loss, 700.0))
