"""Overlap between development and training pairs, found with Arrow so that it is fast for millions of pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seqloom.data.corpus import Corpus

COLUMNS = ("source", "tags", "target")


@dataclass(frozen=True)
class Shared:
    """How many of `count` dev pairs occur in the training data.

    `sources` counts the dev pairs whose source (with its tags) occurs there, `pairs` those that occur as a whole;
    `same` says that both sets consist of the same pairs.
    """

    count: int
    sources: int
    pairs: int
    same: bool

    def sentences(self) -> Iterator[str]:
        """Warnings for the user; none if nothing is shared."""
        if self.same:
            yield (
                f"the dev data are the training data: all {self.count:,} pairs; figures on them do not say how the "
                "model does on new inputs"
            )
            return
        for number, what in ((self.pairs, "pairs"), (self.sources, "sources")):
            if number:
                share = 100 * number / self.count
                yield f"{number:,} of {self.count:,} dev {what} ({share:.3g} %) are in the training data, too"


def shared_with(train: Corpus, dev: Corpus) -> Shared:
    """Compare dev and training pairs; differences in Unicode form and surrounding white space are ignored."""
    wanted = pa.chunked_array([_plain(batch.column("source")) for batch in dev.batches(*COLUMNS)], pa.string()).unique()
    seen = _Keys.of(
        batch.filter(pc.is_in(_plain(batch.column("source")), value_set=wanted)) for batch in train.batches(*COLUMNS)
    )
    asked = _Keys.of(dev.batches(*COLUMNS))
    pairs = np.isin(asked.pairs, seen.pairs)
    same = bool(pairs.all()) and len(train) == len(dev) and set(np.unique(seen.pairs)) == set(np.unique(asked.pairs))
    return Shared(len(dev), int(np.isin(asked.sources, seen.sources).sum()), int(pairs.sum()), same)


class _Keys(NamedTuple):
    """64-bit hashes of the inputs (a source with its tags) and of the pairs of some rows; valid in this process
    only."""

    sources: NDArray[np.int64]
    pairs: NDArray[np.int64]

    @staticmethod
    def of(batches: Iterable[Any]) -> _Keys:
        sources, pairs = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for batch in batches:
            columns = _plain(batch.column("source")), batch.column("tags"), _plain(batch.column("target"))
            cells = list(zip(*(column.to_pylist() for column in columns), strict=True))
            sources.append(np.array([hash((source, tuple(tags))) for source, tags, _ in cells], np.int64))
            pairs.append(np.array([hash((source, tuple(tags), target)) for source, tags, target in cells], np.int64))
        return _Keys(np.concatenate(sources), np.concatenate(pairs))


def _plain(texts: Any) -> Any:
    return pc.utf8_trim_whitespace(pc.utf8_normalize(texts, form="NFC"))
