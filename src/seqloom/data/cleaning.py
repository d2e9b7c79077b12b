"""Filters of training pairs, and splitting off a development set.

What each filter leaves out is counted. Filters do not touch given development or test data.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from seqloom.data.config import DataConfig
from seqloom.data.corpus import Corpus, RowNumbers
from seqloom.data.hashed_files import find_hashed
from seqloom.data.whole_files import Say, cache_errors, hashed_file, unsaid

Mask = NDArray[np.bool_]
Keys = NDArray[np.uint64]
KEYS = ".npy"


@dataclass(frozen=True)
class CleanReport:
    """How many pairs each filter left out, in the order in which the filters ran."""

    before: int
    after: int
    dropped: dict[str, int] = field(default_factory=dict)

    def summary(self) -> str:
        """One line for people."""
        if not self.dropped:
            return f"{self.after:,} pairs, none filtered out"
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.items())
        return f"{self.after:,} of {self.before:,} pairs kept; left out: {reasons}"


def clean(corpus: Corpus, config: DataConfig, say: Say = unsaid) -> tuple[Corpus, CleanReport]:
    """Apply the configured filters: the training pairs that pass them, and a report of what was left out."""
    before, dropped = len(corpus), {}
    kept = np.ones(before, np.bool_)
    for reason, keep in _filters(config):
        passed = kept & keep(corpus)
        if lost := int(kept.sum() - passed.sum()):
            dropped[reason] = lost
        kept = passed
    rows: RowNumbers = np.flatnonzero(kept)
    if config.drop_duplicates:
        first = _first_of_each(corpus, rows, say)
        if len(first) < len(rows):
            dropped["duplicates"] = len(rows) - len(first)
        rows = first
    if dropped:
        corpus = corpus.select(rows)
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
    return filters


def _shortest(corpus: Corpus) -> NDArray[np.int32]:
    return np.minimum(corpus.source_lengths, corpus.target_lengths)


def _ratio(corpus: Corpus) -> NDArray[np.float64]:
    longest = np.maximum(corpus.source_lengths, corpus.target_lengths)
    return longest / np.maximum(_shortest(corpus), 1)


def _first_of_each(corpus: Corpus, rows: RowNumbers, say: Say) -> RowNumbers:
    """The given rows without those whose pair occurred in an earlier row."""
    keys = row_keys(corpus, ("source", "tags", "target"), say=say)[rows]
    return rows[np.sort(np.unique(keys, return_index=True)[1])]


def row_keys(corpus: Corpus, columns: tuple[str, ...], seed: int = 0, say: Say = unsaid) -> Keys:
    """A 64-bit hash of some columns of each row, the same on every machine; cached beside a cached corpus."""
    if corpus.place is None:
        return _hashed(corpus, columns, seed)[corpus.rows]
    folder, stem = corpus.place.parent, f"{corpus.place.stem}.{'-'.join(columns)}-{seed}"
    if place := find_hashed(folder, stem, KEYS, say):
        with contextlib.suppress(OSError, ValueError, EOFError):
            return np.asarray(np.load(place), np.uint64)[corpus.rows]
    keys = _hashed(corpus, columns, seed)
    with cache_errors(folder / f"{stem}{KEYS}"), hashed_file(folder, stem, KEYS) as stream:
        np.save(stream, keys)
    return keys[corpus.rows]


def _hashed(corpus: Corpus, columns: tuple[str, ...], seed: int) -> Keys:
    """The hashes of all rows that were read, including those left out later."""
    salt = seed.to_bytes(8, "little")
    digests = bytearray()
    for cells in corpus.cells(*columns):
        digests += blake2b(repr(cells).encode(), digest_size=8, salt=salt).digest()
    return np.frombuffer(digests, "<u8")


def split_dev(corpus: Corpus, config: DataConfig, say: Say = unsaid) -> tuple[Corpus, Corpus]:
    """Split into training and development pairs by the seed; all pairs with the same source are in the same part."""
    if not config.dev_count or not config.dev_fraction:
        return corpus, corpus.select(np.zeros(0, np.int64))
    keys = row_keys(corpus, ("source",), config.seed, say)
    ordered = np.sort(keys)
    sources = ordered[np.flatnonzero(np.diff(ordered, prepend=~ordered[:1]))]
    count = min(config.dev_count, int(len(sources) * config.dev_fraction))
    if not count:
        return corpus, corpus.select(np.zeros(0, np.int64))
    held_out = keys <= sources[count - 1]
    return corpus.select(np.flatnonzero(~held_out)), corpus.select(np.flatnonzero(held_out))
