"""Choose the size of a batch in tokens (`batch.tokens = "auto"`): about a hundred updates per epoch, as far as memory
allows.

On a GPU, the size is doubled until a training step runs out of memory. On a CPU that cannot be tried, because the
system would end the program. Instead, the memory that a training step keeps for its backward pass is counted on the
longest pair of the data and compared with the memory that is free.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqloom.data.batch import Batch, collate_ids
from seqloom.data.corpus import Corpus
from seqloom.data.shape_grid import padded_length
from seqloom.model import SingleNetwork
from seqloom.nn.precision import Precision
from seqloom.text.special import UNK
from seqloom.training.memory import available_memory, out_of_memory, release
from seqloom.training.updates.step import batch_loss

FLOOR = 256
"""The smallest size that is chosen; sizes are multiples of it."""
CEILINGS = {"cpu": 2048}
"""Size beyond which larger batches do not make training faster, by kind of device."""
CEILING = 65_536
"""The same for other kinds of device."""
UPDATES = 100
"""Number of updates that an epoch should have at least: the more often weights are updated, the sooner they are
good."""
SHARE = 0.5
"""Share of the free memory that a batch may take, because other programs need some, too."""
PEAK = 1.5
"""Peak memory of a step as a multiple of what it keeps for the backward pass; 0.6 to 1.3 were measured."""


@dataclass(frozen=True)
class Budget:
    """The size of a batch in tokens, and the reason for it."""

    tokens: int
    reason: str


def find_budget(
    model: SingleNetwork, precision: Precision, corpus: Corpus, accumulate: int, r_drop: float = 0.0
) -> Budget:
    """Return the best batch size for training `model` on `corpus`, with R-Drop if `r_drop` is not 0.

    Weights, gradients and random generators are left as they were.
    """
    longest = (int(lengths.max()) + 1 for lengths in (corpus.source_lengths, corpus.target_lengths))
    source, target = map(padded_length, longest)
    total = int(corpus.source_lengths.sum(dtype=np.int64) + corpus.target_lengths.sum(dtype=np.int64)) + 2 * len(corpus)
    device = next(model.parameters()).device
    ceiling = CEILINGS.get(device.type, CEILING)
    bearable = min(ceiling, max(FLOOR, total // (UPDATES * accumulate)))
    with torch.random.fork_rng(), precision.active():
        if device.type == "cpu":
            free = available_memory()
            row = _kept_bytes(model, source, target, 4, r_drop) - _kept_bytes(model, source, target, 2, r_drop)
            fitting = int(SHARE * free / (PEAK * row / 2)) * (source + target)
            size = f"{fitting:,} would fit into half of the {free / 2**30:.1f} GiB that are free"
        else:
            fitting = largest(lambda tokens: _fits(model, source, target, tokens, r_drop), bearable)
            size = f"found by trial on {device.type}"
    tokens = max(FLOOR, min(bearable, fitting) // FLOOR * FLOOR)
    if fitting < bearable:
        return Budget(tokens, size)
    reason = "larger ones are no faster" if bearable == ceiling else f"so that an epoch has up to {UPDATES} updates"
    return Budget(tokens, f"{reason}, and memory is enough" if device.type == "cpu" else f"{reason}; {size}")


def largest(fits: Callable[[int], bool], most: int) -> int:
    """Return about the largest size up to `most` for which `fits` is true, found by doubling or halving."""
    tokens = min(most, 4 * FLOOR)
    if not fits(tokens):
        while tokens > FLOOR and not fits(tokens):
            tokens //= 2
        return tokens
    while tokens < most and fits(min(most, 2 * tokens)):
        tokens = min(most, 2 * tokens)
    if tokens == most:
        return most
    middle = tokens + tokens // 2
    return int(0.9 * (middle if fits(middle) else tokens))


def _longest(source: int, target: int, rows: int) -> Batch:
    """Return a batch of artificial pairs of these lengths, end marks included."""
    return collate_ids([[UNK] * (source - 1)] * rows, [[UNK] * (target - 1)] * rows)


def _kept_bytes(model: SingleNetwork, source: int, target: int, rows: int, r_drop: float = 0.0) -> int:
    """Return how many bytes a training step on `rows` pairs of these lengths keeps for its backward pass."""
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        batch_loss(model.train(), _longest(source, target, rows), 0.0, r_drop)
    return sum(kept.values())


def _fits(model: SingleNetwork, source: int, target: int, tokens: int, r_drop: float) -> bool:
    """Whether a training step on so many tokens fits into memory, together with the tensors of the optimiser."""
    device = next(model.parameters()).device
    batch = _longest(source, target, max(1, tokens // (source + target)))
    try:
        moments = [torch.empty_like(weight) for weight in model.parameters() for _ in range(3)]
        torch.autograd.backward(batch_loss(model.train(), batch.to(device), 0.0, r_drop).loss)
        fits = True
        del moments
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        fits = False
    model.zero_grad(set_to_none=True)
    release()
    return fits
