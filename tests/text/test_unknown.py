"""Which symbols of an input a model never met, for every kind of tokenizer."""

from __future__ import annotations

import pytest

from seqloom.text import UNK, TextConfig, Tokenizer, TokenizerConfig, train_tokenizer, train_tokenizers
from seqloom.text.config import Kind
from seqloom.text.extending import extended
from seqloom.text.model_inputs import cut_sources
from seqloom.text.training import fitted
from seqloom.text.unknown import behind_unknown, new_symbols

TEXTS = ["abc de", "ab ba c, de", "cab"] * 5


def unknown(tokenizer: Tokenizer, text: str) -> tuple[list[str], list[str]]:
    (ids,) = tokenizer.encode([text])
    return behind_unknown(tokenizer, text, ids), new_symbols(tokenizer, text, ids)


@pytest.mark.parametrize(
    ("kind", "behind", "symbols"),
    [
        ("character", ["A", "B", "😀", "É", "A"], ["A", "B", "😀", "É"]),
        ("word", ["AB", "a😀b", "ÉA"], ["AB", "a😀b", "ÉA"]),
        ("bpe", ["A", "B", "😀", "É", "A"], ["A", "B", "😀", "É"]),
        ("unigram", ["AB", "😀", "ÉA"], ["A", "B", "😀", "É"]),
    ],
)
def test_symbols_without_an_id_are_named(kind: Kind, behind: list[str], symbols: list[str]) -> None:
    tokenizer = train_tokenizer(TEXTS, TokenizerConfig(kind=kind))
    assert unknown(tokenizer, "AB a😀b abc E\u0301A") == (behind, symbols)
    assert unknown(tokenizer, "abc de") == ([], [])


def test_bytes_that_no_source_has_are_unknown() -> None:
    sides = TokenizerConfig(kind="byte")
    source, _ = train_tokenizers([(text, "x") for text in TEXTS], TextConfig(source=sides, target=sides))
    assert unknown(source, "abc É! x") == ([], ["É", "!", "x"])
    assert unknown(source, "abc, de") == ([], [])


@pytest.mark.parametrize("kind", ["bpe", "unigram"])
def test_characters_spelled_in_bytes_are_unknown_where_a_byte_is(kind: Kind) -> None:
    side = TokenizerConfig(kind=kind, vocabulary_size=300, byte_fallback=True)
    texts = ["abcde" * 1000, "é"]  # é is so rare that it has no piece
    source, _ = train_tokenizers([(text, "x") for text in texts], TextConfig(source=side, target=side))
    assert UNK not in source.encode(["é😀"])[0]
    assert unknown(source, "aé 😀b") == ([], ["😀"])


@pytest.mark.parametrize("kind", ["character", "word", "bpe", "unigram", "byte"])
def test_of_a_shared_vocabulary_only_sources_count(kind: Kind) -> None:
    side = TokenizerConfig(kind=kind)
    pairs = [("ab c", "AB C"), ("cab", "CAB")] * 9
    source, target = train_tokenizers(pairs, TextConfig(source=side, target=side, shared=True))
    assert source is target
    assert unknown(source, "ab CAB")[1] == (["CAB"] if kind == "word" else ["C", "A", "B"])
    assert unknown(source, "cab")[1] == []
    assert Tokenizer.from_json(source.to_json()) == source


def test_what_later_sources_bring_is_known() -> None:
    side = TokenizerConfig(kind="character")
    shared = TextConfig(source=side, target=side, shared=True)
    first, _ = train_tokenizers([("ab", "AB")], shared)
    more = [("aA", "xy")]
    both = extended(first, ["aA", "xy"], side)
    second, _ = fitted(both, both, more, shared, first)
    assert unknown(second, "abABxy") == ([], ["B", "x", "y"])


@pytest.mark.parametrize("reverse", [False, True])
def test_what_is_read_is_cut_then_turned_and_shows_what_is_unknown(reverse: bool) -> None:
    tokenizer = train_tokenizer(TEXTS, TokenizerConfig(kind="character"), ("X",))
    texts = ["abÉcßx", "abÉcß", "  ", "ab"]
    long, exact, empty, tagged = cut_sources(
        tokenizer, texts, [("X",), (), ("X",), ("X", "Y", "X", "X", "X", "X")], 5, reverse=reverse
    )
    words = ["a", "b", "<unk:É>", "c"]
    assert list(long.tokens(tokenizer)) == ["<X>", *(words[::-1] if reverse else words)]
    words = [*words, "<unk:ß>"]
    assert list(exact.tokens(tokenizer)) == (words[::-1] if reverse else words)
    assert (long.cut, exact.cut, empty.cut, tagged.cut) == (True, False, False, True)
    assert (long.unknown, exact.unknown, empty.ids) == (("É",), ("É", "ß"), [])
    assert tagged.tokens(tokenizer) == ("<X>", "<unk:Y>", "<X>", "<X>", "<X>")
    assert tagged.unknown == ("<Y>",)
