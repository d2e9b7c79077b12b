"""What a model looks at when it writes → which target words go with which source words."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqloom
from seqloom import learn_shortlist as lexicon
from seqloom.api import Model
from seqloom.data.batch import collate_ids
from seqloom.learn_shortlist import Counts, seen_together
from seqloom.networks import writing
from seqloom.search import Shortlist
from seqloom.text.special import EOS, PAD, UNK
from toy import SETTINGS, copied

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
ENTRIES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5), st.floats(0.1, 2.0)), max_size=40)


@settings(deadline=None)
@given(st.lists(ENTRIES, max_size=4), st.integers(1, 5), st.sets(st.integers(0, 5)), st.integers(1, 9))
def test_counts_are_a_table_whose_largest_sums_are_found(
    parts: list[list[tuple[int, int, float]]], most: int, without: set[int], waiting: int
) -> None:
    table, counts = np.zeros((7, 6)), Counts(6)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lexicon, "WAITING", waiting)
        for part in parts:
            entries = np.array(part).reshape(-1, 3)
            rows, columns, weights = entries[:, 0].astype(np.int64), entries[:, 1].astype(np.int64), entries[:, 2]
            counts.add(rows, columns, weights)
            np.add.at(table, (rows, columns), weights)
        counts.divide(lambda rows, columns: 1 + rows + 7 * columns)
    table /= 1 + np.arange(7)[:, None] + 7 * np.arange(6)
    table[:, list(without)] = 0
    found = counts.best(7, most, np.array(sorted(without), np.int64))
    assert found.dtype == np.int32
    width = min(most, max(1, int((table > 0).sum(1).max())))
    assert found.shape == (7, width)
    for row, best in zip(table, found, strict=True):
        count = min(most, int((row > 0).sum()))
        assert not best[count:].any()
        assert row[best[:count]] == pytest.approx(np.sort(row)[::-1][:count])


def letters(model: Model, found: Shortlist) -> dict[str, str]:
    """The first candidate of each letter."""
    source, target = model.source_tokenizer, model.target_tokenizer
    return {
        letter: target.decode([found.candidates[source.encode([letter])[0][0], :1].tolist()])[0] for letter in "abcd"
    }


def learned(model: Model, pairs: Any, **values: int) -> Shortlist:
    found = model.with_shortlist(pairs, **values).shortlist
    assert found is not None
    return found


def test_a_copier_s_letters_go_with_themselves(toy_model: Model) -> None:
    found = learned(toy_model, copied(200, seed=4), candidates=2, frequent=0)
    assert letters(toy_model, found) == {letter: letter for letter in "abcd"}
    assert found.candidates.shape == (toy_model.source_tokenizer.size, 2)
    assert not found.candidates[[PAD, UNK]].any()
    assert len(found.frequent) == 0


def test_without_attention_words_that_occur_together_go_together() -> None:
    blind = {**SETTINGS, "model.decoder.attend": "none", "training.epochs": 1}
    model = seqloom.train(copied(60), copied(10, seed=2), settings=blind)
    pairs = [("a" * n + "b", "b" + "d" * m) for n in (1, 2) for m in (1, 2, 3)] + [("ac", "bc"), ("c", "c"), ("d", "a")]
    found = learned(model, pairs, candidates=1, frequent=0)
    assert letters(model, found) == {"a": "d", "b": "d", "c": "c", "d": "a"}


def test_frequent_words_are_open_to_all_and_take_no_candidate_s_place(toy_model: Model) -> None:
    pairs = [("ab", "aab"), ("ab", "ab"), ("cd", "c"), ("a", "a")]
    found = learned(toy_model, pairs, candidates=9, frequent=2)
    target = toy_model.target_tokenizer
    assert target.decode([found.frequent.tolist()]) == ["ab"]
    assert set(found.candidates.flatten().tolist()) == {PAD, *target.encode(["c"])[0]}
    assert len(learned(toy_model, pairs, frequent=50).frequent) == 3


def test_a_target_token_is_shared_out_among_the_source_tokens_it_looks_at(toy_model: Model) -> None:
    target = [[5, 4, UNK], [6]]
    batch = collate_ids([[4, 5, 6], [7]], target)
    rows, columns, weights = seen_together(writing(toy_model.network.eval(), "a test"), batch)
    assert set(columns.tolist()) == {4, 5, 6}  # special ids need no list
    assert set(rows.tolist()) <= {4, 5, 6, 7, EOS}
    for word in (4, 5, 6):
        assert weights[columns == word].sum() == pytest.approx(1, abs=4 * lexicon.SEEN)


def test_pairs_are_read_part_by_part(toy_model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = copied(50, seed=5)
    whole = learned(toy_model, pairs)
    monkeypatch.setattr(lexicon, "PAIRS", 7)
    parts = learned(toy_model, iter(pairs))
    assert np.array_equal(whole.frequent, parts.frequent)
    assert np.array_equal(whole.candidates, parts.candidates)


def test_nothing_to_learn_from_is_refused(toy_model: Model) -> None:
    with pytest.raises(seqloom.DataError, match="at least one pair"):
        toy_model.with_shortlist([])
    with pytest.raises(seqloom.ConfigError, match="candidates must be at least 1 and frequent 0, not 0 and 1"):
        toy_model.with_shortlist(copied(3), candidates=0, frequent=1)
