"""Inspect data files: lengths, repeated pairs, odd characters, and overlap with dev and test files.

Texts are read once and not kept: each pair leaves two 64-bit hashes and a length ratio, which take 20 bytes. The chance
that any two of 5 million different texts have the same hash is one in a million.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin
from seqloom.data.inspection.counters import Characters, Lengths
from seqloom.data.readers import ReadReport, read_examples
from seqloom.errors import DataError

SLICE = 10_000
SIDES = ("source", "target")


@dataclass
class Findings(ReadReport):
    """A reading report that skips all bad lines and also counts those with an empty side."""

    on_bad_line: str = "skip"  # type: ignore[assignment]
    empty: int = 0

    def refuse(self, origin: Origin, reason: str, hint: str = "") -> None:
        """Count a line that is left out."""
        self.empty += reason.endswith("must not be empty")
        super().refuse(origin, reason, hint)


@dataclass
class Inspection:
    """What was found in some files; `sources` and `pairs` hold one hash for each pair."""

    entries: tuple[str, ...]
    read: Findings = field(default_factory=Findings)
    lengths: dict[str, Lengths] = field(default_factory=dict)
    characters: dict[str, Characters] = field(default_factory=lambda: {side: Characters() for side in SIDES})
    sources: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    pairs: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    ratios: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    unlike_at: str = ""
    against: list[Overlap] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name of the data in a sentence."""
        return self.entries[0] if len(self.entries) == 1 else "the data"

    @property
    def count(self) -> int:
        """Number of pairs that could be read."""
        return len(self.pairs)


@dataclass(frozen=True)
class Overlap:
    """What a dev or test file shares with the inspected data.

    `sources` and `pairs` count its pairs whose source, or which as a whole, occur in the data. `unknown` holds, for
    each side, the characters that occur only in the file. `notes` are remarks on how it was read.
    """

    file: str
    count: int
    sources: int
    pairs: int
    unknown: dict[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Repeats:
    """Repetitions in the data.

    `duplicates` counts repeated pairs and `ambiguous` counts sources with several targets. `sources` and `pairs` are
    the sorted hashes of the distinct ones.
    """

    duplicates: int
    sources: NDArray[np.int64] = field(repr=False)
    pairs: NDArray[np.int64] = field(repr=False)
    ambiguous: int


def inspect(entries: Sequence[str], config: DataConfig, against: Sequence[str] = ()) -> Inspection:
    """Inspect all pairs of some files, and what each dev or test file in `against` shares with them."""
    found = _looked_at(tuple(entries), config)
    if against:
        repeats = repeats_of(found)
        found.against += [_overlap(entry, config, found, repeats) for entry in against]
    return found


def repeats_of(found: Inspection) -> Repeats:
    """Count repeated pairs and sources."""
    pairs, first = np.unique(found.pairs, return_index=True)
    sources, counts = np.unique(found.sources[first], return_counts=True)
    return Repeats(found.count - len(pairs), sources, pairs, int(np.count_nonzero(counts > 1)))


def _looked_at(entries: tuple[str, ...], config: DataConfig) -> Inspection:
    found = Inspection(entries)
    stream = read_examples(entries, config, found.read)
    sources, pairs, ratios = [], [], []
    largest = 0.0
    while part := list(islice(stream, SLICE)):
        origins = [example.origin for example in part]
        for name, lengths in _lengths(part):
            found.lengths.setdefault(name, Lengths()).add(lengths, origins)
        for side in SIDES:
            found.characters[side].add([getattr(example, side) for example in part], origins)
        inputs = [hash((example.source, example.tags)) for example in part]
        sources.append(np.array(inputs, np.int64))
        pairs.append(np.array([hash((key, e.target)) for key, e in zip(inputs, part, strict=True)], np.int64))
        ratios.append(np.array([_ratio(len(e.source), len(e.target)) for e in part], np.float32))
        if ratios[-1].max() > largest:
            largest = float(ratios[-1].max())
            found.unlike_at = str(origins[int(ratios[-1].argmax())])
    if not pairs:
        next(read_examples(entries, config, ReadReport()), None)  # raises the error for the first bad line
        raise DataError("there must be at least one pair to look at", where=", ".join(entries))
    found.sources, found.pairs = np.concatenate(sources), np.concatenate(pairs)
    found.ratios = np.concatenate(ratios)
    return found


def _lengths(part: list[Example]) -> Iterator[tuple[str, list[int]]]:
    for side in SIDES:
        texts = [getattr(example, side) for example in part]
        yield f"{side} characters", list(map(len, texts))
        yield f"{side} words", [len(text.split()) for text in texts]


def _ratio(one: int, other: int) -> float:
    return max(one, other) / min(one, other)


def _overlap(entry: str, config: DataConfig, train: Inspection, repeats: Repeats) -> Overlap:
    other = _looked_at((entry,), config)
    unknown = {side: tuple(sorted(other.characters[side].seen - train.characters[side].seen)) for side in SIDES}
    return Overlap(
        entry,
        other.count,
        int(np.isin(other.sources, repeats.sources).sum()),
        int(np.isin(other.pairs, repeats.pairs).sum()),
        {side: characters for side, characters in unknown.items() if characters},
        tuple(other.read.sentences()),
    )
