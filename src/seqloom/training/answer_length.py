"""Learn the limit on the length of predictions from the lengths of the training pairs."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from seqloom.search import SearchConfig

ROOM = 1.25
"""Factor by which a learned limit exceeds what the training targets need."""
EXTRA_ROOM = 5
"""Number of tokens that are added to a learned `max_length_extra` in addition to that factor."""


def learned_limits(
    search: SearchConfig, source_lengths: NDArray[np.int32], target_lengths: NDArray[np.int32]
) -> SearchConfig:
    """Return the search settings with each `auto` length limit replaced by a number that lets every training target
    fit.

    `source_lengths` and `target_lengths` [N] are in tokens, without end marks. A learned ratio is the number of all
    target tokens divided by the number of all source tokens (end marks included), so that sources longer than any of
    these get room in proportion. A learned extra is the number of tokens by which the longest targets exceed that
    ratio. Both are then enlarged by `ROOM`. A limit that is given as a number stays as it is, and the other one is
    learned so that both together are enough.
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
    """Return the source lengths that occur, with the end mark as a search counts it, and the longest target of each."""
    longest = np.full(int(source_lengths.max()) + 1, -1, np.int64)
    np.maximum.at(longest, source_lengths, target_lengths)
    (found,) = np.nonzero(longest >= 0)
    return found + 1, longest[found]
