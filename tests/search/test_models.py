"""Search with models: law 5 (it equals enumeration), law 2 (a row is alone), greedy, alignments, shared memories."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
import torch
from tables import divisor
from torch import Tensor

from seqloom.config import build
from seqloom.ensemble_network import Ensemble
from seqloom.model import ModelConfig, ModelState, Network, Seq2Seq
from seqloom.nn.tree import select_rows
from seqloom.search import ModelStepper, SearchConfig, search
from seqloom.text.special import BOS, EOS, PAD, UNK

ATTEND = ["between", "after", "feed", "before", "none", "between after-a-transformer"]
ATTEND += ["feed+none", "before+between after-a-transformer+feed"]
"""Where attention stands; of an ensemble, in each of its members."""
PENALTIES = ["none", "average", "gnmt"]
LONGEST = 3
pytestmark = pytest.mark.usefixtures("unchecked_shapes")


def network(attend: str, size: int, seed: int = 0, *, ends: float = 0.0) -> Network:
    if "+" in attend:
        parts = [single(each, size, seed + place, ends=ends) for place, each in enumerate(attend.split("+"))]
        return Ensemble(parts, range(1, len(parts) + 1)).eval()
    return single(attend, size, seed, ends=ends)


def single(attend: str, size: int, seed: int, *, ends: float) -> Seq2Seq:
    torch.manual_seed(seed)
    place, _, other = attend.partition(" ")
    encoder = {"kind": "transformer", "layers": 2} if other else {}
    values: dict[str, Any] = {"embedding": 6, "hidden": 8, "encoder": encoder, "decoder": {"attend": place}}
    model = Seq2Seq(build(ModelConfig, values), 13, size).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.5)
        model.output.symbol_weights()[1][EOS] += ends
    return model


def sources(sizes: tuple[int, ...], seed: int = 1) -> tuple[Tensor, Tensor]:
    chance = torch.Generator().manual_seed(seed)
    lengths = torch.tensor(sizes)
    ids = torch.randint(4, 13, (len(sizes), int(lengths.max())), generator=chance)
    places = torch.arange(ids.size(1))
    ids = torch.where(places < lengths[:, None] - 1, ids, PAD)
    return torch.where(places == lengths[:, None] - 1, EOS, ids), lengths


def config(**values: Any) -> SearchConfig:
    return build(SearchConfig, {"max_length_ratio": 0, "max_length_extra": 10, **values})


@torch.inference_mode()
def teacher_forced(model: Network, source: Tensor, ids: tuple[int, ...]) -> tuple[list[float], Tensor | None]:
    """Log-probabilities of each token and the end mark, and the attention weights, in one pass over a known target."""
    logits, weights = model(source[None], torch.tensor([len(source)]), torch.tensor([[BOS, *ids]]))
    log_probs = torch.log_softmax(logits[0], -1).gather(1, torch.tensor([*ids, EOS])[:, None])[:, 0]
    return log_probs.tolist(), None if weights is None else weights[0]


@pytest.mark.parametrize(("attend", "words"), [*((each, [UNK, 4, 5]) for each in ATTEND), ("between", [4, 5])])
def test_a_search_that_holds_everything_equals_enumeration(attend: str, words: list[int]) -> None:
    model, (batch, lengths) = network(attend, 6), sources((4, 2))
    outputs = [ids for size in range(LONGEST + 1) for ids in product(words, repeat=size)]
    for row, size in enumerate(lengths.tolist()):
        known = {ids: teacher_forced(model, batch[row, :size], ids)[0] for ids in outputs}
        for penalty, alpha in product(PENALTIES, (0.7, 1.0)):
            everything = {"beam": len(outputs), "n_best": len(outputs), "exhaustive": True, "max_length_extra": LONGEST}
            chosen = config(**everything, length_penalty=penalty, alpha=alpha, allow_unknown=UNK in words)
            scores = {ids: sum(known[ids]) / divisor(len(ids) + 1, chosen) for ids in outputs}
            found = search(ModelStepper(model), batch, lengths, chosen)[row]
            assert {each.ids for each in found} == set(outputs)
            assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)
            for each in found:
                assert each.score == pytest.approx(scores[each.ids], abs=1e-4)
                assert each.token_log_probs == pytest.approx(known[each.ids], abs=1e-4)


@pytest.mark.parametrize("attend", ATTEND)
@torch.inference_mode()
def test_a_beam_of_one_takes_the_likeliest_token_each_time(attend: str) -> None:
    model, (batch, lengths) = network(attend, 11, ends=0.5), sources((5, 1, 3, 2, 4))
    found = search(ModelStepper(model), batch, lengths, config(beam=1, max_length_ratio=1.0, max_length_extra=3))
    for row, size in enumerate(lengths.tolist()):
        ids: list[int] = []
        state, token = model.start(batch[row : row + 1, :size], lengths[row : row + 1]), BOS
        while token != EOS and len(ids) < size + 3:
            logits, state, _ = model.step(torch.tensor([token]), state)
            logits[:, [PAD, BOS, UNK]] = -torch.inf
            token = int(logits.argmax())
            ids += [token] * (token != EOS)
        assert list(found[row][0].ids) == ids


@pytest.mark.parametrize("attend", ATTEND)
@pytest.mark.parametrize("beam", [1, 4])
def test_a_sentence_is_alone(attend: str, beam: int) -> None:
    model, (batch, lengths) = network(attend, 11, seed=3, ends=1.0), sources((5, 1, 3, 7, 2, 2, 6, 4, 5))
    chosen = config(beam=beam, n_best=beam, max_length_ratio=1.0, max_length_extra=2, min_length=2, no_repeat_ngram=2)
    prefix = [[], [5], [], [6, 6], [], [], [4], [], []]
    together = search(ModelStepper(model), batch, lengths, chosen, prefix=prefix, alignments=True)
    for row, size in enumerate(lengths.tolist()):
        (alone,) = search(
            ModelStepper(model),
            batch[row : row + 1, :size],
            lengths[row : row + 1],
            chosen,
            prefix=prefix[row : row + 1],
            alignments=True,
        )
        assert [each.ids for each in together[row]] == [each.ids for each in alone]
        for one, other in zip(together[row], alone, strict=True):
            assert one.score == pytest.approx(other.score, abs=1e-4)
            assert one.token_log_probs == pytest.approx(other.token_log_probs, abs=1e-4)
            if one.alignment is not None:
                assert one.alignment == pytest.approx(other.alignment, abs=1e-4)


@pytest.mark.parametrize("attend", ATTEND)
def test_an_alignment_is_that_of_its_own_hypothesis(attend: str) -> None:
    model, (batch, lengths) = network(attend, 11, seed=2, ends=0.5), sources((5, 1, 3, 6, 2))
    found = search(ModelStepper(model), batch, lengths, config(beam=4, n_best=4), alignments=True)
    plain = search(ModelStepper(model), batch, lengths, config(beam=4, n_best=4))
    for row, size in enumerate(lengths.tolist()):
        assert [each.ids for each in plain[row]] == [each.ids for each in found[row]]
        for each, bare in zip(found[row], plain[row], strict=True):
            assert bare.alignment is None
            log_probs, weights = teacher_forced(model, batch[row, :size], each.ids)
            assert each.token_log_probs == pytest.approx(log_probs, abs=1e-4)
            if weights is None:
                assert each.alignment is None
                continue
            assert each.alignment is not None
            assert each.alignment.shape == (len(each.ids), size)
            assert each.alignment == pytest.approx(weights[: len(each.ids)].numpy(), abs=1e-5)


class Repeating(ModelStepper):
    """Gives each row of the beam a memory of its own."""

    def select(self, state: ModelState, rows: Tensor, sentences: Tensor | None = None) -> ModelState:
        return select_rows(state, rows)


@pytest.mark.parametrize("attend", ATTEND)
def test_a_shared_memory_is_as_good_as_repeated_ones(attend: str) -> None:
    model, (batch, lengths) = network(attend, 11, seed=5, ends=1.0), sources((5, 1, 3, 6, 2, 4))
    chosen = config(beam=3, n_best=3, max_length_ratio=1.0, max_length_extra=3)
    shared = search(ModelStepper(model), batch, lengths, chosen)
    repeated = search(Repeating(model), batch, lengths, chosen)
    for one, other in zip(shared, repeated, strict=True):
        assert [each.ids for each in one] == [each.ids for each in other]
        assert [each.score for each in one] == pytest.approx([each.score for each in other], abs=1e-4)
