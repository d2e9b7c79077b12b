"""R-Drop: the blockwise loss against equations 1-4 of Liang et al. 2021 in float64, and through the network."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from seqloom.nn import loss as module
from seqloom.nn.loss import cross_entropy
from seqloom.nn.r_drop import r_drop
from seqloom.testing.networks import network, rows

ROWS = module.ROWS["cpu"] // 2
Leaves = tuple[Tensor, Tensor, Tensor]


def problem(count: int, width: int = 5, vocabulary: int = 7, seed: int = 0) -> tuple[Leaves, Tensor]:
    torch.manual_seed(seed)
    shapes = ((2, count, width), (vocabulary, width), (vocabulary,))
    features, weight, bias = (torch.randn(shape).requires_grad_() for shape in shapes)
    return (features, weight, bias), torch.randint(0, vocabulary, (count,))


def paper(leaves: Leaves, targets: Tensor, smoothing: float, alpha: float) -> Tensor:
    """Half of equation 4."""
    features, weight, bias = (leaf.double() for leaf in leaves)
    first, second = F.linear(features, weight, bias)
    likelihood = sum(
        (F.cross_entropy(each, targets, reduction="sum", label_smoothing=smoothing) for each in (first, second)),
        torch.zeros((), dtype=torch.float64),
    )
    p, q = (torch.distributions.Categorical(logits=each, validate_args=False) for each in (first, second))
    divergence = torch.distributions.kl_divergence(p, q) + torch.distributions.kl_divergence(q, p)
    return (likelihood + alpha * divergence.sum() / 2) / 2


@pytest.mark.parametrize("count", [0, 1, 5, ROWS, ROWS + 1, 2 * ROWS + 3])
@pytest.mark.parametrize(("smoothing", "alpha"), [(0.0, 1.0), (0.1, 5.0)])
def test_values_and_gradients_are_those_of_the_paper(count: int, smoothing: float, alpha: float) -> None:
    leaves, targets = problem(count)
    loss, nll = r_drop(*leaves, targets, smoothing, alpha)
    wanted = paper(leaves, targets, smoothing, alpha)
    torch.testing.assert_close(loss.double(), wanted, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(nll.double(), paper(leaves, targets, 0.0, 0.0).detach(), rtol=1e-5, atol=1e-4)
    found = torch.autograd.grad(3 * loss, leaves)
    for mine, other in zip(found, torch.autograd.grad(3 * wanted, leaves), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=5e-4)


@given(st.integers(0, 200), st.sampled_from([0.0, 0.1]), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_equal_passes_leave_the_plain_loss(count: int, smoothing: float, seed: int) -> None:
    (features, weight, bias), targets = problem(count, seed=seed)
    half = features[0].detach()
    loss, nll = r_drop(torch.stack([half, half]), weight, bias, targets, smoothing, 5.0)
    plain, likelihood = cross_entropy(half, weight, bias, targets, smoothing)
    torch.testing.assert_close(loss, plain, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(nll, likelihood, rtol=1e-5, atol=1e-4)


@given(st.lists(st.integers(0, 90), min_size=1, max_size=4), st.integers(0, 99))
@settings(max_examples=15, deadline=None)
def test_laws_2_and_6_the_loss_of_a_batch_is_the_sum_of_its_parts(cuts: list[int], seed: int) -> None:
    """Batches may be cut, accumulated and spread over processes."""
    (features, weight, bias), targets = problem(90, seed=seed)
    whole = torch.stack(r_drop(features, weight, bias, targets, 0.1, 5.0))
    parts = [
        torch.stack(r_drop(features[:, first:last], weight, bias, targets[first:last], 0.1, 5.0))
        for first, last in pairwise([0, *sorted(cuts), 90])
    ]
    torch.testing.assert_close(torch.stack(parts).sum(0), whole, rtol=1e-4, atol=1e-3)


def test_far_logits_do_not_overflow() -> None:
    leaves, targets = problem(5)
    with torch.no_grad():
        leaves[1].mul_(1e3)
    loss, _ = r_drop(*leaves, targets, 0.0, 5.0)
    assert loss.isfinite()
    assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(loss, leaves))


@pytest.mark.parametrize("count", [3, ROWS + 5])
def test_bfloat16_products_keep_float32_sums(count: int) -> None:
    leaves, targets = problem(count, width=32)
    wanted = paper(leaves, targets, 0.1, 5.0)
    with torch.autocast("cpu", torch.bfloat16):
        loss, nll = r_drop(*leaves, targets, 0.1, 5.0)
    assert loss.dtype == nll.dtype == torch.float32
    assert loss.item() == pytest.approx(wanted.item(), rel=0.02)
    for mine, other in zip(torch.autograd.grad(loss, leaves), torch.autograd.grad(wanted, leaves), strict=True):
        assert mine.dtype == torch.float32
        assert (mine - other).norm() < 0.04 * other.norm()


@pytest.mark.parametrize("attend", ["between", "before", "feed", "none"])
def test_a_network_with_dropout_pays_for_disagreement(attend: str) -> None:
    model, batch = network({"decoder": {"attend": attend}}), rows()
    quiet, plain = model.loss(*batch, 0.1, 5.0), model.loss(*batch, 0.1)
    torch.testing.assert_close(quiet.loss, plain.loss, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(quiet.nll, plain.nll, rtol=1e-5, atol=1e-5)
    assert quiet.tokens == plain.tokens
    model.train()
    torch.manual_seed(1)
    loud = model.loss(*batch, 0.0, 5.0)
    assert loud.loss > loud.nll
    torch.manual_seed(1)
    torch.testing.assert_close(model.loss(*batch, 0.0, 1e-9).loss, loud.nll)
