"""The laws hold for ensembles: of every kind of decoder, of members that differ, and of members without attention."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from networks import Case, rows

from seqloom.ensemble_network import Ensemble, networks_of
from seqloom.nn.decoders import DECODERS
from seqloom.search import ModelStepper, SearchConfig, search
from seqloom.testing import laws

pytestmark = pytest.mark.usefixtures("unchecked_shapes")

KINDS: dict[str, dict[str, Any]] = {
    "lstm": {"decoder": {"attend": "between"}},
    "wide": {"cell": "gru", "hidden": 12, "embedding": 10, "decoder": {"attend": "feed", "layers": 1}},
    "tied": {"cell": "rnn", "decoder": {"attend": "before", "readout": {"kind": "tied"}}},
    "maxout": {"decoder": {"attend": "after", "readout": {"hidden": "maxout", "reads_token": True}}},
    "blind": {"cell": "gru", "decoder": {"attend": "none"}},
    "coverage": {"cell": "layer_norm_lstm", "attention": {"kind": "coverage", "heads": 2}},
    "transformer": {"encoder": {"kind": "transformer", "layers": 1, "heads": 2}, "decoder": {"attend": "after"}},
}
PAIRS = [*pairwise(KINDS), ("transformer", "lstm")]


def members(*kinds: str) -> list[Any]:
    return [Case(kind, KINDS[kind]).model(seed) for seed, kind in enumerate(kinds)]


def ensemble(*kinds: str) -> Ensemble:
    return Ensemble(members(*kinds), range(1, len(kinds) + 1)).eval()


def test_the_kinds_cover_all_decoders() -> None:
    assert {each["decoder"]["attend"] for each in KINDS.values() if "decoder" in each} == set(DECODERS)


@pytest.mark.parametrize("kinds", [*PAIRS, ("blind", "blind"), ("lstm", "wide", "tied")], ids="+".join)
def test_the_laws_hold(kinds: tuple[str, ...]) -> None:
    model, where = ensemble(*kinds), f"the ensemble of {kinds}"
    for law in (
        laws.a_sequence_is_its_steps,
        laws.a_row_is_alone,
        laws.a_row_is_alone_in_its_gradients,
        laws.beams_share_a_memory,
        laws.selecting_rows_commutes,
        laws.weights_are_a_distribution,
        laws.a_sentence_is_searched_alone,
        laws.found_outputs_have_their_own_scores,
    ):
        law(model, where)


@torch.no_grad()
def test_it_is_the_geometric_mean_of_probabilities_and_the_mean_of_the_weights_of_those_that_attend() -> None:
    parts = members("lstm", "blind", "wide")
    batch = rows()
    scores, weights = Ensemble(parts, [1, 2, 3]).eval()(*batch[:3])
    apart = [each(*batch[:3]) for each in parts]
    probabilities = [torch.softmax(found.double(), -1) for found, _ in apart]
    product = probabilities[0] ** (1 / 6) * probabilities[1] ** (2 / 6) * probabilities[2] ** (3 / 6)
    wanted = product / product.sum(-1, keepdim=True)
    torch.testing.assert_close(torch.softmax(scores, -1).double(), wanted, rtol=1e-4, atol=1e-6)
    assert apart[1][1] is None
    assert weights is not None
    torch.testing.assert_close(weights, apart[0][1] / 4 + apart[2][1] * 3 / 4)


@torch.no_grad()
@pytest.mark.parametrize("kind", KINDS)
def test_one_member_alone_is_that_member_bit_for_bit(kind: str) -> None:
    (member,), batch = members(kind), rows()
    alone = Ensemble([member], [7.0]).eval()
    (scores, weights), (wanted, looked) = alone(*batch[:3]), member(*batch[:3])
    assert torch.equal(scores, wanted)
    assert (weights is None and looked is None) or torch.equal(weights, looked)
    config = SearchConfig(beam=3, n_best=3, max_length_ratio=1.0, max_length_extra=3)
    assert search(ModelStepper(alone), *batch[:2], config) == search(ModelStepper(member), *batch[:2], config)
    real = torch.ones_like(batch.target_out, dtype=torch.bool)
    log_probs = [each.output.log_probs(each.decode(*batch[:3]), batch.target_out, real) for each in (alone, member)]
    assert torch.equal(*log_probs)


def test_shares_are_scaled_and_members_are_told_apart_from_an_ensemble() -> None:
    parts = members("lstm", "wide")
    assert Ensemble(parts).shares == (0.5, 0.5)
    assert Ensemble(parts, [1, 3]).shares == (0.25, 0.75)
    assert networks_of(Ensemble(parts)) == parts
    assert networks_of(parts[0]) == parts[:1]


@pytest.mark.parametrize("shares", [[1.0], [1.0, 0.0], [1.0, -1.0], [1.0, float("nan")]])
def test_shares_that_make_no_sense_are_refused(shares: list[float]) -> None:
    with pytest.raises(ValueError, match="share"):
        Ensemble(members("lstm", "wide"), shares)
