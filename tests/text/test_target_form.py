"""Answers have the form of the training targets."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.text import TextConfig, Tokenizer, TokenizerConfig, train_tokenizer, train_tokenizers
from seqloom.text.config import Kind
from seqloom.text.coverage import Coverage, text_notices
from seqloom.text.target_form import WrittenForm

KINDS: tuple[Kind, ...] = ("character", "byte", "word", "bpe", "unigram")
WORDS = ["ação", "pão é", "über", "Việt", "abc", "한글", "ᄒᆞᆫ", "e\u0328\u0301"]
SETS = {
    "composed": [unicodedata.normalize("NFC", word) for word in WORDS],
    "decomposed": [unicodedata.normalize("NFD", word) for word in WORDS],
    "excluded": ["ড়াত", "য়ক", "कड़ा", "বাড়ি"],  # U+09DC, U+09DF, U+095C: no normal form has them
    "half": ["Vi\u00ea\u0323t", "ti\u00ea\u0301ng", "m\u00f4\u0323t"],  # as in Windows-1258: tones apart from vowels
    "signs": ["10 \u212b", "\u2126 5", "\uf900"],  # Ångström, ohm, a compatibility ideograph
    "plain": ["abc", "d e"],
}


def target_of(texts: list[str], **values: object) -> Tokenizer:
    side = TokenizerConfig.model_validate({"vocabulary_size": 400, **values})
    return train_tokenizers([("x", text) for text in texts], TextConfig(source=side, target=side))[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("unicode", ["none", "NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("name", SETS)
def test_training_targets_come_back_as_they_are(kind: Kind, unicode: str, name: str) -> None:
    texts = SETS[name] * 3
    target = target_of(texts, kind=kind, unicode=unicode)
    assert target.decode(target.encode(texts)) == texts
    again = Tokenizer.from_json(target.to_json())
    assert again == target
    assert again.decode(again.encode(texts)) == texts


def test_what_comes_more_often_counts_letter_by_letter() -> None:
    form = WrittenForm.of(["\u212a1"] * 3 + ["K2"] * 9 + ["\u2126"] * 3 + ["Ω"] * 2, "NFC", spaced=False)
    assert form.write("K1 Ω") == "K1 \u2126"
    mixed = ["a\u0301"] * 3 + ["á"] * 4
    assert not WrittenForm.of(mixed, "NFC", spaced=False).alters
    assert WrittenForm.of(mixed[:6], "NFD", spaced=False).unicode == "NFC"


@pytest.mark.parametrize("space", ["\u3000", "\u00a0", "  ", "\t"])
@pytest.mark.parametrize("kind", ["word", "bpe", "unigram"])
def test_words_are_parted_as_in_the_targets(kind: Kind, space: str) -> None:
    texts = [space.join("ab"), space.join("bab"), "a b", space.join("aa")]
    target = target_of(texts, kind=kind)
    assert target.decode(target.encode(texts)) == [
        text.replace(" ", space) if space != "  " else space.join(text.split()) for text in texts
    ]
    assert "between words" in target.form.sentences("target")[0]


def test_what_is_asked_for_stays_altered() -> None:
    assert target_of(["ＡＢ", "ﬁ"], kind="character", unicode="NFKC").decode([[4, 5]])[0].isascii()
    lower = target_of(["É", "ö"], kind="character", lowercase=True)
    assert lower.decode(lower.encode(["É"])) == ["é"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("aeKÅ\u212b\u212aé\u0301\u0323ড়ড\u09bcê ᄒ\u1161한", max_size=8), max_size=8))
def test_answers_mean_the_same_whatever_their_form(texts: list[str]) -> None:
    form = WrittenForm.of(texts, "NFC", spaced=False)
    for text in texts:
        plain = unicodedata.normalize("NFC", text)
        assert unicodedata.normalize("NFC", form.write(plain)) == plain
    assert WrittenForm.from_values(form.to_values()) == form


def test_notices_say_the_form_and_what_differs_from_it() -> None:
    config = TokenizerConfig(kind="word")
    text = TextConfig(source=config, target=config)
    pairs = [("a", "e\u0301 e\u0301"), ("b", "e\u0301")] * 4 + [("c", "e\u0301  é")]
    said = text_notices(train_tokenizers(pairs, text), pairs, text)
    assert said == [
        "target text: answers have decomposed letters (NFD), as the training targets do",
        "target text: 1 of 9 training texts have another Unicode form or other white space than answers will have, "
        "the first is 'e\u0301  é'",
    ]


def test_words_that_are_unknown_are_called_words() -> None:
    config = TokenizerConfig(kind="word", min_count=2)
    tokenizer = train_tokenizer(["aa bb aa"], config)
    (said,) = Coverage.of(tokenizer, ["aa bb", "aa"]).sentences("source", written=False)
    assert said.startswith(
        "source text: words with 29 % of the characters in 1 of 2 training texts are read as unknown"
    )


def test_notices_say_what_cannot_be_written() -> None:
    config = TokenizerConfig(kind="character", min_count=2)
    text = TextConfig(source=config, target=config)
    pairs = [("aa", "xx"), ("ab", "xxxxxxyx")]
    assert text_notices(train_tokenizers(pairs, text), pairs, text) == [
        "source text: 25 % of the characters in 1 of 2 training texts are read as unknown, such as 'b' (1 in all)",
        "target text: 10 % of the characters in 1 of 2 training texts cannot be written, such as 'y' (1 in all)",
    ]
