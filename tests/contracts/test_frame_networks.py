"""The laws over frames: every pooling with every tagger; a row is alone, gradients reach all, graphs agree."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from onnxruntime import InferenceSession
from test_tag_networks import ENCODERS, ORDER, rows

from seqloom.config import build
from seqloom.errors import ConfigError
from seqloom.export.quantise import quantised
from seqloom.export.tags import OF_FRAMES, marked_sources, tag_graph
from seqloom.frame_network import FrameNetwork
from seqloom.model import ModelConfig
from seqloom.nn.poolings import POOLINGS
from seqloom.nn.taggers import TAGGERS
from seqloom.testing.networks import BASE, RESERVED, SOURCE_SIZE, TARGET_SIZE, Rows

LABELS = 3
CASES = [each for each in product(POOLINGS, ENCODERS, TAGGERS) if each[:2] != ("last", "transformer")]


def frames() -> Rows:
    """The rows of tags, each with the id of a label before its tags."""
    batch = rows()
    labels = torch.arange(LABELS)[:, None] + TARGET_SIZE
    target = torch.cat([labels, batch.target_in], 1)
    return Rows(batch.source, batch.lengths, target, target, batch.target_lengths + 1)


def network(pooling: str = "attention", encoder: str = "lstm", tagger: str = "crf", **settings: Any) -> FrameNetwork:
    """A network that evaluates, with every weight away from its first value."""
    torch.manual_seed(0)
    parts = {"answer": "frame", "pooling": pooling, "tagger": tagger, **ENCODERS[encoder]}
    config = build(ModelConfig, {**BASE, **parts, **settings})
    model = FrameNetwork(config, SOURCE_SIZE, TARGET_SIZE + LABELS, labels=LABELS, reserved=RESERVED).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.3)
    return model


@pytest.mark.parametrize(("pooling", "encoder", "tagger"), CASES)
def test_a_row_is_alone(pooling: str, encoder: str, tagger: str) -> None:
    """Law 2: neighbours, order, padding and what lies on it change neither scores, losses nor gradients."""
    model, batch = network(pooling, encoder, tagger), frames()
    found = model.scores(batch.source, batch.lengths, 4)
    other = batch.shuffled(ORDER).widened()
    elsewhere = model.scores(other.source, other.lengths, 6)
    for row in range(3):
        place, count = ORDER.tolist().index(row), int(found.words[row])
        alone = model.scores(batch.row(row).source, batch.row(row).lengths, count)
        for scores in (found.tags[row, :count], elsewhere.tags[place, :count]):
            torch.testing.assert_close(alone.tags[0], scores, rtol=1e-4, atol=1e-5)
        for labels in (found.labels[row], elsewhere.labels[place]):
            torch.testing.assert_close(alone.labels[0], labels, rtol=1e-4, atol=1e-5)
    together, apart = model.loss(*batch.widened(), 0.1), [model.loss(*batch.row(row), 0.1) for row in range(3)]
    assert together.tokens == sum(each.tokens for each in apart) == model.predictions(3, 13) == 10
    for name in ("loss", "nll"):
        torch.testing.assert_close(getattr(together, name), torch.stack([getattr(each, name) for each in apart]).sum())
    parameters = list(model.parameters())
    one = torch.autograd.grad(together.loss, parameters)
    two = torch.autograd.grad(torch.stack([each.loss for each in apart]).sum(), parameters)
    for name, first, second in zip(dict(model.named_parameters()), one, two, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize("tagger", TAGGERS)
def test_the_loss_is_that_of_both_parts(tagger: str) -> None:
    """λ weighs the label in the loss, and not in the negative log-likelihood, which is that of the whole frame."""
    batch = frames()
    light, heavy = (network(tagger=tagger, label_weight=weight).loss(*batch, 0.0) for weight in (1.0, 3.0))
    model = network(tagger=tagger)
    found = model.scores(batch.source, batch.lengths, 5)
    labels = -torch.log_softmax(found.labels, 1).diagonal().sum()
    tags = model.tag_loss(found.tags, batch.target_out[:, 1:], batch.target_lengths - 1, 0.0).nll
    torch.testing.assert_close(light.loss, labels + tags)
    torch.testing.assert_close(heavy.loss, 3 * labels + tags)
    torch.testing.assert_close(light.nll, heavy.nll)
    torch.testing.assert_close(light.nll, light.loss)


@pytest.mark.parametrize(("pooling", "tagger"), [*product(POOLINGS, TAGGERS)])
def test_the_gradient_reaches_every_weight(pooling: str, tagger: str) -> None:
    model = network(pooling, tagger=tagger).train()
    model.loss(*frames(), 0.1).loss.backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.abs().sum() > 0, name


def test_an_unknown_label_has_no_part_in_the_loss() -> None:
    batch, model = frames(), network()
    unknown = batch.target_out.clone()
    unknown[0, 0] = 3
    known = model.loss(*batch).nll - model.loss(batch.source, batch.lengths, unknown, unknown, batch.target_lengths).nll
    found = model.scores(batch.source, batch.lengths, 4).labels
    torch.testing.assert_close(known, -torch.log_softmax(found, 1)[0, 0])


def test_settings_of_other_answers_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"model\.decoder is of networks that write a sequence"):
        build(ModelConfig, {"answer": "frame", "decoder": {"layers": 3}})
    for answer in ("tags", "label", "sequence"):
        with pytest.raises(ConfigError, match=r"model\.label_weight is of networks that answer with frames"):
            build(ModelConfig, {"answer": answer, "label_weight": 2.0})
    for weight in (0.0, -1.0, float("inf")):
        with pytest.raises(ConfigError, match="label_weight"):
            build(ModelConfig, {"answer": "frame", "label_weight": weight})


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize(("pooling", "encoder", "tagger"), CASES)
def test_a_graph_answers_as_the_network(pooling: str, encoder: str, tagger: str) -> None:
    """Laws 2 and 4, in float32 and with weights of 8 bits."""
    model = network(pooling, encoder, tagger)
    tag_graph(model)  # compares it
    exact = tag_graph(model, fused=False)
    session = InferenceSession(quantised(exact).SerializeToString(), providers=["CPUExecutionProvider"])
    source, lengths = marked_sources(SOURCE_SIZE, (6, 1, 3))
    feed = {"source": source.numpy(), "source_lengths": lengths.numpy()}
    tags, shares, _, labels = session.run(list(OF_FRAMES), feed)
    found = model.scores(source, lengths, 6)
    wanted = torch.softmax(found.labels, 1).detach().numpy()
    assert np.abs(np.exp(labels) / np.exp(labels).sum(1, keepdims=True) - wanted).max() < 0.1
    for row, count in enumerate(found.words.tolist()):
        alone = {"source": feed["source"][[row], : lengths[row]], "source_lengths": feed["source_lengths"][[row]]}
        own, sure, _, label = session.run(list(OF_FRAMES), alone)
        assert own[0].tolist() == tags[row, :count].tolist()
        assert np.allclose(sure[0], shares[row, :count], atol=1e-5)
        assert np.allclose(label[0], labels[row], atol=1e-5)
