from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from seqloom.codecs import Codecs, TextCodec
from seqloom.data import BatchConfig, BatchSampler, Corpus, Share, corpus_of, pairs_as_examples
from seqloom.data.batch import collate, collate_ids, pad_sources
from seqloom.data.loader import ahead_of, evaluation_batches, load_batches
from seqloom.data.readers import ReadReport
from seqloom.data.shape_grid import padded_length
from seqloom.text import BOS, EOS, PAD, TokenizerConfig, train_tokenizer

Pairs = list[tuple[str, str]]


@pytest.fixture
def corpus(codecs: Codecs, pairs: Pairs) -> Corpus:
    return corpus_of(pairs_as_examples(pairs, ReadReport()), codecs)


def sampler_of(corpus: Corpus, seed: int = 1) -> BatchSampler:
    return BatchSampler(corpus.source_lengths, corpus.target_lengths, BatchConfig(tokens=300), seed)


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "seqloom-batches"]


def test_marks_and_padding(corpus: Corpus) -> None:
    batch = collate(corpus, np.array([5, 80, 3]))
    assert batch.tokens == int(batch.target_lengths.sum())
    assert len(batch) == 3
    for row, index in enumerate([5, 80, 3]):
        source, target = corpus.source_ids(index).tolist(), corpus.target_ids(index).tolist()
        width, length = batch.source.shape[1], batch.target_out.shape[1]
        assert batch.source[row].tolist() == [*source, EOS] + [PAD] * (width - len(source) - 1)
        assert batch.target_out[row].tolist() == [*target, EOS] + [PAD] * (length - len(target) - 1)
        assert batch.target_in[row].tolist() == [BOS, *target] + [PAD] * (length - len(target) - 1)
        assert batch.source_lengths[row] == len(source) + 1
        assert batch.target_lengths[row] == len(target) + 1
    assert torch.equal(batch.to("cpu").source, batch.source)


def test_widths_lie_on_the_grid(corpus: Corpus) -> None:
    for rows in sampler_of(corpus).epoch_batches(0):
        batch = collate(corpus, rows)
        assert batch.source.shape == (len(rows), padded_length(int(batch.source_lengths.max())))
        assert batch.target_in.shape == (len(rows), padded_length(int(batch.target_lengths.max())))
        assert batch.target_out.shape == batch.target_in.shape
        assert batch.size <= 300


def test_ids_and_corpus_give_one_batch(corpus: Corpus) -> None:
    rows = np.array([1, 2, 3])
    stored = collate(corpus, rows)
    given = collate_ids([corpus.source_ids(i) for i in rows], [corpus.target_ids(i) for i in rows], rows)
    for name in ("source", "source_lengths", "target_in", "target_out", "target_lengths"):
        assert torch.equal(getattr(stored, name), getattr(given, name))
    source, lengths = pad_sources([corpus.source_ids(i).tolist() for i in rows])
    assert torch.equal(source, stored.source)
    assert torch.equal(lengths, stored.source_lengths)


def test_empty_sources_are_an_end_mark() -> None:
    source, lengths = pad_sources([[], [7]])
    assert source.tolist() == [[EOS, PAD], [7, EOS]]
    assert lengths.tolist() == [1, 2]
    assert pad_sources([])[0].shape == (0, 1)


def test_loaded_ahead_is_the_same(corpus: Corpus) -> None:
    sampler = sampler_of(corpus)
    loader = load_batches(corpus, sampler)
    for (position, rows), (after, batch) in zip(sampler.batches(), islice(loader, 60), strict=False):
        assert position == after
        assert np.array_equal(batch.indices, rows)
    loader.close()
    assert threads() == []


def test_evaluation_sees_every_pair(corpus: Corpus) -> None:
    seen = np.concatenate([batch.indices for batch in evaluation_batches(corpus, sampler_of(corpus))])
    assert sorted(seen.tolist()) == list(range(len(corpus)))


def test_sampled_segmentations_resume(pairs: Pairs, codecs: Codecs) -> None:
    bpe = train_tokenizer([s for s, _ in pairs], TokenizerConfig(kind="bpe", vocabulary_size=60, dropout=0.3))
    codecs = replace(codecs, source=TextCodec(bpe))
    corpus = corpus_of(pairs_as_examples(pairs, ReadReport()), codecs)
    loader = load_batches(corpus, sampler_of(corpus), codecs=codecs)
    whole = list(islice(loader, 40))
    loader.close()
    resumed = load_batches(corpus, sampler_of(corpus), whole[19][0], codecs=codecs, ahead=1)
    for (position, batch), (again, other) in zip(whole[20:], islice(resumed, 20), strict=True):
        assert position == again
        assert torch.equal(batch.source, other.source)
        assert torch.equal(batch.target_out, other.target_out)
    resumed.close()
    plain = collate(corpus, whole[0][1].indices)
    assert plain.source.numel() != whole[0][1].source.numel() or not torch.equal(plain.source, whole[0][1].source)


def test_errors_of_the_thread_are_raised_here() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise RuntimeError("in the thread")

    items = ahead_of(broken, 4)
    assert next(items) == 1
    with pytest.raises(RuntimeError, match="in the thread"):
        next(items)
    assert threads() == []


def test_finite_items_end() -> None:
    assert list(ahead_of(lambda: range(100), 3)) == list(range(100))
    assert threads() == []


def test_a_full_queue_does_not_keep_the_thread() -> None:
    items = ahead_of(lambda: iter(int, 1), 2)
    assert next(items) == 0
    items.close()
    assert threads() == []


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_shares_of_a_batch_are_its_rows_and_know_the_whole(pairs: Pairs, codecs: Codecs, dropout: float) -> None:
    kind = TokenizerConfig(kind="bpe", vocabulary_size=60, dropout=dropout)
    codecs = replace(codecs, target=TextCodec(train_tokenizer([target for _, target in pairs], kind)))
    corpus = corpus_of(pairs_as_examples(pairs, ReadReport()), codecs)
    wholes = load_batches(corpus, sampler_of(corpus), codecs=codecs)
    shares = [load_batches(corpus, sampler_of(corpus), codecs=codecs, share=Share(rank, 3)) for rank in range(3)]
    for (position, whole), *parts in islice(zip(wholes, *shares, strict=False), 20):
        assert {after for after, _ in parts} == {position}
        batches = [batch for _, batch in parts]
        assert sum(batch.tokens for batch in batches) == whole.tokens
        assert {batch.whole.tokens for batch in batches} == {whole.tokens}
        assert all(np.array_equal(batch.whole.indices, whole.indices) for batch in batches)
        for rank, batch in enumerate(batches):
            assert batch.indices.tolist() == whole.indices[rank::3].tolist()
            assert torch.equal(batch.target_lengths, whole.target_lengths[rank::3])
            assert torch.equal(batch.target_out, whole.target_out[rank::3, : batch.target_out.size(1)])
    for loader in (wholes, *shares):
        loader.close()
