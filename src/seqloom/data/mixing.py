"""Mixing several corpora: how many pairs of each make up an epoch, by weights or by a temperature.

A corpus i with n_i pairs makes up the share p_i of an epoch, and an epoch has as many pairs as all corpora together:

    quota_i = max(1, round(p_i Σ_j n_j))    p_i = w_i / Σ_j w_j    or    p_i = n_i^(1/T) / Σ_j n_j^(1/T)

(temperature: Arivazhagan et al. 2019, §3.1). A corpus is an entry of `data.train` or, with `data.mix_by = "tag"`, all
pairs with the same first tag. Each corpus is read again and again in random orders. Every epoch
continues where the last one ended, so that the pairs of a corpus have always been seen equally often, give or take
once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from seqloom.data.config import DataConfig
from seqloom.data.corpus import Corpus, RowNumbers
from seqloom.errors import DataError

PASS = 1
"""Last number in the seed of a pass over a corpus; it keeps the seed apart from that of an epoch, which NumPy pads with
0."""


@dataclass(frozen=True)
class Mix:
    """The rows of each corpus (`members`), how many of them make up an epoch (`quotas`), and the corpora's `names`."""

    members: tuple[RowNumbers, ...] = field(repr=False)
    quotas: tuple[int, ...]
    names: tuple[str, ...] = ()

    def draw(self, seed: int, epoch: int) -> RowNumbers:
        """The rows of an epoch, corpus by corpus; they depend on the seed and the epoch alone."""
        drawn = [
            part
            for number, (rows, quota) in enumerate(zip(self.members, self.quotas, strict=True))
            for part in _walk(rows, epoch * quota, quota, (seed, number))
        ]
        return np.concatenate(drawn)

    def describe(self) -> str:
        """A sentence for the user that says how much of each corpus an epoch draws."""
        total = sum(self.quotas)
        said = [
            f"{name} {100 * quota / total:.1f} % (each of {len(rows):,} pairs {quota / len(rows):.2f} times)"
            for name, rows, quota in zip(self.names, self.members, self.quotas, strict=True)
            if len(rows)
        ]
        return f"an epoch draws {total:,} pairs: {', '.join(said)}"


def mix_of(corpus: Corpus, config: DataConfig) -> Mix | None:
    """The mix of the corpora in `config.train`; None if every pair comes once in an epoch."""
    if not config.mixes:
        return None
    names, members = _by_tag(corpus) if config.mix_by == "tag" else (config.train, tuple(corpus.parts()))
    assert len(names) == len(members)
    if len(members) < 2:
        raise DataError(
            f"data.temperature mixes the pairs with different first tags, and all pairs have {names[0] or 'no tag'}",
            hint="data.tag_from_name takes a tag from the name of each file, data.tags from a column",
        )
    sizes = np.array([len(rows) for rows in members], np.float64)
    if config.weights:
        for name, size in zip(names, sizes, strict=True):
            if not size:
                raise DataError(
                    "there must be at least one pair to draw", where=name, hint="look at the limits in [data]"
                )
        raised = np.array(config.weights) / max(config.weights)
    else:
        raised = (sizes / sizes.max()) ** (1 / config.temperature)
    shares = np.where(sizes > 0, raised, 0)
    quotas = np.maximum(np.rint(shares / shares.sum() * sizes.sum()), sizes > 0)
    return Mix(members, tuple(int(quota) for quota in quotas), names)


def _by_tag(corpus: Corpus) -> tuple[tuple[str, ...], tuple[RowNumbers, ...]]:
    """The first tags in alphabetical order, and the indices of the pairs of each; no tag counts as the tag `""`."""
    tags = np.array([tags[0] if tags else "" for (tags,) in corpus.cells("tags")])[corpus.rows]
    names = np.unique(tags)
    return tuple(map(str, names)), tuple(np.flatnonzero(tags == name).astype(corpus.rows.dtype) for name in names)


def _walk(rows: RowNumbers, start: int, count: int, seeds: tuple[int, int]) -> list[RowNumbers]:
    """`count` rows from position `start` of an endless sequence that joins random permutations of all rows."""
    walked: list[RowNumbers] = []
    while count:
        number, begin = divmod(start, len(rows))
        if begin == 0 and count >= len(rows):
            whole = count // len(rows)  # no permutation is needed: the order within an epoch is drawn later
            walked.append(np.tile(rows, whole))
            taken = whole * len(rows)
        else:
            order = np.random.default_rng([*seeds, number, PASS]).permutation(len(rows))
            chosen = order[begin : begin + count]
            walked.append(rows[chosen])
            taken = len(chosen)
        start, count = start + taken, count - taken
    return walked
