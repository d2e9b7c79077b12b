from __future__ import annotations

import random

from seqloom.text import TextConfig, TokenizerConfig, choose
from seqloom.text.choice import words_to_words

PHONES = ["AH0", "D", "K", "S", "EH1", "T", "IY2", "N"]
WORDS = [f"{a}{b}{c}" for a in "abcdefgh" for b in "aeiou" for c in "klmnprst"] * 2


def words(number: int, chance: random.Random) -> str:
    return " ".join(chance.choice(WORDS) + chance.choice(WORDS) for _ in range(number))


def test_pronunciations_are_characters_to_words() -> None:
    chance = random.Random(1)
    pairs = [
        (chance.choice(WORDS) + chance.choice(WORDS), " ".join(chance.choices(PHONES, k=chance.randint(3, 9))))
        for _ in range(500)
    ]
    config, said = choose(pairs, TextConfig())
    assert (config.source.kind, config.target.kind) == ("character", "word")
    assert len(said) == 2
    assert "characters" in said[0]


def test_sentences_are_subwords_fitted_to_their_number() -> None:
    chance = random.Random(2)
    pairs = [(words(12, chance), words(11, chance)) for _ in range(1000)]
    few, _ = choose(pairs, TextConfig())
    many, said = choose(pairs, TextConfig(), count=1_000_000)
    assert few.source.kind == many.target.kind == "bpe"
    assert few.source.vocabulary_size < many.source.vocabulary_size == 8000
    assert "8,000" in said[0]


def test_labels_are_words() -> None:
    chance = random.Random(3)
    pairs = [(words(12, chance), chance.choice(["good", "bad", "so so"])) for _ in range(200)]
    config, said = choose(pairs, TextConfig())
    assert config.target.kind == "word"
    assert "3 distinct labels" in said[1]


def test_named_kinds_are_left_alone() -> None:
    given = TextConfig(source=TokenizerConfig(kind="byte"), target=TokenizerConfig(kind="word"))
    assert choose([("a", "b")], given) == (given, [])


def test_shared_and_dropout() -> None:
    side = TokenizerConfig(dropout=0.1)
    config, said = choose([("abc", "abd")] * 50, TextConfig(source=side, target=side, shared=True))
    assert config.source == config.target
    assert config.source.kind == "bpe"
    assert "dropout" in said[0]


def test_no_pairs_at_all() -> None:
    config, _ = choose([], TextConfig())
    assert "auto" not in (config.source.kind, config.target.kind)


def test_what_goes_from_words_to_words() -> None:
    chance = random.Random(4)
    source = [chance.choice(WORDS) + chance.choice(WORDS) for _ in range(300)]
    phones = [" ".join(chance.choices(PHONES, k=12)) for _ in source]
    sentences = [words(9, chance) for _ in source]
    assert words_to_words([(word, word[::-1]) for word in source])
    assert words_to_words(list(zip(source, phones, strict=True)))
    assert words_to_words([(f"{word} {word}", "masculine") for word in source])
    assert not words_to_words(list(zip(source, sentences, strict=True)))
    assert not words_to_words(list(zip(sentences, source, strict=True)))
    assert not words_to_words(list(zip(phones, phones, strict=True)))


def test_the_phones_of_a_few_words_are_symbols() -> None:
    chance = random.Random(5)
    source = [chance.choice(WORDS) + chance.choice(WORDS) for _ in range(40)]
    phones = [" ".join(chance.choices([*PHONES, *"BFGLMPR"], k=6)) for _ in source]
    assert words_to_words(list(zip(source, phones, strict=True)))
    assert choose(list(zip(source, phones, strict=True)), TextConfig())[0].target.kind == "word"
    sentences = [
        " ".join(chance.choices(["house", "river", "the", "old", "tree", "walks", "near"], k=3)) for _ in source
    ]
    assert not words_to_words(list(zip(source, sentences, strict=True)))
