"""Where to compute."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch

from seqloom.errors import ConfigError


def available_devices() -> list[str]:
    """The kinds of device that torch finds here, the fastest first."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [name for name, there in found.items() if there]


def choose_device(name: str) -> torch.device:
    """The named device, or the fastest one for `auto`."""
    available = available_devices()
    if name == "auto":
        return torch.device(available[0])
    if name not in available:
        raise ConfigError(f"training.device must be one that torch finds here, not {name!r}", hint=", ".join(available))
    return torch.device(name)


@contextlib.contextmanager
def reproducible_kernels(wanted: bool) -> Iterator[None]:
    """Use kernels that add in a fixed order, for a while, where they are wanted."""
    if not wanted:
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
