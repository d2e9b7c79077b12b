"""Batches of items of unlike lengths: each item exactly once, limits kept, results in order."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.errors import ConfigError
from seqloom.inference.batching import in_batches

SIZES = st.lists(st.integers(0, 40), max_size=60)


class Watching:
    """Returns a result of its own for each item, and remembers the batches."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[int, int]]] = []
        self.lock = threading.Lock()

    def __call__(self, items: Sequence[tuple[int, int]]) -> list[str]:
        with self.lock:
            self.batches.append(list(items))
        return [f"answer to {number}" for number, _ in items]


@settings(max_examples=60, deadline=None)
@given(sizes=SIZES, sentences=st.integers(1, 9), tokens=st.integers(1, 90), threads=st.integers(1, 3))
def test_each_item_is_in_one_batch_within_the_limits_and_results_are_in_order(
    sizes: list[int], sentences: int, tokens: int, threads: int
) -> None:
    work = Watching()
    items = list(enumerate(sizes))
    found = in_batches(items, sizes, work, sentences=sentences, tokens=tokens, threads=threads)
    assert found == [f"answer to {number}" for number in range(len(sizes))]
    assert sorted(item for batch in work.batches for item in batch) == items
    for batch in work.batches:
        assert 1 <= len(batch) <= sentences
        assert len(batch) == 1 or len(batch) * max(size for _, size in batch) <= tokens


@settings(max_examples=60, deadline=None)
@given(sizes=SIZES, sentences=st.integers(1, 9), tokens=st.integers(1, 90))
def test_neighbours_are_alike_and_batches_are_full(sizes: list[int], sentences: int, tokens: int) -> None:
    work = Watching()
    in_batches(list(enumerate(sizes)), sizes, work, sentences=sentences, tokens=tokens)
    in_turn = [size for batch in work.batches for _, size in batch]
    assert in_turn == sorted(sizes, reverse=True)
    for batch in work.batches[:-1]:
        longest = max(1, *(size for _, size in batch))  # an item takes a place even where it has no size
        assert len(batch) == sentences or (len(batch) + 1) * longest > tokens


def test_items_of_one_length_keep_their_order() -> None:
    work = Watching()
    in_batches(list(enumerate([3] * 7)), [3] * 7, work, sentences=3, tokens=100)
    assert [[number for number, _ in batch] for batch in work.batches] == [[0, 1, 2], [3, 4, 5], [6]]


@pytest.mark.parametrize("name", ["sentences", "tokens", "threads"])
def test_limits_below_one_are_refused(name: str) -> None:
    limits = {"sentences": 1, "tokens": 1, "threads": 1, name: 0}
    with pytest.raises(ConfigError, match=f"{name} must be at least 1, not 0"):
        in_batches([1], [1], list, **limits)


def test_a_result_too_few_and_errors_are_not_hidden() -> None:
    with pytest.raises(ValueError, match="shorter"):
        in_batches([1, 2], [1, 1], lambda items: [0], sentences=2, tokens=9)

    def failing(items: Sequence[int]) -> list[int]:
        raise KeyError("broken")

    for threads in (1, 2):
        with pytest.raises(KeyError, match="broken"):
            in_batches([1, 2], [1, 1], failing, sentences=1, tokens=9, threads=threads)
