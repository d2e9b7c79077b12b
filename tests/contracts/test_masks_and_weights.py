"""Law 7 (a mask is True on real tokens) and what must hold of every network: weights, gradients, dropout."""

from __future__ import annotations

import pytest
import torch
from networks import BASE, DECODER_CASES, ENCODERS, FAMILIES, TRANSFORMERS, Case, rows

from seqloom.config import build
from seqloom.model import ModelConfig, Seq2Seq, parameter_count
from seqloom.nn.attention import ATTENTIONS, build_attention
from seqloom.nn.attention.normalise import NORMALISERS
from seqloom.nn.shapes import length_mask
from seqloom.nn.tree import leaves
from seqloom.testing import the_gradient_reaches_every_weight, weights_are_a_distribution

pytestmark = pytest.mark.usefixtures("unchecked_shapes")  # test_sequence_is_steps.py has the checks on
BATCH = rows()


@pytest.mark.parametrize("case", FAMILIES + TRANSFORMERS, ids=lambda case: case.name)
def test_weights_are_a_distribution_over_real_tokens(case: Case) -> None:
    weights_are_a_distribution(case.model(), case.name)


@pytest.mark.parametrize("kind", ATTENTIONS)
@pytest.mark.parametrize("heads", [1, 2, 4])
@pytest.mark.parametrize("normaliser", NORMALISERS)
def test_every_attention_takes_every_normaliser(kind: str, heads: int, normaliser: str) -> None:
    config = ATTENTIONS[kind][0].model_validate({"kind": kind, "heads": heads, "normaliser": normaliser})
    torch.manual_seed(0)
    attention = build_attention(config, 8, 8)
    lengths = torch.tensor([4, 1])
    values = torch.randn(2, 6, 8)
    query = torch.randn(2, 3, 8, requires_grad=True)
    memory = attention.prepare(values, length_mask(lengths, 6))
    start = attention.start(memory)
    context, weights, state = attention(query, memory, start)
    assert (context.shape, weights.shape) == ((2, 3, 8), (2, 3, 6))
    assert [leaf.shape for leaf in leaves(state)] == [leaf.shape for leaf in leaves(start)]
    assert (state != ()) == attention.stateful
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3))
    assert (weights[0, :, 4:] == 0).all()
    torch.testing.assert_close(weights[1, :, 0], torch.ones(3))
    # what lies on padding is never seen, however large
    littered = torch.where(length_mask(lengths, 6)[:, :, None], values, 1e6)
    elsewhere = attention.prepare(littered, memory.mask)
    again = attention(query, elsewhere, attention.start(elsewhere))[0]
    torch.testing.assert_close(again, context)
    assert torch.autograd.grad(context.square().sum(), query)[0].isfinite().all()


@pytest.mark.parametrize("case", FAMILIES + ENCODERS + DECODER_CASES, ids=lambda case: case.name)
def test_the_gradient_reaches_every_weight(case: Case) -> None:
    settings = case.settings
    chosen = settings.get("attention")
    if chosen and chosen["normaliser"] != "softmax":  # a sparse map may truly give no gradient
        settings = {**settings, "attention": {**chosen, "normaliser": "softmax"}}
    the_gradient_reaches_every_weight(Case(case.name, settings).model(), case.name)


@pytest.mark.parametrize("case", FAMILIES[::7] + ENCODERS[::5], ids=lambda case: case.name)
@torch.no_grad()
def test_dropout_acts_in_training_only(case: Case) -> None:
    model = case.model()
    assert torch.equal(model(*BATCH[:3])[0], model(*BATCH[:3])[0])
    model.train()
    assert not torch.equal(model(*BATCH[:3])[0], model(*BATCH[:3])[0])


@pytest.mark.parametrize("attend", ["between", "feed", "before", "after"])
@torch.no_grad()
def test_without_dropout_training_computes_what_evaluation_does(attend: str) -> None:
    torch.manual_seed(0)
    settings = {**BASE, "dropout": 0.0, "embedding_dropout": 0.0, "decoder": {"attend": attend}}
    model = Seq2Seq(build(ModelConfig, settings), 13, 11)
    training = model.train()(*BATCH[:3])[0]
    assert torch.equal(model.eval()(*BATCH[:3])[0], training)


def test_shared_weights_are_counted_once() -> None:
    settings = {**BASE, "share_embeddings": True, "decoder": {"readout": {"kind": "tied"}}}
    apart = Seq2Seq(build(ModelConfig, BASE), 13, 13)
    shared = Seq2Seq(build(ModelConfig, settings), 13, 13)
    assert parameter_count(apart) - parameter_count(shared) == 2 * 13 * 6
    assert shared.source_embedding.weight is shared.decoder.embedding.weight is shared.output.symbol_weights()[0]


def test_sharing_needs_one_vocabulary() -> None:
    with pytest.raises(ValueError, match="not sizes 13 and 11"):
        Seq2Seq(build(ModelConfig, {**BASE, "share_embeddings": True}), 13, 11)
