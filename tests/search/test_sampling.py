"""Ancestral sampling draws from the model's distribution, under the rules of a search, and each sentence by itself."""

from __future__ import annotations

import math
from collections import Counter
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor

from seqloom.config import build
from seqloom.errors import ConfigError
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.search import ModelStepper, SamplingConfig, SearchConfig, sample, search
from seqloom.text.special import EOS, UNK

SIZE = 7
"""Four special ids and three words."""


class Chain:
    """A stepper whose next token depends on the last one alone; without attention."""

    def __init__(self, table: Tensor) -> None:
        self.log_probs = torch.log_softmax(table, -1)

    def start(self, source: Tensor, lengths: Tensor) -> Tensor:
        del lengths
        return source[:, :1]

    def step(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor, None]:
        return self.log_probs[tokens], state, None

    def select(self, state: Tensor, rows: Tensor, sentences: Tensor | None = None) -> Tensor:
        del sentences
        return state.index_select(0, rows)


@pytest.fixture
def chain() -> Chain:
    return Chain(torch.randn(SIZE, SIZE, generator=torch.Generator().manual_seed(3)))


@pytest.fixture(scope="module")
def model() -> Seq2Seq:
    torch.manual_seed(4)
    made = Seq2Seq(build(ModelConfig, {"embedding": 8, "hidden": 8}), 9, SIZE).eval()
    with torch.no_grad():
        for weight in made.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.4)
    return made


def drawn(stepper: Any, rows: list[list[int]], values: dict[str, Any] | None = None, **sampling: Any) -> Any:
    lengths = torch.tensor([len(row) for row in rows])
    source = torch.zeros(len(rows), int(lengths.max()), dtype=torch.long)
    for number, row in enumerate(rows):
        source[number, : len(row)] = torch.tensor(row)
    options = {name: (values or {}).pop(name) for name in ("prefix", "alignments") if name in (values or {})}
    config = build(SearchConfig, {"max_length_ratio": 0, "max_length_extra": 3, **(values or {})})
    return sample(stepper, source, lengths, config, build(SamplingConfig, sampling), **options)


def probability(chain: Chain, ids: tuple[int, ...], most: int) -> float:
    """p(y) = Π p(yₜ | yₜ₋₁), among the words and the end mark, which alone may follow at the limit."""
    total, last = 1.0, 1
    for place, token in enumerate((*ids, EOS)):
        shares = chain.log_probs[last].exp()
        shares[[0, 1, UNK]] = 0
        total *= 1.0 if place == most else float(shares[token] / shares.sum())
        last = token
    return total


def test_outputs_have_the_frequencies_of_their_probabilities(chain: Chain) -> None:
    count, most = 4000, 3
    (found,) = drawn(chain, [[5, 2]], count=count)
    seen = Counter(each.ids for each in found)
    every = [ids for size in range(most + 1) for ids in product(range(4, SIZE), repeat=size)]
    expected = {ids: probability(chain, ids, most) for ids in every}
    assert math.fsum(expected.values()) == pytest.approx(1, abs=1e-6)
    assert seen.keys() <= expected.keys()
    for ids, share in expected.items():  # five standard deviations of a binomial distribution
        assert abs(seen[ids] - count * share) < 5 * math.sqrt(count * share * (1 - share)) + 1


def test_scores_are_those_of_a_search(chain: Chain) -> None:
    """The model's own log-probabilities, whatever the temperature: a wide beam gives the same ids the same."""
    (found,) = drawn(chain, [[5, 2]], count=30, temperature=3)
    config = build(SearchConfig, {"beam": 200, "n_best": 200, "max_length_ratio": 0, "max_length_extra": 3})
    (searched,) = search(chain, torch.tensor([[5, 2]]), torch.tensor([2]), config)
    known = {each.ids: each for each in searched}
    for each in found:
        assert each.score == pytest.approx(known[each.ids].score, abs=1e-5)
        assert each.token_log_probs == pytest.approx(known[each.ids].token_log_probs, abs=1e-5)


@pytest.mark.usefixtures("unchecked_shapes")
def test_a_sentence_is_drawn_for_as_if_it_were_alone(model: Seq2Seq) -> None:
    rows = [[4, 5, 6, 7, 2], [8, 2], [4, 5, 6, 7, 2], [6, 6, 2]]
    values = {"max_length_ratio": 2.0, "alignments": True}
    together = drawn(ModelStepper(model), rows, dict(values), count=5)
    for row, found in zip(rows, together, strict=True):
        (alone,) = drawn(ModelStepper(model), [row], dict(values), count=5)
        assert [each.ids for each in found] == [each.ids for each in alone]
        for one, other in zip(found, alone, strict=True):
            assert one.token_log_probs == pytest.approx(other.token_log_probs, abs=1e-5)
            assert one.alignment is not None
            assert one.alignment.shape == (len(one.ids), len(row))
            assert torch.allclose(torch.tensor(one.alignment), torch.tensor(other.alignment), atol=1e-5)
    assert [each.ids for each in together[0]] == [each.ids for each in together[2]]


def test_the_seed_decides(chain: Chain) -> None:
    def ids(**options: Any) -> list[tuple[int, ...]]:
        return [each.ids for each in drawn(chain, [[5, 2]], count=40, **options)[0]]

    assert ids() == ids()
    assert ids(seed=2) != ids(seed=3)
    assert ids()[:10] != ids()[10:20]


@pytest.mark.parametrize("options", [{"temperature": 0.001}, {"top_k": 1}])
def test_little_chance_is_greedy_search(options: dict[str, Any], chain: Chain) -> None:
    config = build(SearchConfig, {"beam": 1, "max_length_ratio": 0, "max_length_extra": 3})
    (best,) = search(chain, torch.tensor([[5, 2]]), torch.tensor([2]), config)
    found = drawn(chain, [[5, 2]], count=6, **options)[0]
    assert {each.ids for each in found} == {best[0].ids}


def test_the_likeliest_tokens_alone_are_drawn_among(chain: Chain) -> None:
    found = drawn(chain, [[5, 2]], {"max_length_extra": 1}, count=200, top_k=2)[0]
    shares = chain.log_probs[1].exp()
    shares[[0, 1, UNK]] = 0
    two = set(shares.topk(2).indices.tolist())
    assert {each.ids[0] if each.ids else EOS for each in found} == two


@pytest.mark.parametrize(
    ("values", "holds"),
    [
        ({"min_length": 2}, lambda ids: len(ids) >= 2),
        ({"max_length_extra": 1}, lambda ids: len(ids) <= 1),
        ({"prefix": [[6, 5]]}, lambda ids: ids[:2] == (6, 5)),
        ({"no_repeat_ngram": 1}, lambda ids: len(set(ids)) == len(ids)),
        ({}, lambda ids: UNK not in ids),
    ],
)
def test_the_rules_of_a_search_hold(values: dict[str, Any], holds: Any, chain: Chain) -> None:
    (found,) = drawn(chain, [[5, 2]], values, count=300)
    assert len(found) == 300
    assert all(holds(each.ids) for each in found)


def test_the_unknown_token_is_drawn_where_it_is_allowed(chain: Chain) -> None:
    (found,) = drawn(chain, [[5, 2]], {"allow_unknown": True}, count=300)
    assert any(UNK in each.ids for each in found)


@pytest.mark.parametrize("values", [{"count": 0}, {"temperature": 0.0}, {"top_k": -1}, {"seed": -1}])
def test_settings_have_bounds(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        build(SamplingConfig, values)
