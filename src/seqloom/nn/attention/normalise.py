"""Scores → weights along the last axis. A score of -∞ (padding) gets the weight 0 exactly."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

FAR = -1e4  # finite stand-in for -∞ below any support: both sparse maps keep only scores within 2 of the largest


def softmax(scores: Tensor) -> Tensor:
    """exp(e_s) / Σ exp(e)."""
    return torch.softmax(scores, -1)


def sparsemax(scores: Tensor) -> Tensor:
    """The Euclidean projection onto the simplex (Martins & Astudillo 2016, alg. 1): max(e - τ, 0)."""
    shifted = _shifted(scores)
    ordered, ranks = _ordered(shifted)
    thresholds = (ordered.cumsum(-1) - 1) / ranks  # τ if the support had that many members
    return (shifted - _at_support(thresholds, ordered > thresholds)).clamp_min(0)


def entmax15(scores: Tensor) -> Tensor:
    """1.5-entmax (Peters, Niculae & Martins 2019, alg. 2): max(e/2 - τ, 0)²."""
    shifted = _shifted(scores) / 2
    ordered, ranks = _ordered(shifted)
    mean = ordered.cumsum(-1) / ranks
    spread = ranks * ((ordered**2).cumsum(-1) / ranks - mean**2)
    discriminant = (1 - spread) / ranks
    thresholds = mean - torch.where(discriminant > 0, discriminant, 1.0).sqrt() * (discriminant > 0)
    return (shifted - _at_support(thresholds, ordered >= thresholds)).clamp_min(0) ** 2


NORMALISERS: dict[str, Callable[[Tensor], Tensor]] = {
    "softmax": softmax,
    "sparsemax": sparsemax,
    "entmax15": entmax15,
}


def _shifted(scores: Tensor) -> Tensor:
    return (scores - scores.amax(-1, keepdim=True)).clamp_min(FAR)


def _ordered(shifted: Tensor) -> tuple[Tensor, Tensor]:
    """Scores from the largest down, and their ranks 1, 2, …"""
    ordered = shifted.sort(-1, descending=True).values
    return ordered, torch.arange(1, shifted.size(-1) + 1, device=shifted.device, dtype=shifted.dtype)


def _at_support(thresholds: Tensor, inside: Tensor) -> Tensor:
    """The threshold at the size of the support."""
    return thresholds.gather(-1, inside.sum(-1, keepdim=True) - 1)
