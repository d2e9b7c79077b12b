"""Vocabularies that grow: old symbols mean what they meant, new ones are known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.text import UNK, TokenizerConfig, train_tokenizer
from seqloom.text.config import Kind
from seqloom.text.extending import extended, origins

TEXTS = st.lists(st.text("abcdéß ", max_size=8), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None)
@given(old=TEXTS, new=TEXTS, kind=st.sampled_from(["character", "word"]), tags=st.lists(st.sampled_from("XYZ")))
def test_old_texts_keep_their_symbols_and_new_ones_are_known(
    old: list[str], new: list[str], kind: Kind, tags: list[str]
) -> None:
    config = TokenizerConfig(kind=kind)
    before = train_tokenizer(old, config, ("X",))
    after = extended(before, new, config, tuple(dict.fromkeys(tags)))
    rows = origins(before, after)
    for text, ids in zip(old, after.encode(old), strict=True):
        assert [rows[number] for number in ids] == before.encode([text])[0]
    assert not any(UNK in ids for ids in after.encode(new))
    assert after.decode(after.encode([*old, *new])) == [after.normalize(text) for text in (*old, *new)]
    assert [row for row in rows if row >= 0] == list(range(before.size))
    assert after.size == len(rows) == before.size + rows.count(-1)
    assert set(after.tags) == {"X", *tags}
    assert all(number < after.reserved for number in after.tag_ids(after.tags))
    assert UNK not in after.tag_ids(after.tags)


def test_what_brings_nothing_new_changes_nothing() -> None:
    config = TokenizerConfig(kind="character")
    tokenizer = train_tokenizer(["abc"], config, ("X",))
    assert extended(tokenizer, ["cab"], config, ("X",)) is tokenizer


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_subwords_stay_as_they_are(kind: Kind) -> None:
    config = TokenizerConfig(kind=kind, vocabulary_size=40)
    tokenizer = train_tokenizer(["some words of text"] * 5, config)
    assert extended(tokenizer, ["zebra"], config, ("X",)) is tokenizer


def test_bytes_take_tags_only() -> None:
    config = TokenizerConfig(kind="byte")
    tokenizer = train_tokenizer(["abc"], config)
    assert extended(tokenizer, ["é"], config) is tokenizer
    tagged = extended(tokenizer, ["é"], config, ("X",))
    assert tagged.size == tokenizer.size + 1
    assert tagged.decode(tagged.encode(["é"])) == ["é"]


def test_rare_symbols_of_the_new_data_count_as_they_would_alone() -> None:
    config = TokenizerConfig(kind="word", min_count=2)
    tokenizer = train_tokenizer(["a a"], config)
    assert extended(tokenizer, ["b b c"], config).vocabulary[tokenizer.size :] == ["b"]
