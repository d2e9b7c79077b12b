"""The limit of an answer's length is learned from the pairs: no training target is cut, and there is room."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import seqloom
from seqloom.search import SearchConfig
from seqloom.training.answer_length import EXTRA_ROOM, learned_limits
from toy import SETTINGS, copied

PAIRS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 400)), min_size=1, max_size=30)


@given(PAIRS, st.sampled_from([{}, {"max_length_ratio": 0.5}, {"max_length_extra": 7}]))
def test_no_training_target_is_cut_and_all_have_room(pairs: list[tuple[int, int]], values: dict[str, float]) -> None:
    sources, targets = (np.array(lengths, np.int32) for lengths in zip(*pairs, strict=True))
    search = learned_limits(SearchConfig(**values), sources, targets)
    assert "auto" not in (search.max_length_ratio, search.max_length_extra)
    for name, value in values.items():
        assert getattr(search, name) == value
    for source, target in pairs:
        assert search.longest(source + 1) >= target + (EXTRA_ROOM if "max_length_extra" not in values else 0)


def test_numbers_that_are_given_stay() -> None:
    search = SearchConfig(max_length_ratio=1.5, max_length_extra=3)
    assert learned_limits(search, np.array([9], np.int32), np.array([90], np.int32)) == search


def test_longer_sources_than_any_seen_get_room_in_proportion() -> None:
    lengths = np.arange(1, 7, dtype=np.int32)
    search = learned_limits(SearchConfig(), lengths, 2 * lengths)
    assert search.longest(60 + 1) >= 2 * 60


def test_without_pairs_to_learn_from_the_limit_is_twice_the_source_and_twenty() -> None:
    assert SearchConfig().longest(10) == 40
    assert learned_limits(SearchConfig(), np.zeros(0, np.int32), np.zeros(0, np.int32)) == SearchConfig()


def test_a_trained_model_keeps_the_limit_and_writes_answers_as_long_as_its_targets() -> None:
    """Short sources and long targets: twice the source and twenty tokens would cut every answer."""
    pairs = [(source, "abcdefgh" * 5) for source, _ in copied(60)]
    model = seqloom.train(pairs, pairs[:4], settings={**SETTINGS, "training.epochs": 60})
    assert model.config.search.longest(3) >= 40 + EXTRA_ROOM
    (answer,) = model.predict(["ab"])
    assert (answer.text, answer.at_limit) == ("abcdefgh" * 5, False)
    (short,) = model.with_settings({"search.max_length_ratio": 0, "search.max_length_extra": 6}).predict(["ab"])
    assert (len(short.text), short.at_limit) == (6, True)


@pytest.mark.parametrize("name", ["max_length_ratio", "max_length_extra"])
def test_either_number_may_be_learned_alone(name: str) -> None:
    given = {"max_length_ratio": 3.0, "max_length_extra": 4}
    del given[name]
    search = learned_limits(SearchConfig(**given), np.array([4, 8], np.int32), np.array([4, 40], np.int32))
    assert search.longest(9) >= 40
