from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from seqloom.codecs import Codecs
from seqloom.data import (
    Corpus,
    DataConfig,
    Example,
    Origin,
    ReadReport,
    cache,
    clean,
    corpus_of,
    load_corpus,
    pairs_as_examples,
    read_examples,
    remembered,
    shared_with,
    split_dev,
    survey,
)
from seqloom.errors import DataError

Pairs = list[tuple[str, str]]


def small(pairs: Pairs, codecs: Codecs) -> Corpus:
    report = ReadReport()
    return corpus_of(pairs_as_examples(pairs, report), codecs, report)


def write(path: Path, pairs: Pairs) -> None:
    path.write_text("".join(f"{s}\t{t}\n" for s, t in pairs))


def test_rows_hold_the_ids_and_the_texts(codecs: Codecs, pairs: Pairs) -> None:
    corpus = small(pairs, codecs)
    assert len(corpus) == corpus.report.examples == len(pairs)
    for index in (0, 77, 499):
        assert codecs.source.decode([corpus.source_ids(index).tolist()]) == [pairs[index][0]]
        assert codecs.target.decode([corpus.target_ids(index).tolist()]) == [pairs[index][1]]
        assert corpus.source_lengths[index] == len(corpus.source_ids(index))
    assert corpus.origin(3) == Origin("pairs", 4)
    assert [(e.source, e.target) for e in corpus.examples()] == pairs


def test_many_record_batches_are_one_corpus(codecs: Codecs, pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = small(pairs, codecs)
    monkeypatch.setattr("seqloom.data.corpus.ROWS", 37)
    parts = small(pairs, codecs)
    for index in range(len(pairs)):
        assert np.array_equal(whole.source_ids(index), parts.source_ids(index))
        assert np.array_equal(whole.target_ids(index), parts.target_ids(index))
    assert list(whole.examples([400, 2, 100])) == list(parts.examples([400, 2, 100]))


def test_tags_and_references_survive(codecs: Codecs) -> None:
    example = Example("abc", "A", Origin("f", 1), ("Y",), ("B", "C"))
    corpus = corpus_of([example], codecs.turned(reverse_source=True, reverse_target=False))
    assert corpus.example(0) == example
    assert codecs.source.tokenizer.tokens(corpus.source_ids(0).tolist()) == ("<Y>", "c", "b", "a")


def test_no_pairs(codecs: Codecs) -> None:
    corpus = small([], codecs)
    assert len(corpus) == 0
    assert list(corpus.examples()) == []


def test_bad_pairs_are_refused(codecs: Codecs) -> None:
    with pytest.raises(DataError, match="pairs:2: the target"):
        small([("a", "A"), ("b", "")], codecs)


def test_cache_gives_what_memory_gives(codecs: Codecs, pairs: Pairs, tmp_path: Path) -> None:
    write(tmp_path / "p.tsv", pairs)
    entries = [str(tmp_path / "p.tsv")]
    memory = load_corpus(entries, DataConfig(), codecs)
    config = DataConfig(cache=str(tmp_path / "cache"), cache_above_mb=0)
    first, second = (load_corpus(entries, config, codecs) for _ in range(2))
    (file,) = (tmp_path / "cache").iterdir()
    for corpus in (first, second):
        assert list(corpus.examples()) == list(memory.examples())
        assert np.array_equal(corpus.source_lengths, memory.source_lengths)
        assert corpus.report.examples == len(pairs)
    file.write_bytes(file.read_bytes()[:100])
    assert len(load_corpus(entries, config, codecs)) == len(pairs)
    load_corpus(entries, config, codecs.turned(reverse_source=True, reverse_target=False))
    write(tmp_path / "p.tsv", pairs[:10])
    assert len(load_corpus(entries, config, codecs)) == 10
    assert len(list((tmp_path / "cache").iterdir())) == 3


def test_failed_reading_leaves_nothing_in_the_cache(codecs: Codecs, tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("a\tA\nb\n")
    config = DataConfig(cache=str(tmp_path / "cache"), cache_above_mb=0)
    with pytest.raises(DataError, match=":2"):
        load_corpus([str(tmp_path / "p.tsv")], config, codecs)
    assert list((tmp_path / "cache").iterdir()) == []
    with pytest.raises(DataError, match="does not exist"):
        load_corpus([str(tmp_path / "none.tsv")], config, codecs)
    (tmp_path / "p.tsv").write_text("a\tA\n")
    with pytest.raises(DataError, match="cache cannot be written"):
        load_corpus([str(tmp_path / "p.tsv")], config.replace(cache=str(tmp_path / "p.tsv")), codecs)


@pytest.mark.parametrize("back", [False, True], ids=["after it was read", "while it is read"])
def test_a_file_that_changes_while_it_is_read_is_not_taken_for_another(
    back: bool, codecs: Codecs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, kept = tmp_path / "p.tsv", tmp_path / "kept.tsv"
    write(path, [("a", "A")])
    config, entries = DataConfig(cache=str(tmp_path / "cache"), cache_above_mb=0), [str(path)]

    def swapped(*arguments: Any) -> Iterator[Example]:
        path.rename(kept)
        write(path, [("b", "B"), ("c", "C")])
        yield from read_examples(*arguments)
        if back:
            kept.replace(path)

    def text() -> str:
        return "".join(example.source for example in vars(cache)["read_examples"](entries, config, ReadReport()))

    monkeypatch.setattr(cache, "read_examples", swapped)
    for attempt in (lambda: load_corpus(entries, config, codecs), lambda: remembered(entries, config, ["x"], text)):
        with pytest.raises(DataError, match=r"p\.tsv: the file changed while it was read"):
            attempt()
        if kept.exists():
            kept.replace(path)
    monkeypatch.undo()
    assert [example.source for example in load_corpus(entries, config, codecs).examples()] == ["a"]
    assert remembered(entries, config, ["x"], text) == "a"


def test_a_shard_that_comes_while_others_are_read_is_noticed(
    codecs: Codecs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "0.tsv", [("a", "A")])
    config = DataConfig(cache=str(tmp_path / "cache"), cache_above_mb=0)

    def late(*arguments: Any) -> Iterator[Example]:
        write(tmp_path / "1.tsv", [("b", "B")])
        yield from read_examples(*arguments)

    monkeypatch.setattr(cache, "read_examples", late)
    with pytest.raises(DataError, match=r"1\.tsv: files came or went while they were read"):
        load_corpus([f"{tmp_path}/*.tsv"], config, codecs)


def test_skipped_lines_are_remembered_by_the_cache(codecs: Codecs, tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("a\tA\nb\n")
    config = DataConfig(cache=str(tmp_path / "cache"), cache_above_mb=0, on_bad_line="skip")
    for _ in range(2):
        report = load_corpus([str(tmp_path / "p.tsv")], config, codecs).report
        assert (report.examples, report.bad_count) == (1, 1)


def test_filters_are_counted(codecs: Codecs) -> None:
    corpus = small([("a", "A"), ("abcdef", "A"), ("abc", "A B C D"), ("a", "A"), ("abcd", "A")], codecs)
    config = DataConfig(max_source_length=5, max_target_length=3, max_length_ratio=3, drop_duplicates=True)
    kept, report = clean(corpus, config)
    assert [e.source for e in kept.examples()] == ["a"]
    assert (report.before, report.after, sum(report.dropped.values())) == (5, 1, 4)
    assert list(report.dropped.values()) == [1, 1, 1, 1]
    assert "1 of 5 pairs kept" in report.summary()
    assert clean(corpus, DataConfig())[1].summary() == "5 pairs, none filtered out"


def test_a_source_is_on_one_side_of_the_split(codecs: Codecs, pairs: Pairs) -> None:
    corpus = small([*pairs, *((source, "A") for source, _ in pairs)], codecs)
    config = DataConfig(dev_count=40)
    train, dev = split_dev(corpus, config)
    sources = [{e.source for e in part.examples()} for part in (train, dev)]
    assert not sources[0] & sources[1]
    assert len(sources[1]) == 40
    assert len(train) + len(dev) == len(corpus)
    assert list(split_dev(corpus, config)[1].examples()) == list(dev.examples())
    assert list(split_dev(corpus, config.replace(seed=2))[1].examples()) != list(dev.examples())
    assert len(split_dev(corpus, config.replace(dev_fraction=0))[1]) == 0


def test_seeds_are_bounded(codecs: Codecs, pairs: Pairs) -> None:
    largest = DataConfig(dev_count=5, seed=2**63 - 1)
    assert len(split_dev(small(pairs, codecs), largest)[1]) >= 5
    with pytest.raises(ValidationError, match="less than 9223372036854775808"):
        DataConfig(seed=2**63)


def test_survey_is_bounded_and_sees_all_tags(tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("".join(f"a{i}\tb\tt{i % 3}\n" for i in range(100)))
    config = DataConfig(tags="3")
    seen = survey(read_examples([str(tmp_path / "p.tsv")], config, ReadReport()), limit=10)
    assert (len(seen.pairs), seen.tags, seen.count) == (10, ("t0", "t1", "t2"), 100)
    with pytest.raises(DataError, match="at least one"):
        survey([])


def test_what_is_shared_is_found_behind_spaces_and_unicode_forms(codecs: Codecs) -> None:
    train = small([("ab", "AB"), ("cd", "CD"), ("e\u0301", "É")], codecs)
    dev = small([("ab ", " AB"), (" cd", "DC"), ("é", "É"), ("ef", "FE")], codecs)
    shared = shared_with(train, dev)
    assert (shared.count, shared.sources, shared.pairs, shared.same) == (4, 3, 2, False)
    assert shared_with(train, small([("cd ", "CD"), ("ab", "AB\t"), ("é", "É")], codecs)).same
