"""How long answers may become: the limit of an output's length, learned from the training pairs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from seqloom.search import SearchConfig

ROOM = 1.25
"""Answers may be this many times as long as the training targets ask for, …"""
EXTRA_ROOM = 5
"""… and this many tokens longer."""


def learned_limits(
    search: SearchConfig, source_lengths: NDArray[np.int32], target_lengths: NDArray[np.int32]
) -> SearchConfig:
    """The settings of a search with each `auto` replaced by a number, so that none of the targets would be cut.

    Lengths [N] are in tokens, without end marks. The ratio is that of all target tokens to all source tokens, so that
    sources longer than any of these get room in proportion; the extra is what the longest targets have beyond it. Both
    are enlarged. A number that is given stays, and the other one is learned beside it.
    """
    ratio, extra = search.max_length_ratio, search.max_length_extra
    if "auto" not in (ratio, extra) or not len(source_lengths):
        return search
    sources, longest = _longest_targets(source_lengths, target_lengths)
    if ratio == "auto":
        least = int(target_lengths.sum(dtype=np.int64)) / (
            int(source_lengths.sum(dtype=np.int64)) + len(source_lengths)
        )
        if extra != "auto":
            least = max(least, float(((longest - extra) / sources).max()))
        ratio, beyond = math.ceil(100 * ROOM * least) / 100, longest - least * sources
    else:
        beyond = longest - ratio * sources
    if extra == "auto":
        extra = math.ceil(ROOM * max(0.0, float(beyond.max()))) + EXTRA_ROOM
    return search.replace(max_length_ratio=ratio, max_length_extra=extra)


def _longest_targets(
    source_lengths: NDArray[np.int32], target_lengths: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The lengths of sources that occur, as a search counts them, end mark included, and the longest target of each."""
    longest = np.full(int(source_lengths.max()) + 1, -1, np.int64)
    np.maximum.at(longest, source_lengths, target_lengths)
    (found,) = np.nonzero(longest >= 0)
    return found + 1, longest[found]
