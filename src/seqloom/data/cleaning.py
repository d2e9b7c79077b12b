"""Filters of training pairs. Each is counted; none touches development or test data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from seqloom.data.config import DataConfig
from seqloom.data.corpus import Corpus

Mask = NDArray[np.bool_]
SLICE = 10_000


@dataclass(frozen=True)
class CleanReport:
    """How many pairs each filter left out, in the order the filters ran."""

    before: int
    after: int
    dropped: dict[str, int] = field(default_factory=dict)

    def summary(self) -> str:
        """One line for people."""
        if not self.dropped:
            return f"{self.after:,} pairs, none filtered out"
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.items())
        return f"{self.after:,} of {self.before:,} pairs kept; left out: {reasons}"


def clean(corpus: Corpus, config: DataConfig) -> tuple[Corpus, CleanReport]:
    """The training pairs that pass the configured filters, and the count of those that do not."""
    before, dropped = len(corpus), {}
    for reason, keep in _filters(config):
        kept = np.flatnonzero(keep(corpus))
        if len(kept) < len(corpus):
            dropped[reason] = len(corpus) - len(kept)
            corpus = corpus.select(kept)
    return corpus, CleanReport(before, len(corpus), dropped)


def _filters(config: DataConfig) -> list[tuple[str, Callable[[Corpus], Mask]]]:
    filters: list[tuple[str, Callable[[Corpus], Mask]]] = []
    if config.min_length:
        filters.append((f"with a side below {config.min_length} tokens", lambda c: _shortest(c) >= config.min_length))
    if config.max_source_length:
        limit = config.max_source_length
        filters.append((f"with a source above {limit} tokens", lambda c: c.source_lengths <= limit))
    if config.max_target_length:
        most = config.max_target_length
        filters.append((f"with a target above {most} tokens", lambda c: c.target_lengths <= most))
    if config.max_length_ratio:
        filters.append(
            (f"with a length ratio above {config.max_length_ratio:g}", lambda c: _ratio(c) <= config.max_length_ratio)
        )
    if config.drop_duplicates:
        filters.append(("duplicates", _first_of_each))
    return filters


def _shortest(corpus: Corpus) -> NDArray[np.int32]:
    return np.minimum(corpus.source_lengths, corpus.target_lengths)


def _ratio(corpus: Corpus) -> NDArray[np.float64]:
    longest = np.maximum(corpus.source_lengths, corpus.target_lengths)
    return longest / np.maximum(_shortest(corpus), 1)


def _first_of_each(corpus: Corpus) -> Mask:
    keys = row_keys(corpus, ("source", "tags", "target"))
    mask = np.zeros(len(corpus), np.bool_)
    mask[np.unique(keys, return_index=True)[1]] = True
    return mask


def row_keys(corpus: Corpus, columns: tuple[str, ...], seed: int = 0) -> NDArray[np.uint64]:
    """A 64-bit hash of some columns of each row, the same on every machine."""
    keys = np.empty(len(corpus), np.uint64)
    salt = seed.to_bytes(8, "little")
    for start in range(0, len(corpus), SLICE):
        rows = range(start, min(start + SLICE, len(corpus)))
        cells = zip(*(corpus.column(name, rows) for name in columns), strict=True)
        digests = b"".join(blake2b(repr(cell).encode(), digest_size=8, salt=salt).digest() for cell in cells)
        keys[start : rows.stop] = np.frombuffer(digests, "<u8")
    return keys


def split_dev(corpus: Corpus, config: DataConfig) -> tuple[Corpus, Corpus]:
    """Training and development part, decided by the seed; all pairs of one source are in the same part."""
    keys = row_keys(corpus, ("source",), config.seed)
    sources = np.unique(keys)
    count = min(config.dev_count, int(len(sources) * config.dev_fraction))
    if not count:
        return corpus, corpus.select(np.zeros(0, np.int64))
    held_out = keys <= sources[count - 1]
    return corpus.select(np.flatnonzero(~held_out)), corpus.select(np.flatnonzero(held_out))
