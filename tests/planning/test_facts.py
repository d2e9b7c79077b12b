"""What pairs are like is found from the pairs alone."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.planning import Facts, facts_of
from seqloom.planning.alignment import monotonicity

LETTERS = "abcdefghijklmnop"


def words(count: int, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices(LETTERS, k=chance.randint(3, 9))) for _ in range(count)]


def phones(word: str) -> str:
    return " ".join(letter.upper() for letter in word)


def test_the_order_of_pairs_is_seen() -> None:
    pairs = [(word, phones(word).split()) for word in words(300)]
    assert monotonicity(pairs) > 0.8
    assert monotonicity([(word, turned[::-1]) for word, turned in pairs]) < -0.8
    chance = random.Random(2)
    shuffled = [(word, chance.sample(target, len(target))) for word, target in pairs]
    assert abs(monotonicity(shuffled)) < 0.3


@given(st.lists(st.tuples(st.text(LETTERS, max_size=8), st.text(LETTERS, max_size=8)), max_size=8))
def test_any_pairs_have_an_order_between_the_bounds(pairs: list[tuple[str, str]]) -> None:
    assert -1 - 1e-9 <= monotonicity(pairs) <= 1 + 1e-9


def test_pairs_too_short_to_have_an_order_say_nothing_of_it() -> None:
    assert monotonicity([("a", "b"), ("ab", "cd"), ("", "")]) == 0


@pytest.mark.parametrize(
    ("pairs", "task"),
    [
        ([(word, phones(word)) for word in words(200)], "words"),
        ([(word, word + "s") for word in words(200)], "words"),
        ([(" ".join(words(9, seed)), "good" if seed % 2 else "bad") for seed in range(200)], "labels"),
        ([(" ".join(words(9, seed)), " ".join(words(8, seed + 500))) for seed in range(100)], "sentences"),
        ([(" ".join(words(150, seed)), " ".join(words(8, seed + 500))) for seed in range(40)], "texts"),
    ],
)
def test_the_kind_of_pairs_is_seen(pairs: list[tuple[str, str]], task: str) -> None:
    assert facts_of(pairs).task == task


def test_what_is_copied_is_counted() -> None:
    assert facts_of([(word, word + "xyz") for word in words(100)]).copied == pytest.approx(6 / 9, abs=0.05)
    assert facts_of([(word, phones(word)) for word in words(100)]).copied == 0


def test_composed_characters_are_seen() -> None:
    syllables = [chr(code) for code in range(0xAC00, 0xAC00 + 600)]
    chance = random.Random(3)
    assert facts_of([("".join(chance.choices(syllables, k=3)), "a b c") for _ in range(300)]).composed
    assert not facts_of([(word, phones(word)) for word in words(100)]).composed


def test_facts_survive_json_and_are_said() -> None:
    facts = facts_of([(word, phones(word)) for word in words(50)], tags=3, count=5000)
    assert Facts(**facts.to_json()) == facts
    said = " ".join(facts.sentences())
    assert "5,000 pairs" in said
    assert "3 different tags" in said
