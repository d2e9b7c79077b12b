"""The family of poolings. To add one, write a file here and a line in the table below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqloom.nn.poolings.attention import AttentionPooling, AttentionPoolingConfig
from seqloom.nn.poolings.base import Pooled, Pooling, PoolingConfig
from seqloom.nn.poolings.last import Last, LastConfig
from seqloom.nn.poolings.max import Max, MaxConfig
from seqloom.nn.poolings.mean import Mean, MeanConfig

__all__ = ["POOLINGS", "Pooled", "Pooling", "PoolingConfig", "build_pooling", "pooling_configs"]

POOLINGS: Mapping[str, tuple[type[PoolingConfig], Any]] = {
    "attention": (AttentionPoolingConfig, AttentionPooling),
    "last": (LastConfig, Last),
    "max": (MaxConfig, Max),
    "mean": (MeanConfig, Mean),
}


def pooling_configs() -> Mapping[str, type[PoolingConfig]]:
    """The section of each kind."""
    return {kind: section for kind, (section, _) in POOLINGS.items()}


def build_pooling(config: PoolingConfig, width: int) -> Pooling:
    """The pooling of the configured kind, of vectors of the given width."""
    _, member = POOLINGS[config.kind]
    pooling: Pooling = member(config, width)
    return pooling
