"""The optimiser: AdamW in one fused kernel, with weight decay on matrices only."""

from __future__ import annotations

from pydantic import Field, field_validator
from torch import Tensor, nn
from torch.optim import AdamW

from seqloom.config import Section

FUSED_DEVICES = ("cpu", "cuda", "mps")


class OptimiserConfig(Section):
    """The AdamW optimiser and gradient clipping."""

    learning_rate: float = Field(default=1e-3, gt=0, allow_inf_nan=False)
    """Peak learning rate, which the schedule scales."""
    betas: tuple[float, float] = (0.9, 0.98)
    """Decay rates of the running means of the gradient and of its square."""
    eps: float = Field(default=1e-8, gt=0)
    """Constant added to the denominator, the root of the mean square, for numerical stability."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Decoupled weight decay of weight matrices; biases, normalisation gains and embeddings are exempt."""
    clip_norm: float = Field(default=1.0, ge=0)
    """Gradient clipping: gradients whose norm is larger are scaled down to this norm; 0 turns it off."""

    @field_validator("betas")
    @classmethod
    def _decays(cls, betas: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError("both betas must be at least 0 and below 1")
        return betas


def build_optimiser(model: nn.Module, config: OptimiserConfig) -> AdamW:
    """Return AdamW (Loshchilov and Hutter 2019, algorithm 2) over the trainable weights.

    Biases, normalisation gains and embedding tables are not decayed: decay would shrink the embedding of a rare symbol
    at every update in which the symbol does not occur.
    """
    tables = {id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)}
    trainable = [weight for weight in model.parameters() if weight.requires_grad]

    def decays(weight: Tensor) -> bool:
        return weight.ndim > 1 and id(weight) not in tables

    groups = [
        {"params": [weight for weight in trainable if decays(weight)], "weight_decay": config.weight_decay},
        {"params": [weight for weight in trainable if not decays(weight)], "weight_decay": 0.0},
    ]
    return AdamW(
        [group for group in groups if group["params"]],
        lr=config.learning_rate,
        betas=config.betas,
        eps=config.eps,
        fused=all(weight.device.type in FUSED_DEVICES for weight in trainable),
    )


def set_rate(optimiser: AdamW, rate: float) -> None:
    """Set the learning rate of the next update."""
    for group in optimiser.param_groups:
        group["lr"] = rate
