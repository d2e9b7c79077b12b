"""A search moves the state of attention with its rows, also among neighbours, and in ensembles."""

from __future__ import annotations

import pytest
import torch
from networks import Case, rows

from seqloom.ensemble_network import Ensemble
from seqloom.model import Seq2Seq
from seqloom.search import Hypothesis, ModelStepper, SearchConfig, Stepper, search
from seqloom.text.special import BOS, EOS

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
KINDS = ("location_sensitive", "coverage", "remembering", "tagged")
BATCH = rows((6, 1, 4, 2, 5), (2, 2, 2, 2, 2))
CONFIG = SearchConfig(beam=3, n_best=3, max_length_ratio=1.0, max_length_extra=4)


def network(kind: str, attend: str, seed: int = 0) -> Seq2Seq:
    attention = {"kind": "general" if kind == "tagged" else kind, "heads": 2}
    tags = {"tag_embedding": 3} if kind == "tagged" else {}
    settings = {"cell": "gru", "attention": attention, "decoder": {"attend": attend}, **tags}
    return Case(kind, settings).model(seed)


def found_alone(stepper: Stepper, row: int) -> list[Hypothesis]:
    (found,) = search(stepper, *BATCH.row(row)[:2], CONFIG, alignments=True)
    return found


@pytest.mark.parametrize("attend", ["between", "after", "feed", "before"])
@pytest.mark.parametrize("kind", KINDS)
@torch.no_grad()
def test_what_a_search_finds_has_the_score_and_the_weights_of_the_whole_target(kind: str, attend: str) -> None:
    model = network(kind, attend)
    for row, found in enumerate(search(ModelStepper(model), *BATCH[:2], CONFIG, alignments=True)):
        for hypothesis in found:
            written = torch.tensor([[BOS, *hypothesis.ids]])
            logits, weights = model(*BATCH.row(row)[:2], written)
            chosen = torch.tensor([*hypothesis.ids, EOS])[: len(hypothesis.token_log_probs), None]
            log_probs = torch.log_softmax(logits[0], -1).gather(1, chosen).squeeze(1)
            torch.testing.assert_close(log_probs, torch.tensor(hypothesis.token_log_probs), rtol=1e-4, atol=1e-4)
            assert weights is not None
            assert hypothesis.alignment is not None
            torch.testing.assert_close(weights[0, :-1], torch.tensor(hypothesis.alignment), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("members", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_sentence_is_answered_as_it_is_alone(kind: str, members: int) -> None:
    models = [network(kind, attend, seed) for seed, attend in enumerate(("before", "between")[:members])]
    stepper = ModelStepper(models[0] if members == 1 else Ensemble(models).eval())
    for row, among in enumerate(search(stepper, *BATCH[:2], CONFIG, alignments=True)):
        alone = found_alone(stepper, row)
        assert [each.ids for each in among] == [each.ids for each in alone]
        assert [each.score for each in among] == pytest.approx([each.score for each in alone], abs=1e-4)
