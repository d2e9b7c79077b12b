"""Long texts are read in parts, and the beginning of one without its end: the ids are those of the whole."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.text import Tokenizer, TokenizerConfig, tokenizer, train_tokenizer
from seqloom.text import splitting as parting
from seqloom.text.config import Kind
from seqloom.text.splitting import begins_anew, parts, place_to_part, word_parts

KINDS: tuple[Kind, ...] = ("character", "byte", "word", "bpe", "unigram")
ODD = " \u00a0\u2028\t▁\u0301\u0323\u0308\u00a8Å\u1e9b\u0323ΣσςŉﬁaaabcA1.한ᄒ\u1161\u11abক\u09be\u09c7\u3099か中😀"
TEXT = st.text(st.sampled_from(ODD), max_size=60) | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=200, deadline=None)
@given(text=TEXT, start=st.integers(0, 60), form=st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_both_sides_are_normalised_as_in_the_whole(text: str, start: int, form: str) -> None:
    end = place_to_part(text, start)
    apart = unicodedata.normalize(form, text[:end]) + unicodedata.normalize(form, text[end:])  # type: ignore[arg-type]
    assert apart == unicodedata.normalize(form, text)  # type: ignore[arg-type]


def test_what_composes_with_the_letter_before_it_is_no_beginning() -> None:
    seconds = {
        chr(int(parts[1], 16))
        for code in range(sys.maxunicode + 1)
        if len(parts := unicodedata.decomposition(chr(code)).split()) == 2 and parts[0][0] != "<"
    }
    assert len(seconds) > 60
    assert not any(map(begins_anew, seconds | {"\u1161", "\u11a8", "\uff9e"}))
    assert all(map(begins_anew, "aZ1 .\tßéЖ中한あア😀"))


@settings(max_examples=100, deadline=None)
@given(text=TEXT)
def test_parts_make_up_the_text(text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parting, "PART", 3)
        assert "".join(parts(text)) == text
        assert " ".join(word_parts(text)) == text


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(TEXT, min_size=1, max_size=4),
    count=st.integers(1, 9),
    unicode=st.sampled_from(["none", "NFC", "NFD", "NFKC", "NFKD"]),
    lowercase=st.booleans(),
)
def test_a_beginning_has_the_first_ids(kind: Kind, texts: list[str], count: int, unicode: str, lowercase: bool) -> None:
    config = TokenizerConfig(kind=kind, unicode=unicode, lowercase=lowercase)
    made = train_tokenizer([text[::2] for text in texts], config)
    whole = made.encode(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokenizer, "PART", 3)
        patch.setattr(parting, "PART", 3)
        patch.setattr(tokenizer, "CHARACTERS", 1)
        assert made.encode(texts) == whole
        for text, ids in zip(texts, whole, strict=True):
            begun = made.beginning(text, count)
            assert text.startswith(begun)
            assert made.encode([begun])[0][:count] == ids[:count]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["a" * 400_000, "ab, c" * 80_000, "é" * 400_000])
def test_of_a_long_text_only_the_beginning_is_read(kind: Kind, text: str) -> None:
    made: Tokenizer = train_tokenizer(["a b", "aab, c é"], TokenizerConfig(kind=kind))
    begun = made.beginning(text, 20)
    assert len(begun) < 1000 or (kind == "word" and "," not in text)
    assert len(made.encode([begun])[0]) > 20 or kind == "word"


def test_a_run_without_end_is_cut_into_pieces() -> None:
    made = train_tokenizer(["ab" * 4000], TokenizerConfig(kind="bpe", vocabulary_size=100))
    assert made.decode(made.encode(["ab" * 4000])) == ["ab" * 4000]
    assert len(made.encode(["ab" * 2000])[0]) >= 8
