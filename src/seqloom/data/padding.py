"""Sequences of ids of unlike lengths → arrays with one row each. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.data.shape_grid import padded_length
from seqloom.text.special import EOS, PAD

Ids = Sequence[int] | NDArray[np.int32]


def flat(sequences: Sequence[Ids]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """All ids in one array, where each sequence begins in it, and how long it is."""
    lengths = np.fromiter((len(ids) for ids in sequences), np.int32, count=len(sequences))
    tokens = np.fromiter((token for ids in sequences for token in ids), np.int32, count=int(lengths.sum()))
    return tokens, np.cumsum(lengths, dtype=np.int64) - lengths, lengths


def padded(
    tokens: NDArray[np.int32], starts: NDArray[np.int64], lengths: NDArray[np.integer[Any]], width: int = 0
) -> NDArray[np.int64]:
    """Ids [B, L] with EOS after each sequence and PAD after that, `width` wide or as wide as the longest needs."""
    ends = lengths[:, None]
    places = np.arange(width or int(lengths.max(initial=0)) + 1)
    inside = places < ends
    result = np.where(places == ends, EOS, PAD)
    result[inside] = tokens[(starts[:, None] + places)[inside]]
    return result


def padded_sources(sources: Sequence[Ids]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids [B, S] with EOS, and lengths [B] that count it."""
    tokens, starts, lengths = flat(sources)
    return padded(tokens, starts, lengths), lengths.astype(np.int64) + 1


def widened(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Padded ids [B, S], padded on to a length on the grid."""
    return np.pad(ids, ((0, 0), (0, padded_length(ids.shape[1]) - ids.shape[1])), constant_values=PAD)
