"""Search over fixed tables: it sees no model, does what a plain beam search does, and keeps its rules."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tables import TableStepper, divisor, first_tokens, log_probs_of, plain_beam, random_tables

from seqloom.config import build
from seqloom.errors import SeqloomError
from seqloom.search import Hypothesis, SearchConfig, search
from seqloom.search import scores as scoring
from seqloom.search.rules import settings_of
from seqloom.search.scores import best_continuations
from seqloom.text.special import BOS, EOS, FIRST, PAD, UNK

SIZE = 7


def config(**values: Any) -> SearchConfig:
    return build(SearchConfig, {"max_length_ratio": 0, "max_length_extra": 8, **values})


def find(tables: torch.Tensor, numbers: list[int], chosen: SearchConfig, **options: Any) -> list[list[Hypothesis]]:
    return search(TableStepper(tables), *first_tokens(numbers), chosen, **options)


def assert_found(found: list[Hypothesis], wanted: list[tuple[float, tuple[int, ...]]]) -> None:
    assert [each.ids for each in found] == [ids for _, ids in wanted]
    assert [each.score for each in found] == pytest.approx([score for score, _ in wanted], abs=1e-4)


searches = st.builds(
    lambda beam, share, **values: config(beam=beam, n_best=max(1, beam * share // 4), **values),
    beam=st.integers(1, 6),
    share=st.integers(1, 4),
    length_penalty=st.sampled_from(["none", "average", "gnmt"]),
    alpha=st.sampled_from([0.0, 0.6, 1.0, 1.7]),
    min_length=st.integers(0, 10),
    max_length_extra=st.integers(1, 8),
    exhaustive=st.booleans(),
    allow_unknown=st.booleans(),
)


@settings(max_examples=80, deadline=None)
@given(chosen=searches, seed=st.integers(0, 1000), count=st.integers(1, 9))
def test_search_finds_what_a_plain_beam_search_finds_for_each_sentence(
    chosen: SearchConfig, seed: int, count: int
) -> None:
    tables = random_tables(count, SIZE, seed)
    for table, found in zip(tables, find(tables, list(range(count)), chosen), strict=True):
        assert_found(found, plain_beam(table, chosen))


@settings(max_examples=40, deadline=None)
@given(chosen=searches, seed=st.integers(0, 1000))
def test_scores_are_sums_of_token_log_probs(chosen: SearchConfig, seed: int) -> None:
    tables = random_tables(3, SIZE, seed)
    for table, found in zip(tables, find(tables, [0, 1, 2], chosen), strict=True):
        assert 1 <= len(found) <= chosen.n_best
        assert len({each.ids for each in found}) == len(found)
        for each in found:
            path = [BOS, *each.ids, EOS]
            assert each.token_log_probs == pytest.approx(log_probs_of(table, path), abs=1e-4)
            total = sum(each.token_log_probs)
            assert each.score == pytest.approx(total / divisor(len(path) - 1, chosen), abs=1e-5)
            assert not ({PAD, BOS, EOS} if chosen.allow_unknown else {PAD, BOS, EOS, UNK}) & set(each.ids)
            assert min(chosen.min_length, chosen.longest(0)) <= len(each.ids) <= chosen.longest(0)


def test_a_settled_sentence_is_not_changed_while_it_waits_for_others() -> None:
    chosen = config(beam=3, n_best=3, max_length_extra=12)
    tables = random_tables(40, SIZE, 3)
    together = find(tables, list(range(40)), chosen)
    for number, found in enumerate(together):
        (alone,) = find(tables, [number], chosen)
        assert [each.ids for each in found] == [each.ids for each in alone]
    lengths = {max(len(each.ids) for each in found) for found in together}
    assert len(lengths) > 3, "sentences must leave at different steps for this test to mean anything"


A, B = 4, 5


def ahead_table() -> torch.Tensor:
    """Outputs that end at once are a little likely, and the likeliest output by far is A A A A.

    Whatever begins with B soon ends, so that a beam of two has finished two outputs while A A A A is unfinished.
    """
    probabilities = torch.full((1, 10, SIZE, SIZE), 1e-6)
    probabilities[0, :, BOS, EOS], probabilities[0, :, BOS, A], probabilities[0, :, BOS, B] = 0.15, 0.6, 0.24
    probabilities[0, :, A, EOS], probabilities[0, :, A, A], probabilities[0, :, A, B] = 0.02, 0.97, 0.009
    probabilities[0, 4:, A, EOS] = 50.0
    probabilities[0, :, B, EOS] = 0.99
    return (probabilities / probabilities.sum(-1, keepdim=True)).log()


@pytest.mark.parametrize("exhaustive", [False, True])
@pytest.mark.parametrize("beam", [2, 3, 5])
def test_a_search_goes_on_while_an_unfinished_hypothesis_is_ahead(beam: int, exhaustive: bool) -> None:
    """Law 5 where the rule of stopping matters: the best of all outputs is found though others fill the beam before."""
    table, longest = ahead_table(), 6
    chosen = config(beam=beam, max_length_extra=longest, exhaustive=exhaustive)
    words = range(4, SIZE)
    outputs = [ids for size in range(longest + 1) for ids in product(words, repeat=size)]
    scores = {ids: sum(log_probs_of(table[0], [BOS, *ids, EOS])) / (len(ids) + 1) for ids in outputs}
    best = max(scores, key=scores.__getitem__)
    assert best == (A, A, A, A)
    ((found,),) = find(table, [0], chosen)
    assert found.ids == best
    assert found.score == pytest.approx(scores[best], abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(chosen=searches, seed=st.integers(0, 1000))
def test_a_shorter_list_is_the_beginning_of_a_longer_one(chosen: SearchConfig, seed: int) -> None:
    tables = random_tables(4, SIZE, seed)
    wide = find(tables, [0, 1, 2, 3], chosen.replace(n_best=chosen.beam))
    for count in range(1, chosen.beam):
        for few, many in zip(find(tables, [0, 1, 2, 3], chosen.replace(n_best=count)), wide, strict=True):
            assert few == many[:count]
    for found in wide:
        assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), beam=st.integers(1, 4), minimum=st.integers(0, 6), size=st.sampled_from([7, 1300]))
def test_the_unknown_token_is_written_only_where_it_is_allowed(seed: int, beam: int, minimum: int, size: int) -> None:
    tables = (
        random_tables(1, size, seed, length=9, spread=1.0) if size == SIZE else random_tables(1, size, seed, length=3)
    )
    tables[..., UNK] += 20.0
    tables = torch.log_softmax(tables, -1)
    longest = 8 if size == SIZE else 2
    chosen = config(beam=beam, n_best=beam, min_length=min(minimum, longest), max_length_extra=longest)
    assert all(UNK not in each.ids for each in find(tables, [0], chosen)[0])
    assert UNK in find(tables, [0], chosen.replace(allow_unknown=True, min_length=1))[0][0].ids


def test_exhaustive_search_is_never_worse() -> None:
    tables = random_tables(30, SIZE, 9, spread=1.0)
    early, late = (find(tables, list(range(30)), config(beam=3, exhaustive=choice)) for choice in (False, True))
    pairs = [(soon[0].score, patient[0].score) for soon, patient in zip(early, late, strict=True)]
    assert all(patient >= soon - 1e-6 for soon, patient in pairs)
    assert any(patient > soon + 1e-6 for soon, patient in pairs)


@settings(max_examples=60, deadline=None)
@given(size=st.integers(1, 3), beam=st.integers(1, 4), seed=st.integers(0, 1000), minimum=st.integers(0, 30))
def test_no_ngram_is_repeated(size: int, beam: int, seed: int, minimum: int) -> None:
    chosen = config(no_repeat_ngram=size, beam=beam, n_best=beam, min_length=minimum, max_length_extra=25)
    for found in find(random_tables(3, SIZE, seed), [0, 1, 2], chosen):
        assert found
        for each in found:
            ngrams = [each.ids[start : start + size] for start in range(len(each.ids) - size + 1)]
            assert len(set(ngrams)) == len(ngrams)


def test_without_the_rule_ngrams_do_repeat() -> None:
    tables = random_tables(3, SIZE, 1)
    found = find(tables, [0, 1, 2], config(beam=1, min_length=20, max_length_extra=25))
    assert any(len(set(best.ids)) < len(best.ids) for (best,) in found)


def test_an_output_ends_before_its_minimum_where_nothing_else_may_be_written() -> None:
    ((found,),) = find(random_tables(1, SIZE, 0), [0], config(beam=1, no_repeat_ngram=1, min_length=8))
    assert len(found.ids) == SIZE - 4  # every word once; PAD, BOS, EOS and UNK are no words


def test_the_longest_wins_over_the_shortest() -> None:
    for found in find(random_tables(2, SIZE, 5), [0, 1], config(beam=2, min_length=9, max_length_extra=4)):
        assert {len(each.ids) for each in found} == {4}


def test_the_longest_follows_the_length_of_the_source() -> None:
    tables = random_tables(1, SIZE, 0)
    tables[..., EOS] = -60.0
    source, lengths = torch.tensor([[0, 5, 5, 5, 2], [0, 2, 0, 0, 0]]), torch.tensor([5, 2])
    chosen = config(max_length_ratio=1.5, max_length_extra=1, beam=2)
    found = search(TableStepper(tables), source, lengths, chosen)
    assert [len(best[0].ids) for best in found] == [8, 4]


@pytest.mark.parametrize("beam", [1, 4])
def test_outputs_begin_with_their_prefix(beam: int) -> None:
    tables = random_tables(4, SIZE, 2)
    prefixes = [[], [5], [6, 4, 5], [4, 4, 4, 4]]
    chosen = config(beam=beam, n_best=beam, exhaustive=True)
    for prefix, table, found in zip(prefixes, tables, find(tables, [0, 1, 2, 3], chosen, prefix=prefixes), strict=True):
        assert all(each.ids[: len(prefix)] == tuple(prefix) for each in found)
        wanted = log_probs_of(table, [BOS, *prefix])
        assert found[0].token_log_probs[: len(prefix)] == pytest.approx(wanted, abs=1e-4)
    assert [best[0].ids for best in find(tables, [0], chosen, prefix=[[]])] == [
        best[0].ids for best in find(tables, [0], chosen)
    ]


def test_a_prefix_wins_over_other_rules() -> None:
    tables = random_tables(1, SIZE, 2)
    prefix = [4, 4, 4, 5, 4, 4]
    chosen = config(beam=2, no_repeat_ngram=2, max_length_extra=3)
    ((found,),) = find(tables, [0], chosen, prefix=[prefix])
    assert list(found.ids) == prefix, "a prefix may repeat itself, and be longer than the longest"
    ((longer,),) = find(tables, [0], config(beam=2, no_repeat_ngram=1, min_length=8), prefix=[[4, 4]])
    assert longer.ids[:2] == (4, 4)
    assert len(set(longer.ids[1:])) == len(longer.ids) - 1


@settings(max_examples=30, deadline=None)
@given(
    sentences=st.integers(1, 3),
    beam=st.integers(1, 4),
    vocabulary=st.integers(4, 300),
    count=st.integers(1, 8),
    seed=st.integers(0, 99),
    unknown=st.booleans(),
)
def test_two_rounds_select_what_one_does(
    sentences: int, beam: int, vocabulary: int, count: int, seed: int, unknown: bool
) -> None:
    assume(count <= beam * (vocabulary - FIRST))
    chance = torch.Generator().manual_seed(seed)
    log_probs = torch.randn(sentences, beam, vocabulary, generator=chance)
    log_probs[torch.rand(log_probs.shape, generator=chance) < 0.1] = -torch.inf
    scores = torch.randn(sentences, beam, generator=chance)
    numbers = settings_of(config(allow_unknown=unknown), torch.device("cpu"))
    once = best_continuations(scores, log_probs, count, numbers)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "FEW", 0)
        twice = best_continuations(scores, log_probs, count, numbers)
    real = once[0] > -torch.inf
    assert torch.equal(once[0], twice[0])
    for one, other in zip(once, twice, strict=True):
        assert torch.equal(one[real], other[real])
    assert int(twice[2].max()) < vocabulary


def test_the_n_best_list_fits_into_the_beam() -> None:
    with pytest.raises((SeqloomError, ValueError), match="n_best must be at most the beam, 2, not 3"):
        config(beam=2, n_best=3)
