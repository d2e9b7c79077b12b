"""A search that keeps to a shortlist: which words are open, what they are worth, law 2, nothing lost with all open."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tables import TableStepper, random_tables

from seqloom.config import build
from seqloom.ensemble_network import Ensemble
from seqloom.errors import ConfigError
from seqloom.inference.torch_engine import TorchEngine
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.search import Hypothesis, SearchConfig, Shortlist
from seqloom.search.shortlist import BLOCK, LEAST, open_words
from seqloom.text.special import BOS, EOS, PAD, UNK

SOURCES, TARGETS = 30, 300
ATTEND = ["between", "after", "feed", "before", "none"]
Ids = NDArray[np.int64]
pytestmark = pytest.mark.usefixtures("unchecked_shapes")


def network(attend: str, seed: int = 0) -> Seq2Seq:
    torch.manual_seed(seed)
    values: dict[str, Any] = {"embedding": 6, "hidden": 8, "decoder": {"attend": attend}}
    model = Seq2Seq(build(ModelConfig, values), SOURCES, TARGETS).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.5)
        model.output.symbol_weights()[1][EOS] += 3.0
    return model


MODELS = {attend: network(attend) for attend in ATTEND}


def shortlist(seed: int, candidates: int, frequent: int) -> Shortlist:
    chance = np.random.default_rng(seed)
    own = chance.integers(4, TARGETS, (SOURCES, candidates), dtype=np.int32)
    own[chance.random(own.shape) < 0.2] = PAD  # not every word has as many
    own[PAD] = PAD
    return Shortlist(own, chance.choice(np.arange(4, TARGETS, dtype=np.int32), frequent, replace=False), TARGETS)


EVERYTHING = Shortlist(np.zeros((SOURCES, 1), np.int32), np.arange(4, TARGETS, dtype=np.int32)[::-1].copy(), TARGETS)


def batch(rows: list[list[int]], litter: int = PAD) -> tuple[Ids, Ids]:
    """Sources with their end marks; anything may lie on the padding."""
    lengths = np.array([len(row) + 1 for row in rows])
    source = np.full((len(rows), lengths.max()), litter)
    for row, ids in zip(source, rows, strict=True):
        row[: len(ids) + 1] = [*ids, EOS]
    return source, lengths


def config(**values: Any) -> SearchConfig:
    limits = {"max_length_ratio": 1, "max_length_extra": 4, "shortlist": True}
    return build(SearchConfig, {**limits, **values})


def may_use(chosen: Shortlist, row: list[int], prefix: tuple[int, ...] = ()) -> set[int]:
    """The definition, word by word."""
    own = {int(word) for token in (*row, EOS) for word in chosen.candidates[token]}
    return {PAD, BOS, EOS, UNK, *own, *chosen.frequent.tolist(), *prefix}


LISTS = st.builds(shortlist, st.integers(0, 99), st.integers(1, 9), st.integers(0, 80))
ROWS = st.lists(st.lists(st.integers(UNK, SOURCES - 1), max_size=6), min_size=1, max_size=5)
PREFIX = st.lists(st.integers(UNK + 1, TARGETS - 1), max_size=3).map(tuple)
KINDS: list[dict[str, Any]] = [
    {"beam": 1},
    {"beam": 1, "min_length": 5},
    {"beam": 3, "n_best": 3},
    {"beam": 4, "n_best": 2, "min_length": 3, "no_repeat_ngram": 2},
    {"beam": 3, "exhaustive": True, "length_penalty": "none"},
    {"beam": 160, "n_best": 3},
]
SEARCHES = st.sampled_from([config(**values) for values in KINDS])


@given(LISTS, ROWS, PREFIX, st.integers(0, SOURCES - 1))
def test_a_sentence_may_use_its_candidates_the_frequent_words_and_the_prefix(
    chosen: Shortlist, rows: list[list[int]], prefix: tuple[int, ...], litter: int
) -> None:
    few = open_words(chosen, *batch(rows, litter), prefix)
    count = len(set().union(*(may_use(chosen, row, prefix) for row in rows)))
    assert few.words[: UNK + 1].tolist() == [PAD, BOS, EOS, UNK]
    assert len(few.words) == max(LEAST, -(-count // BLOCK) * BLOCK)
    assert (np.diff(few.words[:count]) > 0).all()
    assert not few.words[count:].any()
    assert not few.open[:, count:].any()
    for row, is_open in zip(rows, few.open, strict=True):
        assert set(few.words[is_open].tolist()) == may_use(chosen, row, prefix)
    words = few.words[:count].tolist()
    assert few.places(words) == list(range(count))
    assert few.named(Hypothesis(tuple(range(count)), 0.0, ())).ids == tuple(words)


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(ATTEND), ROWS, PREFIX, SEARCHES)
def test_with_all_words_open_it_is_the_search_without_a_list(
    attend: str, rows: list[list[int]], prefix: tuple[int, ...], chosen: SearchConfig
) -> None:
    engine = TorchEngine(MODELS[attend], shortlist=EVERYTHING)
    source, lengths = batch(rows)
    narrow = engine.search(source, lengths, chosen, prefix=prefix, alignments=True)
    exact = engine.search(source, lengths, chosen.replace(shortlist=False), prefix=prefix, alignments=True)
    assert_same(narrow, exact, 1e-5)


def assert_same(found: list[list[Hypothesis]], wanted: list[list[Hypothesis]], tolerance: float = 1e-4) -> None:
    for own, other in zip(found, wanted, strict=True):
        assert [each.ids for each in own] == [each.ids for each in other]
        for one, two in zip(own, other, strict=True):
            assert one.score == pytest.approx(two.score, abs=tolerance)
            assert one.token_log_probs == pytest.approx(two.token_log_probs, abs=tolerance)
            if one.alignment is None:
                assert two.alignment is None
            else:
                assert one.alignment == pytest.approx(two.alignment, abs=tolerance)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(ATTEND), LISTS, ROWS, PREFIX, SEARCHES)
def test_a_sentence_is_alone_and_keeps_to_its_words(
    attend: str, listed: Shortlist, rows: list[list[int]], prefix: tuple[int, ...], chosen: SearchConfig
) -> None:
    engine = TorchEngine(MODELS[attend], shortlist=listed)
    together = engine.search(*batch(rows), chosen, prefix=prefix, alignments=True)
    alone = [engine.search(*batch([row]), chosen, prefix=prefix, alignments=True)[0] for row in rows]
    assert_same(together, alone)
    for row, found in zip(rows, together, strict=True):
        assert found
        for each in found:
            assert each.ids[: len(prefix)] == prefix
            assert set(each.ids) <= may_use(listed, row, prefix) - {PAD, BOS, EOS, UNK}


@pytest.mark.parametrize("attend", ATTEND)
@torch.inference_mode()
def test_open_words_share_the_probability_of_all(attend: str) -> None:
    model, listed, rows = MODELS[attend], shortlist(5, 6, 20), [[4, 9, 7], [11], [5, 6, 7, 8, 9]]
    found = TorchEngine(model, shortlist=listed).search(*batch(rows), config(beam=3, n_best=3), prefix=(7, 260))
    for row, best in zip(rows, found, strict=True):
        closed = sorted(set(range(TARGETS)) - may_use(listed, row, (7, 260)))
        for each in best:
            logits, _ = model(
                torch.tensor([[*row, EOS]]), torch.tensor([len(row) + 1]), torch.tensor([[BOS, *each.ids]])
            )
            logits[..., closed] = -torch.inf
            wanted = torch.log_softmax(logits[0], -1).gather(1, torch.tensor([*each.ids, EOS])[:, None])[:, 0]
            assert each.token_log_probs == pytest.approx(wanted.tolist(), abs=1e-4)


@torch.no_grad()
def test_an_ensemble_keeps_to_the_list() -> None:
    """Of twice the same model it finds what the model finds; of two, the geometric mean of their shares."""
    listed, rows = shortlist(5, 6, 20), [[4, 9, 7], [11, 12]]
    one, other = (MODELS[attend] for attend in ("between", "feed"))

    def found(*models: Seq2Seq, chosen: SearchConfig) -> list[list[Hypothesis]]:
        return TorchEngine(Ensemble(models).eval(), shortlist=listed).search(*batch(rows), chosen)

    chosen = config(beam=3, n_best=2)
    assert_same(found(one, one, chosen=chosen), TorchEngine(one, shortlist=listed).search(*batch(rows), chosen))
    for row, (best,) in zip(rows, found(one, other, chosen=config(beam=1)), strict=True):
        allowed = torch.tensor(sorted(may_use(listed, row) | {PAD, BOS, EOS, UNK}))
        source, known = torch.tensor([[*row, EOS]]), torch.tensor([[BOS]])
        scores = [model(source, torch.tensor([len(row) + 1]), known)[0][0, 0, allowed] for model in (one, other)]
        shares = torch.log_softmax((scores[0] + scores[1]) / 2, -1)
        place = allowed.tolist().index(best.ids[0] if best.ids else EOS)
        assert best.token_log_probs[0] == pytest.approx(float(shares[place]), abs=1e-4)
        assert set(best.ids) <= may_use(listed, row)


def test_what_cannot_be_narrowed_is_refused_by_name() -> None:
    source, lengths = batch([[4]])
    with pytest.raises(ConfigError, match="the model has none\nhint: seqloom shortlist MODEL FILES"):
        TorchEngine(MODELS["none"]).search(source, lengths, config())
    engine = TorchEngine(MODELS["none"], stepper=TableStepper(random_tables(1, 6, 1)), shortlist=EVERYTHING)
    with pytest.raises(ConfigError, match="not of a TableStepper"):
        engine.search(source, lengths, config())
