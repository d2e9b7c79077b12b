"""The random generators of the process: seed them, read their states as plain values, restore them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch
from torch import Tensor


def seed_everything(seed: int) -> None:
    """Seed the generators of Python, NumPy and torch."""
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - the global generator is what plugins may use
    torch.manual_seed(seed)


def seed_update(seed: int, rank: int, step: int) -> None:
    """Seed all generators from the seed, the process's rank and the update, so that no state need be stored to repeat
    it.

    Processes that train together thus draw different dropout masks, and a run can be resumed from one state with any
    number of processes.
    """
    seed_everything(int(np.random.SeedSequence([seed, rank, step]).generate_state(1, np.uint64)[0] >> 1))


def generator_states() -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the states of Python's and NumPy's generators as JSON values, and those of torch's as tensors."""
    version, words, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state(legacy=True)  # noqa: NPY002
    values = {
        "python": [version, list(words), gauss],
        "numpy": [kind, np.asarray(keys).tolist(), int(position), int(has_gauss), float(cached)],
    }
    tensors = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors |= {f"cuda.{number}": state for number, state in enumerate(torch.cuda.get_rng_state_all())}
    if torch.backends.mps.is_available():
        tensors["mps"] = torch.mps.get_rng_state()
    return values, tensors


def restore_generators(values: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    """Restore what `generator_states` returned, for those devices that this machine has."""
    version, words, gauss = values["python"]
    random.setstate((version, tuple(words), gauss))
    kind, keys, position, has_gauss, cached = values["numpy"]
    np.random.set_state((kind, np.array(keys, np.uint32), position, has_gauss, cached))  # noqa: NPY002
    torch.set_rng_state(tensors["cpu"])
    for number in range(torch.cuda.device_count()):
        if f"cuda.{number}" in tensors:
            torch.cuda.set_rng_state(tensors[f"cuda.{number}"], number)
    if "mps" in tensors and torch.backends.mps.is_available():
        torch.mps.set_rng_state(tensors["mps"])
