"""A quick word aligner: IBM model 1 (Brown et al. 1993, §4.2), trained on a sample, to see how monotonic pairs are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

ITERATIONS = 5
"""Number of iterations of expectation maximisation."""
SYMBOLS = 2000
"""Number of the most frequent symbols of a side that are told apart; all others count as one."""
LONGEST = 60
"""Number of symbols of a sequence that are looked at."""
CELLS = 1_000_000
"""Number of pairs of a source and a target symbol that are looked at, over all sequences."""


def monotonicity(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> float:
    """How far the order of targets follows that of their sources: 1 is the same order, 0 none, -1 the reverse.

    It is the mean, over the pairs, of the correlation between target positions and the source positions that they are
    aligned with, weighted by the number of target symbols. Pairs with fewer than three target symbols say nothing of
    order and are left out; without any others the value is 0.
    """
    taken = list(_taken(pairs))
    if not taken:
        return 0.0
    table = _model_1(taken)
    total, weight = 0.0, 0
    for probabilities in table:
        length = len(probabilities)
        total, weight = total + _correlation(probabilities) * length, weight + length
    return total / weight


def _taken(
    pairs: Sequence[tuple[Sequence[str], Sequence[str]]],
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The pairs that are looked at, as numbers of symbols."""
    useful = [(source[:LONGEST], target[:LONGEST]) for source, target in pairs if len(source) > 1 and len(target) > 2]
    sources, targets = _numbers(source for source, _ in useful), _numbers(target for _, target in useful)
    cells = 0
    for source, target in useful:
        cells += len(source) * len(target)
        if cells > CELLS:
            break
        yield (
            np.array([sources.get(each, 0) for each in source], np.int64),
            np.array([targets.get(each, 0) for each in target], np.int64),
        )


def _numbers(sequences: Iterable[Sequence[str]]) -> dict[str, int]:
    """A number from 1 for each of the most frequent symbols; the others have 0."""
    counts = Counter(symbol for sequence in sequences for symbol in sequence)
    return {symbol: number for number, (symbol, _) in enumerate(counts.most_common(SYMBOLS), start=1)}


def _model_1(pairs: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> list[NDArray[np.float64]]:
    """The probability of each target symbol given each source symbol, [T, S] for each pair."""
    keys = [(target[:, None] * (SYMBOLS + 1) + source[None, :]).ravel() for source, target in pairs]
    entries, cells = np.unique(np.concatenate(keys), return_inverse=True)
    given = entries % (SYMBOLS + 1)
    widths = np.concatenate([np.full(len(target), len(source)) for source, target in pairs])
    rows = np.repeat(np.arange(len(widths)), widths)
    probabilities = np.full(len(entries), 1.0)
    for _ in range(ITERATIONS):
        shares = probabilities[cells]
        shares /= np.bincount(rows, shares)[rows]
        counts = np.bincount(cells, shares, len(entries))
        probabilities = counts / np.bincount(given, counts)[given]
    ends = np.cumsum([len(source) * len(target) for source, target in pairs])[:-1]
    parts = np.split(probabilities[cells], ends)
    return [part.reshape(len(target), len(source)) for part, (source, target) in zip(parts, pairs, strict=True)]


def _correlation(probabilities: NDArray[np.float64]) -> float:
    """The correlation between target positions and the source positions that are most probable for them.

    Of equally probable source positions, such as those of one letter that comes twice, the mean counts.
    """
    best = probabilities >= probabilities.max(axis=1, keepdims=True) * (1 - 1e-9)
    positions = (best * np.arange(best.shape[1])).sum(axis=1) / best.sum(axis=1)
    steps = np.arange(len(positions), dtype=np.float64)
    positions, steps = positions - positions.mean(), steps - steps.mean()
    norm = float(np.sqrt((positions**2).sum() * (steps**2).sum()))
    return float((positions * steps).sum()) / norm if norm else 0.0
