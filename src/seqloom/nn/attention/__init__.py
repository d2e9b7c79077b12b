"""The family of attentions. Adding one: a file here and a line in the table below, or a plugin from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqloom.nn.attention.additive import Additive, AdditiveConfig
from seqloom.nn.attention.base import Attention, AttentionConfig, Memory
from seqloom.nn.attention.concat import Concat, ConcatConfig
from seqloom.nn.attention.coverage import Coverage, CoverageConfig
from seqloom.nn.attention.dot import Dot, DotConfig
from seqloom.nn.attention.general import General, GeneralConfig
from seqloom.nn.attention.location import Location, LocationConfig
from seqloom.nn.attention.location_sensitive import LocationSensitive, LocationSensitiveConfig
from seqloom.nn.attention.scaled_dot import ScaledDot, ScaledDotConfig
from seqloom.plugins import Family, pair_of, sections

__all__ = ["ATTENTIONS", "Attention", "AttentionConfig", "Memory", "attention_configs", "build_attention"]

ATTENTIONS: Family[tuple[type[AttentionConfig], Any]] = Family(
    "ATTENTIONS",
    {
        "general": (GeneralConfig, General),
        "dot": (DotConfig, Dot),
        "scaled_dot": (ScaledDotConfig, ScaledDot),
        "additive": (AdditiveConfig, Additive),
        "concat": (ConcatConfig, Concat),
        "location": (LocationConfig, Location),
        "location_sensitive": (LocationSensitiveConfig, LocationSensitive),
        "coverage": (CoverageConfig, Coverage),
    },
    pair_of(AttentionConfig, Attention),
)


def attention_configs() -> Mapping[str, type[AttentionConfig]]:
    """Each kind's section."""
    return sections(ATTENTIONS)


def build_attention(config: AttentionConfig, query_size: int, value_size: int) -> Attention:
    """The attention of the configured kind; widths that do not go with the number of heads are refused."""
    _, member = ATTENTIONS.known(config.kind)
    config.check(query_size, value_size)
    attention: Attention = member(config, query_size, value_size)
    return attention
