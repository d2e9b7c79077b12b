"""The family of encoders. To add one, write a file here and a line in the table below, or a plugin from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqloom.nn.cells import CellConfig
from seqloom.nn.dropout import SequenceDropout
from seqloom.nn.encoders.base import Encoder, EncoderConfig, Summary
from seqloom.nn.encoders.recurrent import RecurrentEncoder, RecurrentEncoderConfig
from seqloom.nn.encoders.transformer import TransformerEncoder, TransformerEncoderConfig
from seqloom.plugins import Family, pair_of, sections

__all__ = ["ENCODERS", "Encoder", "EncoderConfig", "Summary", "build_encoder", "encoder_configs"]

ENCODERS: Family[tuple[type[EncoderConfig], Any]] = Family(
    "ENCODERS",
    {
        "recurrent": (RecurrentEncoderConfig, RecurrentEncoder),
        "transformer": (TransformerEncoderConfig, TransformerEncoder),
    },
    pair_of(EncoderConfig, Encoder),
)


def encoder_configs() -> Mapping[str, type[EncoderConfig]]:
    """The section of each kind."""
    return sections(ENCODERS)


def build_encoder(
    config: EncoderConfig, cell: CellConfig, input_size: int, hidden_size: int, dropout: SequenceDropout
) -> Encoder:
    """The encoder of the configured kind.

    It reads vectors of width `input_size` and makes vectors of width `hidden_size`. `cell` is the recurrence of a
    recurrent encoder whose section names none; other kinds leave it alone. Raises `ConfigError` where the kind
    is unknown or the width does not suit it.
    """
    _, member = ENCODERS.known(config.kind)
    config.check(hidden_size)
    encoder: Encoder = member(config, cell, input_size, hidden_size, dropout)
    return encoder
