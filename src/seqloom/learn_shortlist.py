"""Learn a vocabulary shortlist: for each source word, the target words that are likely in its translation.

The model computes the known targets of training pairs (teacher forcing). A target token counts for each source token
with the attention weight that the model gives to it when it predicts the target token. For a model without attention,
a target token counts equally for all source tokens of its pair, and the counts are replaced by Dice's coefficient (Dice
1945), which is 1 for two words that occur only together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.codecs import Codecs
from seqloom.data import BatchConfig, BatchSampler, Example, corpus_of
from seqloom.data.batch import Batch
from seqloom.data.loader import evaluation_batches
from seqloom.errors import ConfigError, DataError
from seqloom.model import Network
from seqloom.nn.precision import choose_precision
from seqloom.search.shortlist import Shortlist
from seqloom.text.special import PAD, UNK

CANDIDATES, FREQUENT = 50, 100
PAIRS = 8192
"""Number of pairs that are read before they are sorted by length into batches."""
SEEN = 0.01
"""Attention weights below this are ignored; they would add almost nothing and take memory."""
WAITING = 4_000_000
"""Number of entries that `Counts` collects before it adds them up."""


def learn_shortlist(
    model: Network,
    examples: Iterable[Example],
    codecs: Codecs,
    *,
    candidates: int = CANDIDATES,
    frequent: int = FREQUENT,
) -> Shortlist:
    """Learn a shortlist from training pairs.

    The shortlist holds the `frequent` most frequent target words, which are open to every source, and for each source
    word up to `candidates` of the other target words, best first. A source word that does not occur in the examples has
    no candidates. Raises `DataError` if there are no examples.
    """
    if candidates < 1 or frequent < 0:
        raise ConfigError(f"candidates must be at least 1 and frequent 0, not {candidates} and {frequent}")
    counts = Counts(model.target_size)
    often, sources = np.zeros(model.target_size, np.int64), np.zeros(model.source_size, np.int64)
    for batch in _batches(examples, codecs):
        rows, columns, weights = seen_together(model, batch)
        counts.add(rows, columns, weights)
        often += np.bincount(batch.target_out.numpy().ravel(), minlength=len(often))
        sources += np.bincount(batch.source.numpy().ravel(), minlength=len(sources))
    if not often.any():
        raise DataError("there must be at least one pair", hint="give the files that the model was trained on")
    often[: UNK + 1] = 0  # the special ids are always in the shortlist
    best = np.argsort(-often, kind="stable")[:frequent]
    best = best[often[best] > 0]
    if not model.attends:
        counts.divide(lambda rows, columns: sources[rows] + often[columns])
    return Shortlist(counts.best(model.source_size, candidates, best), best.astype(np.int32), model.target_size)


@torch.inference_mode()
def seen_together(model: Network, batch: Batch) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Source ids, target ids and their weights for the pairs of a batch; special target ids are left out."""
    source, target = batch.source.numpy(), batch.target_out.numpy()
    if not model.attends:
        weights = np.broadcast_to(source[:, None, :] != PAD, (*target.shape, source.shape[1])).astype(np.float32)
    else:
        device = next(model.parameters()).device
        with choose_precision("float32", device.type).active():
            here = batch.to(device)
            looked = model.decode(here.source, here.source_lengths, here.target_in).weights
        assert looked is not None
        weights = looked.float().cpu().numpy()
    pairs, places, looked_at = np.nonzero((weights >= SEEN) & (target > UNK)[:, :, None])
    return source[pairs, looked_at], target[pairs, places], weights[pairs, places, looked_at].astype(np.float64)


class Counts:
    """A sparse table of sums with a given number of columns."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._keys: NDArray[np.int64] = np.zeros(0, np.int64)
        self._sums: NDArray[np.float64] = np.zeros(0)
        self._waiting: list[tuple[NDArray[np.int64], NDArray[np.float64]]] = []

    def add(self, rows: NDArray[np.int64], columns: NDArray[np.int64], weights: NDArray[np.float64]) -> None:
        """Add weights to the cells at the given rows and columns."""
        self._waiting.append((rows * self._columns + columns, weights))
        if sum(len(keys) for keys, _ in self._waiting) > max(WAITING, len(self._keys)):
            self._add_up()

    def _add_up(self) -> None:
        keys = np.concatenate([self._keys, *(each for each, _ in self._waiting)])
        sums = np.concatenate([self._sums, *(each for _, each in self._waiting)])
        self._keys, places = np.unique(keys, return_inverse=True)
        self._sums = np.bincount(places, sums, len(self._keys)).astype(np.float64)
        self._waiting = []

    def divide(self, divisors: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64]]) -> None:
        """Divide each sum by `divisors(rows, columns)`."""
        self._add_up()
        self._sums = self._sums / divisors(*np.divmod(self._keys, self._columns))

    def best(self, rows: int, most: int, without: NDArray[np.int64]) -> NDArray[np.int32]:
        """For each row the `most` best columns, padded with 0; the columns `without` are left out."""
        self._add_up()
        row, column = np.divmod(self._keys, self._columns)
        kept = ~np.isin(column, without)
        row, column, sums = row[kept], column[kept], self._sums[kept]
        order = np.lexsort((column, -sums, row))
        row, column = row[order], column[order]
        rank = np.arange(len(row)) - np.searchsorted(row, row)
        row, column, rank = (part[rank < most] for part in (row, column, rank))
        result = np.zeros((rows, int(rank.max(initial=0)) + 1), np.int32)
        result[row, rank] = column
        return result


def _batches(examples: Iterable[Example], codecs: Codecs) -> Iterator[Batch]:
    """The pairs in batches of similar length, made from some thousands of pairs at a time."""
    stream = iter(examples)
    while part := list(islice(stream, PAIRS)):
        corpus = corpus_of(part, codecs)
        sampler = BatchSampler(corpus.source_lengths, corpus.target_lengths, BatchConfig(tokens=4096))
        yield from evaluation_batches(corpus, sampler)
