"""The alignment of sources and targets against a list of all ways to cut them, and what it learns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.transduction import Aligner
from seqloom.transduction.alignment import Part

PAIRS = [([0, 3, 4, 9], [1, 1, 2]), ([0, 4, 9], [2]), ([0, 3, 3, 9], [1, 1, 1, 1]), ([0, 5, 9], [])]
SOURCES = st.lists(st.integers(2, 5), min_size=0, max_size=4).map(lambda ids: [0, *ids, 1])
TARGETS = st.lists(st.integers(0, 3), min_size=0, max_size=5)


def cuts(source: list[int], target: list[int], longest: int, ends: int) -> Iterator[tuple[Part, ...]]:
    """All ways to cut a target into one part for each symbol of its source."""
    limits = [ends if place in (0, len(source) - 1) else longest for place in range(len(source))]
    for places in itertools.combinations_with_replacement(range(len(target) + 1), len(source) - 1):
        around = (0, *places, len(target))
        parts = tuple(tuple(target[one:two]) for one, two in itertools.pairwise(around))
        if all(len(part) <= limit for part, limit in zip(parts, limits, strict=True)):
            yield parts


def expected(
    pairs: list[tuple[list[int], list[int]]], longest: int, ends: int, rounds: int
) -> dict[tuple[int, Part], float]:
    """The probability of each item after some rounds, by adding up all ways to cut."""
    every = [(source, list(cuts(source, target, longest, ends))) for source, target in pairs]
    items = {item for source, ways in every for parts in ways for item in zip(source, parts, strict=True)}
    shares = dict.fromkeys(items, 1.0)
    for _ in range(rounds):
        counts = dict.fromkeys(items, 0.0)
        for source, ways in every:
            weights = [math.prod(shares[item] for item in zip(source, parts, strict=True)) for parts in ways]
            for weight, parts in zip(weights, ways, strict=True):
                for item in zip(source, parts, strict=True):
                    counts[item] += weight / sum(weights)
        shares = {item: count / sum(counts.values()) for item, count in counts.items()}
    return shares


@pytest.mark.parametrize(("longest", "ends"), [(2, 2), (1, 3), (3, 1)])
@pytest.mark.parametrize("rounds", [1, 3])
def test_it_learns_what_all_ways_to_cut_add_up_to(longest: int, ends: int, rounds: int) -> None:
    wanted = expected(PAIRS, longest, ends, rounds)
    found = Aligner.learned(PAIRS, longest, ends, rounds).log_probs
    assert found
    for item, log_prob in found.items():
        assert log_prob == pytest.approx(math.log(wanted[item]), abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(pairs=st.lists(st.tuples(SOURCES, TARGETS), min_size=1, max_size=5), longest=st.integers(1, 3))
def test_the_best_cut_is_the_most_probable_one(pairs: list[tuple[list[int], list[int]]], longest: int) -> None:
    aligner = Aligner.learned(pairs, longest, 2)
    for (source, target), parts in zip(pairs, aligner.aligned(pairs), strict=True):
        ways = list(cuts(source, target, longest, 2))
        if parts is None:
            assert not ways or any(value == -math.inf for value in aligner.log_probs.values())
            continue
        assert list(itertools.chain(*parts)) == target

        def value(cut: tuple[Part, ...], source: list[int] = source) -> float:
            items = zip(source, cut, strict=True)
            known = aligner.parts
            return sum(aligner.log_probs.get(each, -30.0 if each[1] in known else -math.inf) for each in items)

        assert value(parts) == pytest.approx(max(map(value, ways)))
        (alone,) = aligner.aligned([(source, target)])
        assert alone == parts


def test_letters_find_their_sounds() -> None:
    """One letter is silent, one is two sounds, and the end has its own."""
    sounds = {2: [1], 3: [2], 4: [3, 4], 5: []}
    chance = np.random.default_rng(1)
    sources = [chance.integers(2, 6, chance.integers(1, 8)).tolist() for _ in range(200)]
    pairs = [([0, *ids, 1], [*itertools.chain(*(sounds[each] for each in ids)), 9]) for ids in sources]
    cut = Aligner.learned(pairs).aligned(pairs)
    wanted = [((), *(tuple(sounds[each]) for each in ids), (9,)) for ids in sources]
    right = sum(one == two for one, two in zip(cut, wanted, strict=True))
    assert right > 190


def test_what_cannot_be_cut_is_none() -> None:
    aligner = Aligner.learned(PAIRS, 2, 2)
    too_long, strange, known = aligner.aligned(
        [([0, 3, 9], [1] * 7), ([0, 3, 9], [77]), ([0, 88, 9], list(aligner.parts[-1]))]
    )
    assert too_long is None
    assert strange is None
    assert known is not None  # an unknown symbol may stand for anything that others stand for
    assert aligner.aligned([]) == []
    assert Aligner.learned([]).parts == ()


def test_batches_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Aligner.learned(PAIRS)
    monkeypatch.setattr("seqloom.transduction.alignment.CELLS", 10)
    cut = Aligner.learned(PAIRS)
    assert cut.log_probs == pytest.approx(dict(whole.log_probs))
    assert cut.aligned(PAIRS) == whole.aligned(PAIRS)
