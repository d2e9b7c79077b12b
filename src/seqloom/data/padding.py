"""Padding: sequences of ids with different lengths become one array with a row for each. Does not need PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.data.shape_grid import padded_length
from seqloom.text.special import EOS, PAD

Ids = Sequence[int] | NDArray[np.int32]


def flat(sequences: Sequence[Ids]) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Concatenate sequences: all ids in one array, the start of each sequence in it, and its length."""
    lengths = np.fromiter((len(ids) for ids in sequences), np.int32, count=len(sequences))
    tokens = np.fromiter((token for ids in sequences for token in ids), np.int32, count=int(lengths.sum()))
    return tokens, np.cumsum(lengths, dtype=np.int64) - lengths, lengths


def padded(
    tokens: NDArray[np.int32], starts: NDArray[np.int64], lengths: NDArray[np.integer[Any]], width: int = 0
) -> NDArray[np.int64]:
    """Ids [B, L] with EOS after each sequence, then PAD; L is `width`, or 0 for what the longest sequence needs."""
    ends = lengths[:, None]
    places = np.arange(width or int(lengths.max(initial=0)) + 1)
    inside = places < ends
    result = np.where(places == ends, EOS, PAD)
    result[inside] = tokens[(starts[:, None] + places)[inside]]
    return result


def padded_sources(sources: Sequence[Ids]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Padded source ids [B, S], each row ending with EOS, and their lengths [B], which count EOS."""
    tokens, starts, lengths = flat(sources)
    return padded(tokens, starts, lengths), lengths.astype(np.int64) + 1


def widened(ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Padded ids [B, S] with more padding, up to the next length on the grid."""
    return np.pad(ids, ((0, 0), (0, padded_length(ids.shape[1]) - ids.shape[1])), constant_values=PAD)
