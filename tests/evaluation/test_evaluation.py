"""Figures of a model: against counts by hand, and two models against each other."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from seqloom.api import Model
from seqloom.cli import tables
from seqloom.config import build
from seqloom.data import ReadReport, pairs_as_examples
from seqloom.errors import ConfigError, DataError
from seqloom.evaluation import BadAnswer, compare_models, evaluate
from seqloom.evaluation_config import EvaluationConfig
from toy import copied


def test_figures_are_counts_over_the_predictions(toy_model: Model) -> None:
    pairs = copied(30, seed=9)
    result = toy_model.evaluate(pairs, metrics=("exact_match", "cer"))
    right = [answer.text == target for answer, (_, target) in zip(result.predictions, pairs, strict=True)]
    assert result["exact_match"] == pytest.approx(100 * sum(right) / len(right))
    scored = list(toy_model.score(pairs))
    tokens = sum(each.tokens for each in scored)
    assert result.tokens == tokens == sum(len(target) + 1 for _, target in pairs)
    assert result.loss == pytest.approx(-sum(each.log_prob for each in scored) / tokens)
    assert result["perplexity"] == result.perplexity == pytest.approx(math.exp(result.loss))
    assert result.count == 30


def test_the_worst_examples_name_their_place_and_are_wrong(toy_model: Model) -> None:
    pairs = [*copied(10), ("abc", "dddddd")]
    result = toy_model.evaluate(pairs, metrics=("cer",))
    assert result.worst[0].source == "abc"
    assert result.worst[0].where == "pairs:11"
    values = json.loads(json.dumps(result.to_json(predictions=True)))
    assert values["worst"][0]["references"] == ["dddddd"]
    assert len(values["predictions"]) == 11
    assert "predictions" not in result.to_json()


def test_the_worst_examples_show_their_tags_where_there_are_any(
    toy_model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    worst = [BadAnswer("go", "goed", ("went",), 100.0, "in.tsv:3", ("V", "PST")), BadAnswer("a", "b", ("a",), 9, "x:1")]
    measured = toy_model.evaluate(copied(3))
    tables.evaluation(replace(measured, worst=tuple(worst)))
    assert re.search(r"worst +input +tags +predicted +correct *\nin.tsv:3 +go +V;PST +goed", capsys.readouterr().out)
    tables.evaluation(replace(measured, worst=tuple(worst[1:])))
    assert re.search(r"worst +input +predicted +correct", capsys.readouterr().out)
    assert worst[0].to_json()["tags"] == ["V", "PST"]


def test_metrics_are_chosen_by_the_targets_and_limits_hold(toy_model: Model) -> None:
    limited = toy_model.with_settings(["evaluation.limit=7", "evaluation.worst=0"])
    pairs = [(f"{a}{b}", f"{a}{b}") for a in "abcd" for b in "abcd"]
    result = limited.evaluate(pairs)
    assert [score.name for score in result.scores] == ["exact_match", "cer"]
    assert result.count == 7
    assert not result.worst
    alone = evaluate(
        toy_model.predictor, list(pairs_as_examples([("a b", "abcde bcdab abcdd cdabc dcbaa")] * 3, ReadReport()))
    )
    assert [score.name for score in alone.scores] == ["bleu", "chrf"]


def test_what_the_figures_do_not_say_is_noted(toy_model: Model) -> None:
    result = toy_model.evaluate([("ab", "ab"), ("ab", "a€b")], metrics=["bleu", "cer"])
    assert result.teacher_forced.unknown == 1
    blind, unknown = result.notes
    assert blind.startswith("bleu says nothing of 100 % of the targets")
    assert unknown == "the loss counts 1 of 7 target tokens as the unknown token, which is no text"
    assert result.to_json()["notes"] == result.notes
    assert not toy_model.evaluate([("ab", "ab")]).notes


def test_a_model_does_not_differ_from_itself_but_from_a_silent_one(toy_model: Model) -> None:
    pairs = copied(60, seed=5)
    first = toy_model.evaluate(pairs, metrics=("exact_match",))
    second = toy_model.with_settings(["search.max_length_ratio=0", "search.max_length_extra=1"]).evaluate(
        pairs, metrics=("exact_match",)
    )
    (same,) = compare_models(first, first, samples=100)
    assert same.difference == 0
    assert same.p_value == 1
    (other,) = compare_models(first, second, samples=100)
    assert other.difference < 0
    assert other.significant
    with pytest.raises(DataError, match="same examples"):
        compare_models(first, toy_model.evaluate(pairs[:5], metrics=("exact_match",)))


def test_what_cannot_be_measured_is_refused(toy_model: Model, tmp_path: Path) -> None:
    (tmp_path / "empty.tsv").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"empty\.tsv: there must be at least one pair, not none"):
        toy_model.evaluate(tmp_path / "empty.tsv")
    with pytest.raises(DataError, match="at least one example"):
        toy_model.evaluate([])
    with pytest.raises(ConfigError, match="did you mean bleu"):
        build(EvaluationConfig, {"metrics": ["bleuu"]})


def test_a_limit_takes_examples_from_all_over(toy_model: Model) -> None:
    pairs = copied(40, seed=9)
    result = toy_model.with_settings(["evaluation.limit=10"]).evaluate(pairs, metrics="cer")
    assert [example.source for example in result.examples] == [source for source, _ in pairs[::4]]
    everything = toy_model.with_settings(["evaluation.limit=100"]).evaluate(pairs, metrics="cer")
    assert everything.count == 40


def test_who_watches_is_told_how_far_it_is(toy_model: Model) -> None:
    """The figures do not depend on it, though answers are found in smaller pieces then."""
    seen: list[tuple[str, int, int]] = []
    pairs = copied(150, seed=5)
    watched = toy_model.evaluate(pairs, metrics="cer", watch=lambda *told: seen.append(told))
    assert [each for each in seen if each[0] == "finding answers"] == [
        ("finding answers", done, 150) for done in (0, 64, 128)
    ]
    assert seen[-1] == ("taking the loss", 0, 0)
    assert watched.texts == toy_model.evaluate(pairs, metrics="cer").texts
