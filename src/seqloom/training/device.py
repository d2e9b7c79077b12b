"""The device that training computes on, and deterministic kernels."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import torch

from seqloom.errors import ConfigError


def available_devices() -> list[str]:
    """Return the kinds of device that torch finds on this machine, fastest first."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [name for name, there in found.items() if there]


def choose_device(name: str) -> torch.device:
    """Return the named device, or the fastest one for `auto`; raises ConfigError where torch does not find it."""
    available = available_devices()
    if name == "auto":
        return torch.device(available[0])
    if name not in available:
        raise ConfigError(f"training.device must be one that torch finds here, not {name!r}", hint=", ".join(available))
    return torch.device(name)


@contextlib.contextmanager
def reproducible_kernels(wanted: bool) -> Iterator[None]:
    """Use torch's deterministic algorithms within the context, if `wanted`."""
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
