"""Selection and early stopping, and the settings that make no sense together."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.config import build
from seqloom.errors import ConfigError
from seqloom.training.config import TrainingConfig
from seqloom.training.stopping import Kept, Selection, SelectionConfig


def after(scores: list[float], losses: list[float] | None = None, **settings: Any) -> Selection:
    selection = Selection(**settings)
    for step, (score, loss) in enumerate(zip(scores, losses or scores, strict=True), start=1):
        new = Kept(step, score, loss)
        leads = selection.beaten_by(new)
        selection = selection.observe(new)
        assert leads == (selection.best is not None and selection.best.step == step)
    return selection


def test_the_best_are_kept_best_first_and_of_equals_the_earlier() -> None:
    selection = after([3.0, 1.0, 2.0, 1.0], keep=3)
    assert selection.kept == (Kept(2, 1.0, 1.0), Kept(4, 1.0, 1.0), Kept(3, 2.0, 2.0))
    assert after([3.0, 1.0, 2.0], higher_is_better=True).best == Kept(1, 3.0, 3.0)


def test_of_equal_scores_the_one_with_the_lower_loss_leads() -> None:
    stuck = after([0.0] * 4, [3.0, 2.0, 1.0, 1.5], higher_is_better=True, patience=2)
    assert stuck.best == Kept(3, 0.0, 1.0)
    assert stuck.waited == 1
    assert after([100.0] * 4, [3.0, 2.0, 2.0, 2.5], higher_is_better=True, patience=2).exhausted
    assert after([5.0, 4.0], [1.0, 2.0]).best == Kept(2, 4.0, 2.0)
    assert after([5.0, 5.0], [math.nan, 9.0]).best == Kept(2, 5.0, 9.0)
    assert stuck.reached_by(Kept(9, 0.0, 1.0))
    assert not stuck.reached_by(Kept(9, 0.0, 1.1))
    assert not stuck.reached_by(Kept(9, math.nan, 0.1))


def test_patience_counts_evaluations_that_do_not_beat_the_best() -> None:
    assert not after([2.0, 1.0, 1.0], patience=2).exhausted
    assert after([2.0, 1.0, 1.0, 1.5], patience=2).exhausted
    assert not after([2.0, 1.0, 1.0, 0.5], patience=2).exhausted
    assert not after([1.0] * 50, patience=0).exhausted


def test_a_score_that_is_no_number_is_never_kept() -> None:
    selection = after([math.nan, 2.0, math.nan], patience=1)
    assert selection.best == Kept(2, 2.0, 2.0)
    assert selection.exhausted


@given(st.lists(st.floats(0, 10), min_size=1, max_size=30), st.integers(1, 4), st.booleans())
def test_what_is_kept_is_what_sorting_says(scores: list[float], keep: int, up: bool) -> None:
    selection = after(scores, keep=keep, higher_is_better=up)
    assert [kept.score for kept in selection.kept] == sorted(scores, reverse=up)[:keep]
    written = json.loads(json.dumps(selection.to_json()))
    assert Selection(higher_is_better=up, keep=keep).restored(written) == selection


def test_whether_higher_is_better_follows_the_metric() -> None:
    assert not SelectionConfig().higher_is_better
    assert SelectionConfig(on="bleu").higher_is_better
    assert not SelectionConfig(on="cer").higher_is_better
    assert SelectionConfig(on="bleu", metrics=("chrf", "bleu")).decoded == ("chrf", "bleu")
    assert SelectionConfig(on="bleu", metrics=("chrf",)).decoded == ("bleu", "chrf")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, "training never ends"),
        ({"ema": 0.9, "selection": {"average_best": 2}}, "choose one"),
        ({"selection": {"on": "blue"}}, "did you mean bleu"),
        ({"selection": {"metrics": ["chrff"]}}, "did you mean chrf"),
        ({"selection": {"on": "bleu", "limit": 0}}, "limit must be above 0"),
        ({"optimiser": {"betas": [0.9, 1.0]}}, "below 1"),
        ({"optimiser": {"learning_rate": 0}}, "greater than 0"),
        ({"schedule": {"kind": "cosinus"}}, "cosine"),
        ({"optimizer": {}}, "did you mean optimiser"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build(TrainingConfig, settings)
