from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.errors import ConfigError, DataError, ModelFolderError
from seqloom.text import (
    EOS,
    PAD,
    SPECIAL_TOKENS,
    UNK,
    TextConfig,
    Tokenizer,
    TokenizerConfig,
    encode_sources,
    train_tokenizer,
    train_tokenizers,
)

KINDS = ("character", "byte", "word", "bpe", "unigram")
TEXTS = ["The dog, it's a   good one.", "Ein Hund  läuft 42 Mal.", "日本語", " leading", "<s> a ▁ b </s>"] * 4
UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def make(kind: str, **settings: object) -> Tokenizer:
    return train_tokenizer(TEXTS, TokenizerConfig(kind=kind, vocabulary_size=150, **settings), ("PST", "V"))


@pytest.mark.parametrize("kind", KINDS)
def test_known_text_comes_back_normalised(kind: str) -> None:
    tokenizer = make(kind)
    assert tokenizer.decode(tokenizer.encode(TEXTS)) == [tokenizer.normalize(text) for text in TEXTS]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25, deadline=None)
@given(texts=st.lists(UNICODE, min_size=1, max_size=4))
def test_any_text_it_was_trained_on_comes_back(kind: str, texts: list[str]) -> None:
    tokenizer = train_tokenizer(texts, TokenizerConfig(kind=kind))
    encoded = tokenizer.encode(texts)
    assert tokenizer.decode(encoded) == [tokenizer.normalize(text) for text in texts]
    assert all(len(SPECIAL_TOKENS) <= token < tokenizer.size for ids in encoded for token in ids)


@settings(max_examples=50, deadline=None)
@given(text=UNICODE)
def test_bytes_spell_anything(text: str) -> None:
    tokenizer = make("byte")
    assert tokenizer.decode(tokenizer.encode([text])) == [tokenizer.normalize(text)]


@settings(max_examples=50, deadline=None)
@given(text=UNICODE)
def test_characters_are_not_altered_without_normalisation(text: str) -> None:
    tokenizer = train_tokenizer([text], TokenizerConfig(kind="character", unicode="none"))
    assert tokenizer.decode(tokenizer.encode([text])) == [text]


@pytest.mark.parametrize("kind", KINDS)
def test_no_text_is_taken_for_a_reserved_token(kind: str) -> None:
    tokenizer = make(kind)
    ids = tokenizer.encode(["<s>", " <s>", "</s> <pad>", "<unk>", "<PST>", " <PST>"])
    assert all(token == UNK or token >= tokenizer.reserved for text in ids for token in text)


@pytest.mark.parametrize("kind", KINDS)
def test_saved_is_equal(kind: str) -> None:
    tokenizer = make(kind, lowercase=True)
    again = Tokenizer.from_json(tokenizer.to_json())
    assert again == tokenizer
    assert again.encode(TEXTS) == tokenizer.encode(TEXTS)
    assert again.normalize("The DOG") == "the dog"
    assert again.to_json() == tokenizer.to_json()


@pytest.mark.parametrize("kind", KINDS)
def test_training_is_deterministic(kind: str) -> None:
    assert make(kind).to_json() == make(kind).to_json()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_to_train_on_still_gives_a_tokenizer(kind: str) -> None:
    for texts in ([], [""], ["  "]):
        assert train_tokenizer(texts, TokenizerConfig(kind=kind)).size >= len(SPECIAL_TOKENS)


@pytest.mark.parametrize("kind", KINDS)
def test_lone_surrogates_are_refused(kind: str) -> None:
    tokenizer = make(kind)
    with pytest.raises(DataError, match="valid Unicode"):
        tokenizer.encode(["fine", "a\ud800"])
    with pytest.raises(DataError, match="valid Unicode"):
        train_tokenizer(["a\ud800"], TokenizerConfig(kind="character"))


def test_tags_are_tokens_of_their_own() -> None:
    tokenizer = make("character")
    assert tokenizer.tag_ids(["V", "PST", "??"]) == [5, 4, UNK]
    assert tokenizer.tokens([PAD, EOS, 4, 5]) == ("<pad>", "</s>", "<PST>", "<V>")
    assert tokenizer.decode([[4, *tokenizer.encode(["dog"])[0], EOS]]) == ["dog"]
    [[tag, *rest]] = encode_sources(tokenizer, ["dog"], [("PST",)], reverse=True)
    assert tag == 4
    assert tokenizer.decode([rest]) == ["god"]


def test_tags_must_differ() -> None:
    with pytest.raises(DataError, match="differ"):
        train_tokenizer(["a"], TokenizerConfig(kind="word"), ("V", "V"))


def test_display_pieces() -> None:
    tokenizer = make("byte")
    assert tokenizer.tokens(tokenizer.encode(["ab"])[0]) == ("a", "b")
    word = make("word")
    assert word.tokens(word.encode(["a good"])[0]) == ("a", "good")


@pytest.mark.parametrize("kind", ["word", "bpe", "unigram"])
def test_vocabulary_is_bounded(kind: str) -> None:
    texts = [f"word{i} other{i % 7}" for i in range(300)]
    assert train_tokenizer(texts, TokenizerConfig(kind=kind, vocabulary_size=60)).size <= 60


def test_rare_tokens_are_unknown() -> None:
    tokenizer = train_tokenizer(["a a b"], TokenizerConfig(kind="word", min_count=2))
    assert tokenizer.encode(["b"]) == [[UNK]]


def test_dropout_is_a_function_of_the_seed() -> None:
    config = TokenizerConfig(kind="bpe", vocabulary_size=150, dropout=0.5)
    tokenizer = train_tokenizer(TEXTS, config)
    plain = tokenizer.encode(TEXTS)
    first, again, other = (tokenizer.encode(TEXTS, sample=True, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first != plain
    for sampled in (first, other):
        assert tokenizer.decode(sampled) == tokenizer.decode(plain)
    assert Tokenizer.from_json(tokenizer.to_json()).encode(TEXTS, sample=True, seed=1) == first


def test_hardly_any_dropout_is_the_plain_segmentation() -> None:
    tokenizer = train_tokenizer(TEXTS, TokenizerConfig(kind="bpe", vocabulary_size=150, dropout=1e-15))
    assert tokenizer.encode(TEXTS, sample=True, seed=3) == tokenizer.encode(TEXTS)


def test_shared_is_one_tokenizer() -> None:
    config = TokenizerConfig(kind="character")
    source, target = train_tokenizers([("ab", "cd")], TextConfig(source=config, target=config, shared=True))
    assert source is target
    assert UNK not in source.encode(["abcd"])[0]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"source": {"kind": "unigram", "dropout": 0.1}}, "dropout"),
        ({"source": {"kind": "word"}, "shared": True}, "equal settings"),
    ],
)
def test_illegal_settings_are_refused(values: dict[str, object], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        TextConfig.model_validate(values)


def test_auto_must_be_resolved() -> None:
    with pytest.raises(ConfigError, match="chosen"):
        train_tokenizer(["a"], TokenizerConfig())


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"seqloom": 1, "tokenizer": 2}', "\0"])
def test_damaged_file_is_refused(text: str) -> None:
    with pytest.raises(ModelFolderError):
        Tokenizer.from_json(text)


def test_other_format_is_named() -> None:
    values = json.loads(make("word").to_json())
    values["seqloom"]["format"] = 9
    with pytest.raises(ModelFolderError, match="not 9"):
        Tokenizer.from_json(json.dumps(values))
