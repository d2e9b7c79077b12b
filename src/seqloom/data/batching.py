"""Which pairs form a batch: pairs of similar length are batched up to a token budget.

The order of the batches depends on the seed and the epoch alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from seqloom.config import Section
from seqloom.data.corpus import RowNumbers, row_type
from seqloom.data.mixing import Mix
from seqloom.data.shape_grid import odd, padded_lengths, whole_rows

T = TypeVar("T")


def number_or_auto(value: Any) -> int | Literal["auto"]:
    """Validate a setting that is a whole number of at least 0, or "auto" if it is found when a run starts."""
    if value != "auto" and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ValueError(f"must be a whole number, at least 0, or auto, not {value!r}")
    return value  # type: ignore[no-any-return]


class BatchConfig(Section):
    """How large a batch is."""

    tokens: int | Literal["auto"] = "auto"
    """Largest number of tokens in a batch: source and target together, padding and end marks included; 0 if `sentences`
    is set. `auto` cuts an epoch into about a hundred updates, as far as such batches fit into memory and do not slow
    training down."""
    sentences: int = Field(default=0, ge=0)
    """If above 0, a batch has this number of pairs, whatever their lengths."""
    bucket: int = Field(default=100, ge=1)
    """Number of batches whose pairs are drawn together and then sorted by length; 1 does not sort at all."""

    @field_validator("tokens", mode="plain")
    @classmethod
    def _budget(cls, tokens: Any) -> int | Literal["auto"]:
        return number_or_auto(tokens)

    @model_validator(mode="after")
    def _some_size(self) -> BatchConfig:
        if not self.tokens and not self.sentences:
            raise ValueError("tokens or sentences must be above 0")
        return self

    @property
    def budget(self) -> int:
        """The token budget; `auto` must have been replaced by a number."""
        assert self.tokens != "auto", "the budget is found before batches are cut"
        return self.tokens


@dataclass(frozen=True, order=True)
class Position:
    """A position in the training data: the epoch and the index of the next batch in it, both from 0."""

    epoch: int = 0
    index: int = 0


@dataclass(frozen=True)
class Share:
    """The part of a sequence that one of several processes takes: item number `rank` and every `size`-th after it.

    If the items are sorted by length, all shares have similar lengths. A share of a short sequence may be empty.
    """

    rank: int = 0
    size: int = 1

    def of(self, items: Any) -> Any:
        """This share of a sequence or an array."""
        return items[self.rank :: self.size]

    @staticmethod
    def whole(parts: Sequence[Sequence[T]]) -> list[T]:
        """The inverse of `of`: the sequence whose shares, ordered by rank, are `parts`."""
        return [parts[place % len(parts)][place // len(parts)] for place in range(sum(map(len, parts)))]


class BatchSampler:
    """Batches of row numbers that depend on the seed and the epoch alone.

    Every epoch has every row once, or, with a `mix`, a given number of rows of each corpus. Besides the lengths, which
    it shares with the corpus, a sampler takes 5 bytes a row, and 10 while it orders an epoch.
    """

    def __init__(
        self,
        source_lengths: NDArray[np.int32],
        target_lengths: NDArray[np.int32],
        config: BatchConfig,
        seed: int = 1,
        mix: Mix | None = None,
    ) -> None:
        self._source, self._target = source_lengths, target_lengths
        self.config, self.seed, self.mix = config, seed, mix
        self._latest: tuple[int, list[RowNumbers]] = (-1, [])
        self._counts: dict[int, int] = {}

    @property
    def rows(self) -> int:
        """Number of rows in an epoch."""
        return len(self._source) if self.mix is None else sum(self.mix.quotas)

    def count(self, epoch: int) -> int:
        """Number of batches in an epoch."""
        if epoch not in self._counts:
            self._drawn(epoch)
        return self._counts[epoch]

    def epoch_batches(self, epoch: int) -> list[RowNumbers]:
        """All batches of an epoch, in order."""
        latest, batches = self._latest
        if latest != epoch:
            batches = self._drawn(epoch)
            self._latest = (epoch, batches)
        return batches

    def _drawn(self, epoch: int) -> list[RowNumbers]:
        chance = np.random.default_rng([self.seed, epoch])
        rows = self._all if self.mix is None else self.mix.draw(self.seed, epoch)
        order = chance.permutation(rows)
        del rows
        batches: list[RowNumbers] = []
        size = self._pool
        for start in range(0, len(order), size):
            pool = order[start : start + size]
            if self.config.bucket > 1:
                pool = pool[self._by_length(pool)]
            batches += self._cut(pool)
        self._counts[epoch] = len(batches)
        return [batches[index] for index in chance.permutation(len(batches))]

    def batches(self, start: Position = Position()) -> Iterator[tuple[Position, RowNumbers]]:
        """Endless batches from `start`; each comes with the position after it, from which training can be resumed."""
        if not len(self._source):
            return
        epoch, index = start.epoch, start.index
        while True:
            batches = self.epoch_batches(epoch)
            while index < len(batches):
                rows = batches[index]
                index += 1
                done = index == len(batches)
                yield Position(epoch + 1, 0) if done else Position(epoch, index), rows
            epoch, index = epoch + 1, 0

    def in_order(self) -> list[RowNumbers]:
        """Batches for an evaluation: all rows, sorted by length, in a fixed order."""
        return self._cut(self._all[self._by_length(self._all)])

    @property
    def _all(self) -> RowNumbers:
        return np.arange(len(self._source), dtype=row_type(len(self._source)))

    @property
    def _pool(self) -> int:
        """Number of rows that are sorted together (`config.bucket` batches)."""
        if self.config.sentences:
            return self.config.bucket * self.config.sentences
        tokens = int(self._source.sum(dtype=np.int64)) + int(self._target.sum(dtype=np.int64))
        mean = (tokens + 2 * len(self._source)) / max(1, len(self._source))
        return max(1, int(self.config.bucket * self.config.budget / mean))

    def _by_length(self, rows: RowNumbers) -> NDArray[np.int64]:
        """Order rows by target length, then by source length.

        Source lengths rise within one target length and fall within the next, so that neighbours are always similar.
        """
        source, target = self._padded(rows)
        return np.lexsort((np.where(odd(target), source, -source), target))

    def _cut(self, rows: RowNumbers) -> list[RowNumbers]:
        """Cut consecutive rows into batches that stay within the budget when padded; a longer pair is a batch alone.

        Like the lengths, the number of rows in a batch lies on the grid, except in the last batch.
        """
        if self.config.sentences:
            return [rows[start : start + self.config.sentences] for start in range(0, len(rows), self.config.sentences)]
        source, target = self._padded(rows)
        batches: list[RowNumbers] = []
        start, budget = 0, self.config.budget
        while start < len(rows):
            most = max(1, budget // int(source[start] + target[start]))
            ahead = slice(start, start + most)
            width = np.maximum.accumulate(source[ahead]) + np.maximum.accumulate(target[ahead])
            fitting = max(1, int(np.count_nonzero(width * np.arange(1, len(width) + 1) <= budget)))
            end = start + (fitting if start + fitting == len(rows) else whole_rows(fitting))
            batches.append(rows[start:end])
            start = end
        return batches

    def _padded(self, rows: RowNumbers) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The padded lengths of the sources and targets of some rows, end marks included."""
        return padded_lengths(self._source[rows] + 1), padded_lengths(self._target[rows] + 1)
