"""Which part of a target each symbol of its source stands for: monotonic alignment, one symbol to a short string.

Source and target are cut into as many parts as the source has symbols; part i of the target is what symbol i became,
which may be nothing. The probability of a pair is the sum over all ways to cut it,

    p(x, y) = Σ over cuts of ∏_i q(x_i, part_i)

where q is one distribution over all pairs of a symbol and a string. It is learned by expectation maximisation, as in
the one-to-many alignment of Jiampojamarn, Kondrak & Sherif (2007), §2, all in log space.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pair = tuple[Sequence[int], Sequence[int]]
"""The symbols of a source and of its target."""
Part = tuple[int, ...]
"""The target symbols that one source symbol stands for."""
CELLS = 2_000_000
"""Numbers in the largest table of a batch of pairs; more pairs are taken in turn."""
UNSEEN = -30.0
"""The log-probability of a symbol with a string that only other symbols had in training."""
LEAST = 1e-300
"""The least sum that is divided by."""
DIGITS = 4
"""The decimal places of log-probabilities, so that an aligner is the same after it was written to a file."""
STRIDE = 2**32
"""The code of an item is its symbol times this, and the number of its string."""


class Batch(NamedTuple):
    """Some pairs as tables: `items` [B, N, M + 1, L + 1] has the number of the item of each source symbol, place in
    the target and length of the part that begins there, -1 where there is none; the lengths of the pairs are [B]."""

    items: NDArray[np.int64]
    sources: NDArray[np.int64]
    targets: NDArray[np.int64]


@dataclass(frozen=True)
class Aligner:
    """Learned log-probabilities of a source symbol with a string of target symbols, and how long strings may be.

    `longest` is the most target symbols of a part; `ends` that of the first and the last symbol of each source, which
    are meant to be marks of the ends of a text, so that what stands before and behind it has a place.
    """

    log_probs: Mapping[tuple[int, Part], float]
    longest: int
    ends: int

    @staticmethod
    def learned(pairs: Sequence[Pair], longest: int = 3, ends: int = 8, rounds: int = 8) -> Aligner:
        """The aligner that `rounds` of expectation maximisation make of pairs of sequences of symbols ≥ 0.

        It begins with all items alike, and knows in the end those of the most probable cuts. Pairs that cannot be cut,
        because their target is too long, teach nothing.
        """
        parts = dict[Part, int]()
        batches = [_batch(some, longest, ends, parts, grow=True) for some in _batches(pairs, longest, ends)]
        codes = np.unique(np.concatenate([np.zeros(0, np.int64), *(each.items.ravel() for each in batches)]))
        codes = codes[codes >= 0]
        batches = [each._replace(items=_places(each.items, codes)) for each in batches]
        log_probs = np.zeros(len(codes))
        for _ in range(rounds):
            counts = np.zeros(len(codes))
            for batch in batches:
                _count(batch, log_probs, counts)
            with np.errstate(divide="ignore"):
                log_probs = np.log(counts / max(counts.sum(), LEAST))
        used = Counter[tuple[int, Part]]()
        for some, batch in zip(_batches(pairs, longest, ends), batches, strict=True):
            for (source, _), cut in zip(some, _best(some, batch, log_probs), strict=True):
                used.update(zip(source, cut or (), strict=False))
        places = {code: place for place, code in enumerate(codes.tolist())}
        values = {item: float(log_probs[places[item[0] * STRIDE + parts[item[1]]]]) for item in sorted(used)}
        return Aligner({item: round(value, DIGITS) for item, value in values.items()}, longest, ends)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All strings that a symbol may have, the shortest first."""
        return tuple(sorted({part for _, part in self.log_probs}, key=lambda part: (len(part), part)))

    def aligned(self, pairs: Sequence[Pair]) -> list[tuple[Part, ...] | None]:
        """The most probable parts of each target, one for each symbol of its source; None where there is no way.

        A symbol may also have a string that only other symbols had, at the cost of a very small probability.
        """
        found = list[tuple[Part, ...] | None]()
        parts, codes, log_probs = self._table
        for some in _batches(pairs, self.longest, self.ends):
            batch = _batch(some, self.longest, self.ends, parts, grow=False)
            found += _best(some, batch._replace(items=_places(batch.items, codes, len(codes))), log_probs)
        return found

    @cached_property
    def _table(self) -> tuple[dict[Part, int], NDArray[np.int64], NDArray[np.float64]]:
        """The numbers of the strings, the codes of the items in order, and their log-probabilities with that of all
        others behind them."""
        parts = {part: number for number, part in enumerate(self.parts)}
        coded = sorted((symbol * STRIDE + parts[part], value) for (symbol, part), value in self.log_probs.items())
        return parts, np.array([code for code, _ in coded], np.int64), np.array([*(each for _, each in coded), UNSEEN])


def _batches(pairs: Sequence[Pair], longest: int, ends: int) -> Iterator[Sequence[Pair]]:
    """The pairs in their order, as many at a time as fit into a table."""
    start, width, height = 0, 0, 0
    for place, (source, target) in enumerate(pairs):
        wide, high = max(width, len(source)), max(height, len(target) + 1)
        if place > start and (place + 1 - start) * wide * high * (max(longest, ends) + 1) > CELLS:
            yield pairs[start:place]
            start, wide, high = place, len(source), len(target) + 1
        width, height = wide, high
    if pairs:
        yield pairs[start:]


def _batch(pairs: Sequence[Pair], longest: int, ends: int, parts: dict[Part, int], *, grow: bool) -> Batch:
    """The tables of some pairs, with codes of a symbol and a string for items. Strings that have no number in `parts`
    get one if these may `grow`, and else no symbol can have them."""
    width, height = (max(len(pair[side]) for pair in pairs) for side in (0, 1))
    sizes = max(longest, ends) + 1
    items = np.full((len(pairs), width, height + 1, sizes), -1, np.int64)
    for row, (source, target) in enumerate(pairs):
        own = np.full((len(target) + 1, sizes), -1, np.int64)
        for start in range(len(target) + 1):
            for size in range(min(sizes, len(target) - start + 1)):
                part = tuple(target[start : start + size])
                own[start, size] = parts.setdefault(part, len(parts)) if grow else parts.get(part, -1)
        symbols = np.array(source, np.int64)[:, None, None] * STRIDE
        table = np.where(own < 0, -1, symbols + own)
        table[1:-1, :, longest + 1 :] = -1
        table[[0, -1], :, ends + 1 :] = -1
        items[row, : len(source), : len(target) + 1] = table
    lengths = np.array([(len(source), len(target)) for source, target in pairs])
    return Batch(items, lengths[:, 0], lengths[:, 1])


def _places(items: NDArray[np.int64], codes: NDArray[np.int64], other: int = -1) -> NDArray[np.int64]:
    """The places of items among sorted codes; `other` for those that are not among them, -1 for none."""
    places = np.minimum(np.searchsorted(codes, items), max(0, len(codes) - 1))
    known = codes[places] == items if len(codes) else np.zeros(items.shape, bool)
    return np.where(items < 0, -1, np.where(known, places, other))


def _scores(batch: Batch, log_probs: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log-probabilities of all items [B, N, M + 1, L + 1]; behind the end of a source nothing is free of cost."""
    scores = np.where(batch.items < 0, -np.inf, np.append(log_probs, -np.inf)[batch.items])
    behind = np.arange(scores.shape[1]) >= batch.sources[:, None]
    scores[behind] = -np.inf
    scores[behind, :, 0] = 0.0
    return scores


def _sizes(scores: NDArray[np.float64], place: int) -> list[int]:
    """The lengths of strings that source symbols at a place have in any pair."""
    found = np.isfinite(scores[:, place]).any(axis=(0, 1))
    return [size for size in np.flatnonzero(found).tolist() if size < scores.shape[2]]


def _before(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The log-probability [B, N + 1, M + 1] of all ways to cut the first symbols of both sides."""
    rows, width, height, _ = scores.shape
    found = np.full((rows, width + 1, height), -np.inf)
    found[:, 0, 0] = 0.0
    for place in range(width):
        for size in _sizes(scores, place):
            came = found[:, place, : height - size] + scores[:, place, : height - size, size]
            found[:, place + 1, size:] = np.logaddexp(found[:, place + 1, size:], came)
    return found


def _behind(scores: NDArray[np.float64], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """The log-probability [B, N + 1, M + 1] of all ways to cut what follows the first symbols of both sides."""
    rows, width, height, _ = scores.shape
    found = np.full((rows, width + 1, height), -np.inf)
    found[np.arange(rows), width, targets] = 0.0
    for place in reversed(range(width)):
        for size in _sizes(scores, place):
            left = found[:, place + 1, size:] + scores[:, place, : height - size, size]
            found[:, place, : height - size] = np.logaddexp(found[:, place, : height - size], left)
    return found


def _count(batch: Batch, log_probs: NDArray[np.float64], counts: NDArray[np.float64]) -> None:
    """Add how often each item is expected in the pairs of a batch."""
    scores = _scores(batch, log_probs)
    before, behind = _before(scores), _behind(scores, batch.targets)
    whole = behind[:, 0, 0]
    whole = np.where(np.isfinite(whole), whole, np.inf)[:, None]
    height = scores.shape[2]
    for place in range(scores.shape[1]):
        for size in _sizes(scores, place):
            items = batch.items[:, place, : height - size, size]
            share = before[:, place, : height - size] + scores[:, place, : height - size, size]
            share = np.exp(share + behind[:, place + 1, size:] - whole)
            real = items >= 0
            counts += np.bincount(items[real], share[real], len(counts))


def _best(pairs: Sequence[Pair], batch: Batch, log_probs: NDArray[np.float64]) -> Iterator[tuple[Part, ...] | None]:
    """The parts of the most probable way to cut each pair of a batch."""
    scores = _scores(batch, log_probs)
    rows, width, height, _ = scores.shape
    found = np.full((rows, width + 1, height), -np.inf)
    found[:, 0, 0] = 0.0
    chosen = np.zeros((rows, width + 1, height), np.int64)
    for place in range(width):
        for size in _sizes(scores, place):
            came = found[:, place, : height - size] + scores[:, place, : height - size, size]
            better = came > found[:, place + 1, size:]
            found[:, place + 1, size:] = np.where(better, came, found[:, place + 1, size:])
            chosen[:, place + 1, size:] = np.where(better, size, chosen[:, place + 1, size:])
    for row, (source, target) in enumerate(pairs):
        if not np.isfinite(found[row, len(source), len(target)]):
            yield None
            continue
        parts, end = list[Part](), len(target)
        for place in range(len(source), 0, -1):
            size = int(chosen[row, place, end])
            parts.append(tuple(target[end - size : end]))
            end -= size
        yield tuple(reversed(parts))
