"""Work on many items of different lengths in batches of similar ones, whoever the items come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from seqloom.errors import ConfigError

T = TypeVar("T")
R = TypeVar("R")


def in_batches(
    items: Sequence[T],
    sizes: Sequence[int],
    work: Callable[[Sequence[T]], Sequence[R]],
    *,
    sentences: int,
    tokens: int,
    threads: int = 1,
) -> list[R]:
    """What `work` makes of each item, in the order of the items; `work` gets them in batches.

    `sizes` are the lengths of the items in tokens. Items are sorted by length, the longest first, so that those of a
    batch need little padding, and are cut into batches of at most `sentences` items and at most `tokens` tokens,
    padding included: the number of items times the length of the longest. An item that is longer than `tokens` is a
    batch of its own. `work` must return one result for each item that it is given, in their order; it is called from
    `threads` threads at a time.

    A server can put the requests of several users into one call. Where `work` answers with a model, an item's answer
    does not depend on the other items of its batch. `Predictor.answer` is this function over lines of text.

    Raises a `ConfigError` for a limit or a number of threads below 1, and whatever `work` raises.
    """
    for name, value in (("sentences", sentences), ("tokens", tokens), ("threads", threads)):
        if value < 1:
            raise ConfigError(f"{name} must be at least 1, not {value}")
    batches = list(_planned(sizes, sentences, tokens))
    results: dict[int, R] = {}
    parts = [[items[row] for row in rows] for rows in batches]
    for rows, made in zip(batches, _each(work, parts, threads), strict=True):
        results.update(zip(rows, made, strict=True))
    return [results[row] for row in range(len(items))]


def _planned(sizes: Sequence[int], sentences: int, tokens: int) -> Iterator[list[int]]:
    """The places of the items of each batch."""
    rows = sorted(range(len(sizes)), key=lambda row: -sizes[row])
    while rows:
        count = min(sentences, max(1, tokens // max(1, sizes[rows[0]])))
        yield rows[:count]
        rows = rows[count:]


def _each(work: Callable[[T], R], items: Sequence[T], threads: int) -> Iterator[R]:
    """What `work` makes of each item, in order."""
    if min(threads, len(items)) < 2:
        yield from map(work, items)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - which takes a while

    pool = ThreadPoolExecutor(min(threads, len(items)))
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)
