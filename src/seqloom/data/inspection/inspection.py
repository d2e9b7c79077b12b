"""Inspect data files: lengths, labels, repeated pairs, odd characters, and overlap with dev and test files.

Files are read once, and a second time for the worst contradictions, if there are any. Texts are not kept, but for a
random sample from which tokenizers would be trained: each pair leaves three 64-bit hashes and a length ratio, which
take 28 bytes. The chance that any two of 5 million different texts have the same hash is one in a million.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin
from seqloom.data.inspection.contradictions import Contradiction, contradicting_rows, contradictions_in
from seqloom.data.inspection.counters import Characters, Lengths, Values
from seqloom.data.readers import ReadReport, read_examples
from seqloom.data.tokenizer_sample import Survey, survey
from seqloom.errors import DataError
from seqloom.evenly import evenly

SLICE = 10_000
SIDES = ("source", "target")
SAMPLED = 200
"""How many pairs of each slice are kept to see what texts are like."""
LABEL_WORDS = 5
"""The largest mean number of words of labels."""


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
    """What was found in some files.

    `sources` (with their tags), `texts` (sources without them), `targets` and `pairs` hold one hash for each pair.
    `identical` counts the pairs with the same text on both sides, `values` holds the different texts of each side while
    they are few, `sample` some pairs. `seen` is what tokenizers would be trained from.
    """

    entries: tuple[str, ...]
    read: Findings = field(default_factory=Findings)
    lengths: dict[str, Lengths] = field(default_factory=dict)
    characters: dict[str, Characters] = field(default_factory=lambda: {side: Characters() for side in SIDES})
    values: dict[str, Values] = field(default_factory=lambda: {side: Values() for side in SIDES})
    identical: int = 0
    sample: list[tuple[str, str]] = field(default_factory=list)
    seen: Survey | None = None
    contradictions: tuple[Contradiction, ...] = ()
    sources: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    texts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    targets: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
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

    @property
    def surveyed(self) -> Survey:
        """What tokenizers would be trained from, where files were inspected."""
        assert self.seen is not None
        return self.seen

    @property
    def distinct_inputs(self) -> int:
        """Number of different sources with their tags."""
        return len(np.unique(self.sources))

    @property
    def distinct_targets(self) -> int:
        """Number of different targets."""
        return len(np.unique(self.targets))

    @property
    def labels(self) -> Counter[str]:
        """How many targets there are of each label; empty if targets are no labels, by the rule for tokenizers."""
        counts = self.values["target"].counts
        few = self.count >= 20 and 10 * len(counts) <= self.count and self.mean_words("target") <= LABEL_WORDS
        return counts if few else Counter()

    def mean_words(self, side: str) -> float:
        """Mean number of words of the texts of a side."""
        return float(self.lengths[f"{side} words"].summary()["mean"])


@dataclass(frozen=True)
class Overlap:
    """What a dev or test file shares with the inspected data.

    `sources` and `pairs` count its pairs whose source, or which as a whole, occur in the data, `texts` those whose
    source occurs with whatever tags. `unknown` holds, for each side, the characters that occur only in the file. `seen`
    holds a sample of its pairs, `notes` are remarks on how it was read.
    """

    file: str
    count: int
    sources: int
    texts: int
    pairs: int
    unknown: dict[str, tuple[str, ...]]
    seen: Survey
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
    repeats = repeats_of(found)
    if repeats.ambiguous:
        rows = contradicting_rows(found.sources, found.pairs)
        found.contradictions = contradictions_in(read_examples(entries, config, Findings()), rows)
    found.against += [_overlap(entry, config, found, repeats) for entry in against]
    return found


def inspect_examples(examples: Iterable[Example]) -> Inspection:
    """Inspect pairs that have been read already; it must be possible to go through them twice."""
    found = Inspection(("the training pairs",))
    for _ in observed(examples, found):
        pass
    if repeats_of(found).ambiguous:
        found.contradictions = contradictions_in(examples, contradicting_rows(found.sources, found.pairs))
    return found


def repeats_of(found: Inspection) -> Repeats:
    """Count repeated pairs and sources."""
    pairs, first = np.unique(found.pairs, return_index=True)
    sources, counts = np.unique(found.sources[first], return_counts=True)
    return Repeats(found.count - len(pairs), sources, pairs, int(np.count_nonzero(counts > 1)))


def observed(examples: Iterable[Example], found: Inspection) -> Iterator[Example]:
    """Hand on examples, and fill `found` with what they are like; its hashes are there at the end."""
    stream = iter(examples)
    hashes: dict[str, list[NDArray[np.int64]]] = {"sources": [], "texts": [], "targets": [], "pairs": []}
    ratios: list[NDArray[np.float32]] = []
    largest = 0.0
    while part := list(islice(stream, SLICE)):
        origins = [example.origin for example in part]
        _count(part, origins, found)
        inputs = [hash((example.source, example.tags)) for example in part]
        hashes["sources"].append(np.array(inputs, np.int64))
        hashes["texts"].append(np.array([hash(example.source) for example in part], np.int64))
        hashes["targets"].append(np.array([hash(example.target) for example in part], np.int64))
        pairs = [hash((key, e.target)) for key, e in zip(inputs, part, strict=True)]
        hashes["pairs"].append(np.array(pairs, np.int64))
        ratios.append(np.array([_ratio(len(e.source), len(e.target)) for e in part], np.float32))
        if ratios[-1].max() > largest:
            largest = float(ratios[-1].max())
            found.unlike_at = str(origins[int(ratios[-1].argmax())])
        yield from part
    if ratios:
        found.sources, found.texts, found.targets, found.pairs = map(np.concatenate, hashes.values())
        found.ratios = np.concatenate(ratios)


def _count(part: list[Example], origins: list[Origin], found: Inspection) -> None:
    """Count what can be counted slice by slice."""
    for name, lengths in _lengths(part):
        found.lengths.setdefault(name, Lengths()).add(lengths, origins)
    for side in SIDES:
        texts = [getattr(example, side) for example in part]
        found.characters[side].add(texts, origins)
        found.values[side].add(texts)
    found.identical += sum(example.source == example.target for example in part)
    found.sample += [(part[row].source, part[row].target) for row in evenly(len(part), SAMPLED)]


def _looked_at(entries: tuple[str, ...], config: DataConfig) -> Inspection:
    found = Inspection(entries)
    try:
        found.seen = survey(observed(read_examples(entries, config, found.read), found), where=", ".join(entries))
    except DataError:
        if found.read.examples:
            raise
        next(read_examples(entries, config, ReadReport()), None)  # raises the error for the first bad line
        raise DataError("there must be at least one pair to look at", where=", ".join(entries)) from None
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
        int(np.isin(other.texts, train.texts).sum()),
        int(np.isin(other.pairs, repeats.pairs).sum()),
        {side: characters for side, characters in unknown.items() if characters},
        other.surveyed,
        tuple(other.read.sentences()),
    )
