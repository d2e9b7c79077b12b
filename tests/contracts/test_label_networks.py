"""The laws over every pooling: a row is alone, weights are a distribution over real positions, graphs equal PyTorch."""

from __future__ import annotations

import tomllib
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from onnxruntime import InferenceSession

from seqloom.config import build, to_toml
from seqloom.errors import ConfigError
from seqloom.export.labels import label_graph
from seqloom.export.quantise import quantised
from seqloom.label_network import LabelNetwork
from seqloom.model import ModelConfig
from seqloom.nn.label_loss import LabelLoss
from seqloom.nn.poolings import POOLINGS
from seqloom.testing.networks import BASE, RESERVED, SOURCE_SIZE, TARGET_SIZE, Rows, rows

ENCODERS: dict[str, Any] = {
    "lstm": {"cell": "lstm"},
    "gru": {"cell": "gru", "encoder": {"layers": 2, "bidirectional": "first"}},
    "transformer": {"encoder": {"kind": "transformer", "layers": 1, "heads": 2}},
}
CASES = [*product(POOLINGS, ENCODERS, ("label", "labels"))]
ORDER = torch.tensor([2, 0, 1])


def network(pooling: Any, encoder: str = "lstm", answer: str = "label", **settings: Any) -> LabelNetwork:
    """A network that evaluates, with every weight away from its first value."""
    torch.manual_seed(0)
    config = build(ModelConfig, {**BASE, "answer": answer, "pooling": pooling, **ENCODERS[encoder], **settings})
    model = LabelNetwork(config, SOURCE_SIZE, TARGET_SIZE, reserved=RESERVED).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.3)
    return model


def loss(model: LabelNetwork, batch: Rows, smoothing: float = 0.1) -> Any:
    return model.loss(*batch, smoothing)


@pytest.mark.parametrize(("pooling", "encoder", "answer"), CASES)
def test_a_row_is_alone(pooling: str, encoder: str, answer: str) -> None:
    """Law 2: neighbours, order, padding and what lies on it change neither scores, weights, losses nor gradients."""
    model, batch = network(pooling, encoder, answer), rows()
    scores, weights = model(batch.source, batch.lengths)
    other = batch.shuffled(ORDER).widened()
    elsewhere, looked = model(other.source, other.lengths)
    torch.testing.assert_close(elsewhere, scores[ORDER], rtol=1e-4, atol=1e-5)
    for row in range(3):
        alone, own = model(batch.row(row).source, batch.row(row).lengths)
        torch.testing.assert_close(alone[0], scores[row], rtol=1e-4, atol=1e-5)
        if weights is not None:
            torch.testing.assert_close(own[0], weights[row, : batch.lengths[row]], rtol=1e-4, atol=1e-5)
    if weights is not None:
        torch.testing.assert_close(looked[:, : weights.size(1)], weights[ORDER], rtol=1e-4, atol=1e-5)
    together, apart = loss(model, batch.widened()), [loss(model, batch.row(row)) for row in range(3)]
    assert together.tokens == sum(each.tokens for each in apart) == model.predictions(3, 8)
    for name in ("loss", "nll"):
        torch.testing.assert_close(getattr(together, name), sum(getattr(each, name) for each in apart))
    parameters = list(model.parameters())
    one = torch.autograd.grad(together.loss, parameters)
    two = torch.autograd.grad(sum(each.loss for each in apart), parameters)
    for name, first, second in zip(dict(model.named_parameters()), one, two, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.parametrize(("pooling", "encoder"), [*product(POOLINGS, ENCODERS)])
def test_weights_are_a_distribution_over_real_positions(pooling: str, encoder: str) -> None:
    """Law 7."""
    model, batch = network(pooling, encoder), rows().widened()
    _, weights = model(batch.source, batch.lengths)
    assert model.attends == (weights is not None) == (pooling == "attention")
    if weights is not None:
        torch.testing.assert_close(weights.sum(1), torch.ones(3))
        padding = torch.arange(weights.size(1)) >= batch.lengths[:, None]
        assert (weights[padding] == 0).all()
        assert (weights[~padding] > 0).all()


@pytest.mark.parametrize(("pooling", "answer"), [*product(POOLINGS, ("label", "labels"))])
def test_the_gradient_reaches_every_weight(pooling: str, answer: str) -> None:
    model = network(pooling, answer=answer).train()
    model.loss(*rows(), 0.1).loss.backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name


@pytest.mark.parametrize("answer", ["label", "labels"])
def test_r_drop_of_passes_that_are_alike_is_the_plain_loss(answer: str) -> None:
    """Without dropout both passes are the same and nothing diverges; with dropout the divergence is added."""
    model, batch = network("mean", answer=answer), rows()
    plain, dropped = model.loss(*batch, 0.1), model.loss(*batch, 0.1, 5.0)
    assert dropped.tokens == plain.tokens
    torch.testing.assert_close(dropped.loss, plain.loss)
    torch.testing.assert_close(dropped.nll, plain.nll)
    model.train()
    torch.manual_seed(1)
    light = model.loss(*batch, 0.1, 1e-6)
    torch.manual_seed(1)
    assert model.loss(*batch, 0.1, 5.0).loss > light.loss


def test_views_are_put_side_by_side() -> None:
    model = network({"kind": "attention", "views": 3, "size": 4})
    assert model.readout.in_features == 3 * 8
    batch = rows()
    _, weights = model(batch.source, batch.lengths)
    torch.testing.assert_close(weights.sum(1), torch.ones(3))


@pytest.mark.parametrize(
    "settings", [{"decoder": {"layers": 3}}, {"attention": "additive"}, {"share_embeddings": True}]
)
def test_settings_of_a_decoder_are_refused_by_name(settings: dict[str, Any]) -> None:
    (name,) = settings
    with pytest.raises(ConfigError, match=rf"model\.{name} is of networks that write a sequence"):
        build(ModelConfig, {"answer": "label", **settings})
    with pytest.raises(ConfigError, match=r"model\.pooling is of networks that answer with labels"):
        build(ModelConfig, {"answer": "sequence", "pooling": "mean"})


def test_settings_that_mean_nothing_are_not_written() -> None:
    config = build(ModelConfig, {"answer": "label"})
    written = to_toml(config)
    assert "[pooling]" in written
    assert "decoder" not in written
    assert "attention" not in written.replace('kind = "attention"', "")
    assert build(ModelConfig, tomllib.loads(written)) == config


def test_criterion_of_one_row_without_a_known_label_adds_nothing() -> None:
    given = torch.zeros(1, 4, dtype=torch.bool)
    sums = LabelLoss().sums(torch.randn(1, 4), given, 0.1)
    assert float(sums.loss) == float(sums.nll) == 0.0


@pytest.mark.slow
@pytest.mark.usefixtures("unchecked_shapes")
@pytest.mark.parametrize(("pooling", "encoder"), [*product(POOLINGS, ENCODERS)])
def test_a_graph_answers_as_the_network(pooling: str, encoder: str) -> None:
    """Laws 2 and 4, in float32 and with weights of 8 bits."""
    check_graph(pooling, encoder)


@pytest.mark.usefixtures("unchecked_shapes")
def test_a_graph_of_attention_answers_as_the_network() -> None:
    check_graph("attention", "lstm")


def check_graph(pooling: str, encoder: str) -> None:
    model = network(pooling, encoder)
    label_graph(model)  # compares it
    exact = label_graph(model, fused=False)
    session = InferenceSession(quantised(exact).SerializeToString(), providers=["CPUExecutionProvider"])
    batch = rows((9, 1, 4, 6))
    feed = {"source": batch.source.numpy(), "source_lengths": batch.lengths.numpy()}
    together = session.run(["scores"], feed)[0]
    wanted = model(batch.source, batch.lengths)[0].detach().numpy()
    assert np.abs(together - wanted).max() < 0.15
    for row, length in enumerate(batch.lengths.tolist()):
        alone = {"source": feed["source"][row : row + 1, :length], "source_lengths": feed["source_lengths"][[row]]}
        assert np.allclose(session.run(["scores"], alone)[0][0], together[row], atol=1e-5)
