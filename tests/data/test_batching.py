from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.data import BatchConfig, BatchSampler, Position, Share
from seqloom.data.corpus import RowNumbers
from seqloom.data.shape_grid import padded_length, whole_rows

LENGTHS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=200)
CONFIGS = st.builds(
    lambda tokens, sentences, bucket: BatchConfig(tokens=tokens, sentences=sentences, bucket=bucket),
    st.integers(1, 300),
    st.sampled_from([0, 0, 1, 7]),
    st.sampled_from([1, 2, 100]),
)


def sampler_of(lengths: list[tuple[int, int]], config: BatchConfig, seed: int = 1) -> BatchSampler:
    source, target = (np.array(side, np.int32) for side in zip(*lengths, strict=True))
    return BatchSampler(source, target, config, seed)


def widths_of(rows: RowNumbers, lengths: list[tuple[int, int]]) -> tuple[int, int]:
    """Source and target length of a batch as it is padded."""
    sources, targets = zip(*(lengths[row] for row in rows), strict=True)
    return padded_length(max(sources) + 1), padded_length(max(targets) + 1)


@settings(max_examples=100, deadline=None)
@given(lengths=LENGTHS, config=CONFIGS, epoch=st.integers(0, 5))
def test_every_example_once_within_the_budget(lengths: list[tuple[int, int]], config: BatchConfig, epoch: int) -> None:
    sampler = sampler_of(lengths, config)
    for batches in (sampler.epoch_batches(epoch), sampler.in_order()):
        assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
        for rows in batches:
            if config.sentences:
                assert len(rows) <= config.sentences
            elif len(rows) > 1:
                assert len(rows) * sum(widths_of(rows, lengths)) <= config.budget


@settings(max_examples=50, deadline=None)
@given(lengths=LENGTHS, config=CONFIGS, cut=st.integers(1, 30))
def test_resumed_is_unbroken(lengths: list[tuple[int, int]], config: BatchConfig, cut: int) -> None:
    whole = list(islice(sampler_of(lengths, config).batches(), cut + 20))
    position = whole[cut - 1][0]
    rest = list(islice(sampler_of(lengths, config).batches(position), 20))
    for (expected, rows), (found, again) in zip(whole[cut:], rest, strict=True):
        assert expected == found
        assert np.array_equal(rows, again)


def test_order_is_given_by_seed_and_epoch() -> None:
    lengths = [(i % 13, i % 7) for i in range(300)]
    config = BatchConfig(tokens=100)

    def order(seed: int, epoch: int) -> list[int]:
        return [int(row) for rows in sampler_of(lengths, config, seed).epoch_batches(epoch) for row in rows]

    assert order(1, 0) == order(1, 0)
    assert order(1, 0) != order(1, 1)
    assert order(1, 0) != order(2, 0)


def test_buckets_leave_little_padding() -> None:
    chance = np.random.default_rng(0)
    lengths = [
        (int(n), max(1, int(n + d)))
        for n, d in zip(chance.integers(3, 40, 4000), chance.integers(-2, 3, 4000), strict=True)
    ]
    sampler = sampler_of(lengths, BatchConfig(tokens=2000))
    real = padded = 0
    for rows in sampler.epoch_batches(0):
        sources, targets = zip(*(lengths[row] for row in rows), strict=True)
        real += sum(sources) + sum(targets)
        padded += len(rows) * (max(sources) + max(targets))
    assert real / padded > 0.9


@pytest.mark.parametrize(
    "config", [BatchConfig(tokens=2000), BatchConfig(tokens=0, sentences=64)], ids=lambda c: f"{c}"
)
def test_batches_share_few_shapes(config: BatchConfig) -> None:
    """About 9,000 pairs of up to 60 tokens a side, whose 300 or 140 batches an epoch would else have as many shapes."""
    chance = np.random.default_rng(0)
    sources = np.minimum(60, 3 + chance.poisson(chance.gamma(4, 4, 9000)))
    lengths = [(int(n), int(max(1, n + d))) for n, d in zip(sources, chance.integers(-3, 4, 9000), strict=True)]
    sampler = sampler_of(lengths, config)
    shapes: set[tuple[int, int, int]] = set()
    for epoch in range(5):
        batches = sampler.epoch_batches(epoch)
        found = {(len(rows), *widths_of(rows, lengths)) for rows in batches}
        assert len(found) <= 60
        odd = [rows for rows in batches if len(rows) != whole_rows(len(rows))]
        assert len(odd) <= 1 + len(batches) // config.bucket, "only what is left of a pool"
        shapes |= found
    assert len(shapes) <= 110


def test_nothing_to_draw_from() -> None:
    sampler = BatchSampler(np.zeros(0, np.int32), np.zeros(0, np.int32), BatchConfig(tokens=100))
    assert list(sampler.batches(Position(3, 4))) == []
    assert sampler.in_order() == []


def test_some_size_is_needed() -> None:
    with pytest.raises(ValueError, match="tokens or sentences"):
        BatchConfig(tokens=0)


@given(rows=st.integers(0, 60), size=st.integers(1, 7))
def test_shares_miss_nothing_and_do_not_overlap(rows: int, size: int) -> None:
    everything = np.arange(rows)
    shares = [Share(rank, size).of(everything) for rank in range(size)]
    assert sorted(np.concatenate(shares).tolist()) == everything.tolist()
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
    assert Share.whole([share.tolist() for share in shares]) == everything.tolist()
