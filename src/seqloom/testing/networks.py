"""Tiny networks and batches on which laws are tried."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from seqloom.config import build
from seqloom.model import ModelConfig, Network, Seq2Seq

SOURCE_SIZE, TARGET_SIZE, RESERVED = 13, 11, 7
BASE: dict[str, Any] = {"embedding": 6, "hidden": 8, "dropout": 0.3, "embedding_dropout": 0.3}
"""Settings of a tiny network; dropout must act in training only."""


class Rows(NamedTuple):
    """A batch: ids [B, S] and [B, T], padded with 0, and how many of each row are real."""

    source: Tensor
    lengths: Tensor
    target_in: Tensor
    target_out: Tensor
    target_lengths: Tensor

    def row(self, index: int) -> Rows:
        """One row without its padding."""
        size, length = int(self.lengths[index]), int(self.target_lengths[index])
        only = slice(index, index + 1)
        return Rows(
            self.source[only, :size],
            self.lengths[only],
            self.target_in[only, :length],
            self.target_out[only, :length],
            self.target_lengths[only],
        )

    def shuffled(self, order: Tensor) -> Rows:
        """The rows in another order."""
        return Rows(*(part[order] for part in self))

    def widened(self, seed: int = 5) -> Rows:
        """Two more columns, and any ids at all on the padding."""
        chance = torch.Generator().manual_seed(seed)

        def litter(ids: Tensor, lengths: Tensor, size: int) -> Tensor:
            noise = torch.randint(0, size, (ids.size(0), ids.size(1) + 2), generator=chance)
            real = torch.arange(noise.size(1)) < lengths[:, None]
            return torch.where(real, torch.nn.functional.pad(ids, (0, 2)), noise)

        return Rows(
            litter(self.source, self.lengths, SOURCE_SIZE),
            self.lengths,
            litter(self.target_in, self.target_lengths, TARGET_SIZE),
            litter(self.target_out, self.target_lengths, TARGET_SIZE),
            self.target_lengths,
        )


def rows(lengths: tuple[int, ...] = (5, 1, 3), target_lengths: tuple[int, ...] = (2, 3, 3), seed: int = 1) -> Rows:
    """Random rows of the given lengths, padded with 0."""
    chance = torch.Generator().manual_seed(seed)

    def ids(sizes: Tensor, vocabulary: int) -> Tensor:
        drawn = torch.randint(1, vocabulary, (len(sizes), int(sizes.max())), generator=chance)
        return torch.where(torch.arange(drawn.size(1)) < sizes[:, None], drawn, 0)

    sizes, targets = torch.tensor(lengths), torch.tensor(target_lengths)
    return Rows(ids(sizes, SOURCE_SIZE), sizes, ids(targets, TARGET_SIZE), ids(targets, TARGET_SIZE), targets)


def network(settings: Mapping[str, Any], seed: int = 0, noise: float = 0.3) -> Seq2Seq:
    """A tiny network in evaluation mode, with every weight (biases, too) away from its special first value by a random
    number of the standard deviation `noise`.

    `settings` are those of `[model]`, laid over `BASE`; a section may be given as it is. Raises `ConfigError` where the
    settings do not go together.
    """
    torch.manual_seed(seed)
    model = Seq2Seq(build(ModelConfig, {**BASE, **settings}), SOURCE_SIZE, TARGET_SIZE, reserved=RESERVED).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=noise)
    return model


def unrolled(model: Network, batch: Rows) -> tuple[Tensor, Tensor | None]:
    """Logits [B, T, V] and attention weights [B, T, S] of all steps, taken one by one."""
    state = model.start(batch.source, batch.lengths)
    logits, weights = [], []
    for token in batch.target_in.unbind(1):
        scores, state, looked = model.step(token, state)
        logits.append(scores)
        if looked is not None:
            weights.append(looked)
    return torch.stack(logits, 1), torch.stack(weights, 1) if weights else None


def gradients(model: Network, loss: Tensor, *, unused: bool = False) -> dict[str, Tensor]:
    """The gradient of every weight; a weight that the loss does not reach is an error, or zero where that is allowed
    (`unused`)."""
    names, weights = zip(*model.named_parameters(), strict=True)
    found = torch.autograd.grad(loss, weights, allow_unused=unused)
    filled = (torch.zeros_like(w) if g is None else g for g, w in zip(found, weights, strict=True))
    return dict(zip(names, filled, strict=True))
