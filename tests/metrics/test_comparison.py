"""Paired bootstrap, worst examples, and the choice of metrics."""

from __future__ import annotations

import random

import pytest

from seqloom.errors import ConfigError, DataError
from seqloom.metrics import METRICS, choose_metrics, compare, compute, metric, target_kind, worst


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
        total = measured.statistics(system, [(text,) for text in truth]).sum(axis=0)
        assert measured.value(total) == pytest.approx(compute([name], system, truth)[0].value)


def test_the_worst_come_first_and_right_answers_never() -> None:
    predictions = ["right", "wrung", "xxxxx", "fine"]
    references = [["right"], ["wrong"], ["other"], ["nope", "fine"]]
    for name in ("exact_match", "error_rate", "cer", "chrf"):
        listed = worst(name, predictions, references, 3)
        assert [each.index for each in listed] == [2, 1]
        assert listed[0].references == ("other",)
        assert listed[0].prediction == "xxxxx"
    assert len(worst("cer", predictions, references, 1)) == 1


@pytest.mark.parametrize(
    ("targets", "kind"),
    [
        (["positive", "negative"] * 50, "labels"),
        (["K AE1 T", "D AO1 G", "HH AH0 L OW1", "W ER1 L D"], "symbols"),
        ([f"{a} {b} {a}" for a in ("I_WALK", "I_RUN", "I_TURN_LEFT") for b in ("I_JUMP", "I_LOOK")] * 9, "symbols"),
        (["house", "tree", "Apfel", "strasse"], "words"),
        (["The cat sat on the mat .", "Two dogs are running through tall grass ."], "sentences"),
        (["一个男人在街上走路。", "两只狗在草地上奔跑。"], "unspaced"),
        (["", " "], "sentences"),
    ],
)
def test_targets_choose_their_metrics(targets: list[str], kind: str) -> None:
    assert target_kind(targets) == kind
    for name in choose_metrics(targets):
        assert metric(name).name == name
