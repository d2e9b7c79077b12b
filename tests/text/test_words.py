"""Remembered words give what the tokenizer gives for the whole text, whatever the text is."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.text import TokenizerConfig, train_tokenizer
from seqloom.text import words as room
from seqloom.text.words import KINDS, WordMemory

TEXTS = ["The dog, it's a   good one.", "Ein Hund  läuft 42 Mal.", "日本語 が", " leading", "<s> a ▁ b </s> ▁▁x"] * 4
ODD = " \u00a0\u2028\u0085\t\x1c▁\u0301\u0308\u00a8Å\u1e9b\u0323ΣσςİŉﬁaA1.한ᄒ"
TEXT = st.text(st.sampled_from(ODD), max_size=20) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unicode", ["none", "NFC", "NFD", "NFKC", "NFKD"])
@settings(max_examples=60, deadline=None)
@given(texts=st.lists(TEXT, max_size=4), lowercase=st.booleans())
def test_words_make_up_the_text(kind: str, unicode: str, texts: list[str], lowercase: bool) -> None:
    tokenizer = train_tokenizer(
        TEXTS, TokenizerConfig(kind=kind, vocabulary_size=150, unicode=unicode, lowercase=lowercase)
    )
    whole = [each.ids for each in tokenizer.engine.encode_batch_fast(texts, add_special_tokens=False)]
    assert tokenizer.encode(texts) == whole
    assert tokenizer.encode(texts) == whole  # the second time from memory


def test_memory_is_bounded_and_words_are_cut_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "REMEMBERED", 3)
    monkeypatch.setattr(room, "LONGEST", 4)
    cut: list[str] = []

    def letters(texts: list[str]) -> list[list[int]]:
        cut.extend(texts)
        return [[ord(letter) - 97 for letter in text] for text in texts]

    memory = WordMemory(letters, 26)
    assert memory.encode(["ab ab c", "abcde ab"]) == [[0, 1, 0, 1, 2], [0, 1, 2, 3, 4, 0, 1]]
    assert sorted(cut) == ["ab", "abcde", "c"]
    memory.encode(["ab abcde d e"])
    assert sorted(cut[3:]) == ["abcde", "d", "e"]  # too long to be remembered; the others are new
    memory.encode(["ab"])
    assert cut[6:] == ["ab"]  # four words were more than three
