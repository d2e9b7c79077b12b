"""A first pass over the training files: a random sample of pairs for training tokenizers, all tags, and the count."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass

from seqloom.data.examples import Example
from seqloom.errors import DataError

SAMPLE = 300_000


@dataclass(frozen=True)
class Survey:
    """What tokenizers are chosen and trained from: sampled pairs, all tags, and the number of all pairs."""

    pairs: list[tuple[str, str]]
    tags: tuple[str, ...]
    count: int


def survey(examples: Iterable[Example], limit: int = SAMPLE, seed: int = 1, where: str = "") -> Survey:
    """Survey examples in one pass; raises `DataError`, which names their files, if there are none.

    Of more than `limit` pairs, a uniform random sample is kept (reservoir sampling, Vitter 1985, algorithm R).
    """
    chance = random.Random(seed)
    pairs: list[tuple[str, str]] = []
    tags: set[str] = set()
    count = 0
    for count, example in enumerate(examples, start=1):
        tags.update(example.tags)
        if count <= limit:
            pairs.append((example.source, example.target))
        elif (place := chance.randrange(count)) < limit:
            pairs[place] = (example.source, example.target)
    if not count:
        hint = "a pair has a source and a target; the first line may have been read as a header (data.header)"
        raise DataError("there must be at least one pair to train from, not none", where=where, hint=hint)
    return Survey(pairs, tuple(sorted(tags)), count)
