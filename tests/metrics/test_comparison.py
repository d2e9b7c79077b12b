"""Paired bootstrap, worst examples, and the choice of metrics."""

from __future__ import annotations

import random

import numpy as np
import pytest

from seqloom.errors import ConfigError, DataError
from seqloom.metrics import (
    METRICS,
    blind_sentence,
    blind_share,
    choose_metrics,
    compare,
    compute,
    metric,
    target_kind,
    worst,
)

MONTHS = ("January", "March", "May", "October")
DAYS, YEARS = ("first", "second", "third", "twenty first"), ("nineteen ninety", "two thousand and three")


def corpus(size: int, noise: float, seed: int) -> tuple[list[str], list[str]]:
    dice, noisy = random.Random(7), random.Random(seed)
    truth = [" ".join(dice.choices("abcdefgh", k=8)) for _ in range(size)]
    spoilt = [" ".join(w if noisy.random() > noise else "z" for w in text.split()) for text in truth]
    return spoilt, truth


@pytest.mark.parametrize("name", METRICS)
def test_a_system_against_itself_is_no_different(name: str) -> None:
    system, truth = corpus(20, 0.2, 1)
    result = compare(name, system, system, truth, samples=20)
    assert (result.difference, result.low, result.high, result.p_value) == (0, 0, 0, 1)
    assert result.second_wins == 0
    assert not result.significant


@pytest.mark.parametrize("name", ["bleu", "chrf", "ter", "wer", "rougeL"])
def test_a_clear_difference_is_found_in_either_direction(name: str) -> None:
    good, truth = corpus(150, 0.05, 1)
    bad, _ = corpus(150, 0.4, 2)
    result = compare(name, bad, good, truth, samples=200, seed=3)
    assert result.significant
    assert result.second_wins == 1
    assert result.low <= result.difference <= result.high
    assert (result.difference > 0) == result.first.higher_is_better
    turned = compare(name, good, bad, truth, samples=200, seed=3)
    assert turned.difference == pytest.approx(-result.difference)
    assert (turned.low, turned.high) == pytest.approx((-result.high, -result.low))
    assert turned.second_wins == 0


def test_equal_quality_is_mostly_not_significant() -> None:
    found = 0
    for seed in range(40):
        first, truth = corpus(60, 0.2, 2 * seed + 100)
        second, _ = corpus(60, 0.2, 2 * seed + 101)
        found += compare("wer", first, second, truth, samples=200, seed=seed).significant
    assert found <= 7


def test_the_seed_decides_the_samples() -> None:
    first, truth = corpus(40, 0.2, 1)
    second, _ = corpus(40, 0.25, 2)
    once, again, other = (compare("bleu", first, second, truth, samples=50, seed=seed) for seed in (1, 1, 2))
    assert once == again
    assert once.low != other.low
    assert once.to_json()["first"]["name"] == "bleu"


def test_bad_comparisons_are_refused() -> None:
    with pytest.raises(DataError, match="not 1 and 2"):
        compare("bleu", ["a", "b"], ["a"], ["a", "b"])
    with pytest.raises(ConfigError, match="at least 1, not 0"):
        compare("bleu", ["a"], ["a"], ["a"], samples=0)


def test_statistics_add_up_to_the_corpus_figure() -> None:
    system, truth = corpus(30, 0.3, 5)
    for name in METRICS:
        measured = metric(name)
        rows = measured.statistics(system, [(text,) for text in truth])
        score = compute([name], system, truth)[0]
        assert measured.value(measured.total(rows)) == pytest.approx(score.value)
        assert measured.value(measured.total(rows, np.ones(30))) == pytest.approx(score.value)
        twice = compute([name], system * 2, truth * 2)[0].value
        assert measured.value(measured.total(rows, np.full(30, 2.0))) == pytest.approx(twice)


def test_the_worst_come_first_and_right_answers_never() -> None:
    predictions = ["right", "wrung", "xxxxx", "fine"]
    references = [["right"], ["wrong"], ["other"], ["nope", "fine"]]
    for name in ("exact_match", "error_rate", "cer", "chrf"):
        listed = worst(name, predictions, references, 3)
        assert [each.index for each in listed] == [2, 1]
        assert listed[0].references == ("other",)
        assert listed[0].prediction == "xxxxx"
    assert len(worst("cer", predictions, references, 1)) == 1


def test_what_looks_alike_is_alike() -> None:
    predictions = ["Sa\u0303o  Paulo ", "\u09dc\u09df", "a\u00a0b\tc d"]
    references = ["S\u00e3o Paulo", "\u09a1\u09bc\u09af\u09bc", "a b c  d"]
    for name in METRICS:
        measured = metric(name)
        forth, back = compute([name], predictions, references)[0], compute([name], references, predictions)[0]
        assert forth.value == back.value == compute([name], references, references)[0].value
        assert forth.signature.endswith("|form:nfc")
        assert measured.per_example(predictions, references) == measured.per_example(references, references)
        assert worst(name, predictions, references) == []
        assert compare(name, predictions, references, references, samples=5).difference == 0
    assert worst("cer", ["x "], [["y  z", "y"]])[0].references == ("y  z", "y")


@pytest.mark.parametrize(
    ("targets", "kind"),
    [
        (["positive", "negative"] * 50, "labels"),
        (["K AE1 T", "D AO1 G", "HH AH0 L OW1", "W ER1 L D"], "symbols"),
        ([f"{a} {b} {a}" for a in ("I_WALK", "I_RUN", "I_TURN_LEFT") for b in ("I_JUMP", "I_LOOK")] * 9, "symbols"),
        (["house", "tree", "Apfel", "strasse"], "words"),
        (["comí", "he comido", "comeré", "comiste", "habría comido"], "words"),
        (["1952-10-28", "2011-03-01"], "words"),
        (["クリス", "苹果", "電話"], "words"),
        (["red house", "old tree", "Neuer Apfel"], "phrases"),
        (["hast gegessen", "wirst gegessen haben", "aßest"], "phrases"),
        (["คอมพิวเตอร์", "โทรศัพท์มือถือ"], "phrases"),
        (["クリストファー", "アレクサンドラ"], "phrases"),
        (
            [f"{day} {month} {year}" for day in range(1, 29) for month in MONTHS for year in range(1950, 1956)],
            "spelled",
        ),
        ([f"{month} the {day} {year}" for month in MONTHS for day in DAYS for year in YEARS], "spelled"),
        (["ch j a n", "r o θ o", "tʃ i k o", "k a θ a"] * 3, "symbols"),
        (["ブ ラ ン ジ ェ", "ク リ ス", "ア ン ナ"], "symbols"),
        (["我 喜 欢", "中 文"], "symbols"),
        ([" ".join("一个男人在街上走路，两只狗在草地上奔跑。")] * 2, "sentences"),
        (["The cat sat on the mat .", "Two dogs are running through tall grass ."], "sentences"),
        (["кошка сидит на коврике у двери", "две собаки бегут по высокой траве"], "sentences"),
        (["一个男人在街上走路。", "两只狗在草地上奔跑。"], "chinese"),
        (["我 喜欢 学习 中文 和 数学", "两 只 狗 在 草地 上 奔跑"], "sentences"),
        (["男の人が通りを歩いています。", "二匹の犬が草原を走っています。"], "unspaced"),
        (["ผู้ชายคนหนึ่งกำลังเดินอยู่บนถนน", "สุนัขสองตัวกำลังวิ่งผ่านหญ้าสูง"], "unspaced"),
        (["", " "], "sentences"),
    ],
)
def test_targets_choose_their_metrics(targets: list[str], kind: str) -> None:
    assert target_kind(targets) == kind
    for name in choose_metrics(targets):
        assert metric(name).name == name
    if any(map(str.strip, targets)):
        assert blind_share(choose_metrics(targets)[0], targets) == 0


def test_long_sources_make_summaries() -> None:
    targets, sources = ["budget for next year"] * 3, ["word " * 60] * 3
    assert target_kind(targets, sources) == "summaries"
    assert target_kind(targets, ["budget for this year"] * 3) == "phrases"
    assert choose_metrics(targets, sources) == ("rougeL", "rouge1", "rouge2")


def test_a_measure_that_says_nothing_of_the_targets_is_found() -> None:
    phrases = ["red house", "old tree", "new apple tree", "a house of my own"]
    assert blind_share("bleu", phrases) == 0.75
    assert blind_share("rouge2", ["house", "red house"]) == 0.5
    assert blind_sentence("bleu", phrases).startswith("bleu says nothing of 75 % of the targets")
    assert blind_share("bleu", ["一个男人在街上走路。"]) == 1
    for name in ("chrf", "exact_match", "cer", "ter", "macro_f1", "rouge1", "bleu:char"):
        assert blind_share(name, phrases) == 0
        assert not blind_sentence(name, phrases)
