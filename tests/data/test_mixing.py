"""Mixed corpora: the quota of each, every pair as often as its neighbours, the same again from (seed, epoch)."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.codecs import Codecs
from seqloom.data import BatchConfig, BatchSampler, Corpus, DataConfig, Mix, load_corpus, mix_of
from seqloom.errors import DataError

SIZES = st.lists(st.integers(1, 30), min_size=2, max_size=4)


def mix(sizes: list[int], quotas: list[int]) -> Mix:
    ends = np.cumsum(sizes)
    rows = [np.arange(end - size, end) for end, size in zip(ends, sizes, strict=True)]
    return Mix(tuple(rows), tuple(quotas))


@settings(max_examples=100, deadline=None)
@given(data=st.data(), sizes=SIZES, seed=st.integers(0, 3), epochs=st.integers(1, 6))
def test_pairs_of_a_corpus_come_equally_often(data: st.DataObject, sizes: list[int], seed: int, epochs: int) -> None:
    quotas = [data.draw(st.integers(1, 70)) for _ in sizes]
    mixed = mix(sizes, quotas)
    counts = np.zeros(sum(sizes), np.int64)
    for epoch in range(epochs):
        drawn = np.bincount(mixed.draw(seed, epoch), minlength=len(counts))
        assert [int(drawn[rows].sum()) for rows in mixed.members] == quotas
        counts += drawn
        for rows in mixed.members:
            assert counts[rows].max() - counts[rows].min() <= 1


def test_draws_differ_by_seed_epoch_and_corpus() -> None:
    mixed = mix([40, 40], [20, 20])

    def chosen(seed: int, epoch: int, corpus: int) -> list[int]:
        half = mixed.draw(seed, epoch)[20 * corpus : 20 * corpus + 20]
        return sorted(row - 40 * corpus for row in half.tolist())

    assert chosen(1, 0, 0) == chosen(1, 0, 0)
    assert len({tuple(chosen(*key)) for key in [(1, 0, 0), (1, 2, 0), (2, 0, 0), (1, 0, 1)]}) == 4


@settings(max_examples=40, deadline=None)
@given(data=st.data(), sizes=SIZES, cut=st.integers(1, 40))
def test_resumed_is_unbroken_and_an_epoch_is_what_was_drawn(data: st.DataObject, sizes: list[int], cut: int) -> None:
    mixed = mix(sizes, [data.draw(st.integers(1, 50)) for _ in sizes])
    lengths = np.arange(sum(sizes), dtype=np.int32) % 9
    config = BatchConfig(tokens=data.draw(st.integers(20, 200)), bucket=data.draw(st.sampled_from([1, 3])))

    def sampler() -> BatchSampler:
        return BatchSampler(lengths, lengths, config, 3, mixed)

    for epoch in range(2):
        rows = np.concatenate(sampler().epoch_batches(epoch))
        assert sorted(rows.tolist()) == sorted(mixed.draw(3, epoch).tolist())
    whole = list(islice(sampler().batches(), cut + 15))
    for (expected, rows), (found, again) in zip(
        whole[cut:], islice(sampler().batches(whole[cut - 1][0]), 15), strict=True
    ):
        assert expected == found
        assert np.array_equal(rows, again)


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    """Entries of 90 and 10 pairs, the first of them a pattern."""
    for name, count in (("a1", 50), ("a2", 40), ("b", 10)):
        (tmp_path / f"{name}.tsv").write_text("abc\tA B\n" * count)
    return f"{tmp_path}/a*.tsv", f"{tmp_path}/b.tsv"


def mixed(files: tuple[str, ...], codecs: Codecs, **values: object) -> tuple[Corpus, Mix | None]:
    config = DataConfig.model_validate({"train": files, **values})
    corpus = load_corpus(files, config, codecs)
    return corpus, mix_of(corpus, config)


def test_quotas_follow_weights_and_temperature(files: tuple[str, ...], codecs: Codecs) -> None:
    assert mixed(files, codecs)[1] is None
    for values, quotas in (
        ({"weights": [1, 3]}, (25, 75)),
        ({"temperature": 2}, (75, 25)),  # 90^½ : 10^½ = 3 : 1
        ({"temperature": 1e9}, (50, 50)),
        ({"weights": [1e9, 1]}, (100, 1)),  # a corpus is never left out altogether
    ):
        corpus, found = mixed(files, codecs, **values)
        assert found is not None
        assert found.quotas == quotas
        assert [len(rows) for rows in found.members] == [90, 10]
    assert mix_of(corpus, DataConfig(train=("a", "b"), temperature=2)).describe() == (  # type: ignore[union-attr]
        "an epoch draws 100 pairs: a 75.0 % (each of 90 pairs 0.83 times), b 25.0 % (each of 10 pairs 2.50 times)"
    )


def test_entries_without_pairs(files: tuple[str, ...], codecs: Codecs) -> None:
    corpus, _ = mixed(files, codecs)
    left = corpus.select(np.arange(90))
    with pytest.raises(DataError, match=r"b\.tsv: there must be at least one pair to draw"):
        mix_of(left, DataConfig(train=files, weights=(1, 1)))
    found = mix_of(left, DataConfig(train=files, temperature=5))
    assert found is not None
    assert found.quotas == (90, 0)
    assert len(found.draw(1, 0)) == 90
    even = DataConfig(train=files).model_copy(update={"temperature": float("inf")})  # refused, but the limit must hold
    found = mix_of(left, even)
    assert found is not None
    assert found.quotas == (90, 0)


def test_weights_of_any_size_are_proportions(files: tuple[str, ...], codecs: Codecs) -> None:
    _, found = mixed(files, codecs, weights=[1.5e308, 0.5e308])
    assert found is not None
    assert found.quotas == (75, 25)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"weights": [1]}, "one number for each entry of train, not 1 for 2"),
        ({"weights": [1, 0]}, "above 0"),
        ({"weights": [1, float("inf")]}, "finite"),
        ({"weights": [1, 1], "temperature": 2}, "choose one"),
        ({"temperature": 0}, "greater than 0"),
        ({"temperature": float("inf")}, "finite"),
        ({"temperature": float("nan")}, "finite"),
    ],
)
def test_impossible_mixes_are_refused(values: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DataConfig.model_validate({"train": ["a", "b"], **values})
