"""Which pairs go into which batch: buckets of like length under a token budget, in an order given by seed and epoch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator, model_validator

from seqloom.config import Section

Rows = NDArray[np.int64]
T = TypeVar("T")


class BatchConfig(Section):
    """How many pairs are taken together."""

    tokens: int | Literal["auto"] = 4096
    """Budget of a batch: source and target tokens, padding and end marks counted; 0 where `sentences` is set. `auto`
    is what fits into memory, as long as an epoch keeps about a hundred updates."""
    sentences: int = Field(default=0, ge=0)
    """A fixed number of pairs instead of a budget, when above 0."""
    bucket: int = Field(default=100, ge=1)
    """Batches that are drawn together and sorted by length; 1 leaves the order wholly random."""

    @field_validator("tokens", mode="plain")
    @classmethod
    def _budget(cls, tokens: Any) -> int | Literal["auto"]:
        if tokens != "auto" and (not isinstance(tokens, int) or isinstance(tokens, bool) or tokens < 0):
            raise ValueError(f"must be a whole number, at least 0, or auto, not {tokens!r}")
        return tokens  # type: ignore[no-any-return]

    @model_validator(mode="after")
    def _some_size(self) -> BatchConfig:
        if not self.tokens and not self.sentences:
            raise ValueError("tokens or sentences must be above 0")
        if self.tokens == "auto" and self.sentences:
            raise ValueError("tokens = auto and sentences both say how large a batch is: choose one")
        return self

    @property
    def budget(self) -> int:
        """The budget in tokens, once it is known."""
        assert self.tokens != "auto", "the budget is found before batches are cut"
        return self.tokens


@dataclass(frozen=True, order=True)
class Position:
    """The next batch: its epoch and its index there, both from 0."""

    epoch: int = 0
    index: int = 0


@dataclass(frozen=True)
class Share:
    """What one of several processes takes of a sequence: number `rank`, and from there every `size`-th.

    Of a batch in order of length, the shares are alike in length, too. Of a short one a share may be empty.
    """

    rank: int = 0
    size: int = 1

    def of(self, items: Any) -> Any:
        """The part of a sequence or an array."""
        return items[self.rank :: self.size]

    @staticmethod
    def whole(parts: Sequence[Sequence[T]]) -> list[T]:
        """The sequence whose shares, by rank, are `parts`."""
        return [parts[place % len(parts)][place // len(parts)] for place in range(sum(map(len, parts)))]


class BatchSampler:
    """Batches of row numbers; every row once in each epoch, a function of (seed, epoch) alone."""

    def __init__(
        self, source_lengths: NDArray[np.int32], target_lengths: NDArray[np.int32], config: BatchConfig, seed: int = 1
    ) -> None:
        self._source = source_lengths.astype(np.int64) + 1
        self._target = target_lengths.astype(np.int64) + 1
        self.config, self.seed = config, seed

    def epoch_batches(self, epoch: int) -> list[Rows]:
        """The batches of an epoch in order."""
        chance = np.random.default_rng([self.seed, epoch])
        order = chance.permutation(len(self._source)).astype(np.int64)
        batches: list[Rows] = []
        for start in range(0, len(order), self._pool):
            pool = order[start : start + self._pool]
            if self.config.bucket > 1:
                pool = pool[self._by_length(pool)]
            batches += self._cut(pool)
        return [batches[index] for index in chance.permutation(len(batches))]

    def batches(self, start: Position = Position()) -> Iterator[tuple[Position, Rows]]:
        """Batches without end from `start`, each with the position after it, which resumes exactly there."""
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

    def in_order(self) -> list[Rows]:
        """The batches of an evaluation: sorted by length over the whole corpus, no chance involved."""
        rows = np.arange(len(self._source))
        return self._cut(rows[self._by_length(rows)])

    def _by_length(self, rows: Rows) -> Rows:
        """Order by target length; sources rise within one target length and fall within the next, like a snake."""
        source, target = self._source[rows], self._target[rows]
        return np.lexsort((np.where(target % 2, -source, source), target))

    @property
    def _pool(self) -> int:
        """Rows that are sorted together."""
        if self.config.sentences:
            return self.config.bucket * self.config.sentences
        mean = float((self._source + self._target).mean())
        return max(1, int(self.config.bucket * self.config.budget / mean))

    def _cut(self, rows: Rows) -> list[Rows]:
        """Consecutive rows cut so that each batch, padded, stays within the budget (one longer pair is a batch)."""
        if self.config.sentences:
            return [rows[start : start + self.config.sentences] for start in range(0, len(rows), self.config.sentences)]
        cuts, start, widest_source, widest_target = [0], 0, 0, 0
        sources, targets = self._source[rows].tolist(), self._target[rows].tolist()
        budget = self.config.budget
        for index, (source, target) in enumerate(zip(sources, targets, strict=True)):
            widest_source, widest_target = max(widest_source, source), max(widest_target, target)
            if index > start and (index + 1 - start) * (widest_source + widest_target) > budget:
                cuts.append(index)
                start, widest_source, widest_target = index, source, target
        return [rows[first:last] for first, last in zip(cuts, [*cuts[1:], len(rows)], strict=True) if last > first]
