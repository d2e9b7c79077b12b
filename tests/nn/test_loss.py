"""The blockwise loss against torch's."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from seqloom.nn import loss as module
from seqloom.nn.loss import cross_entropy

ROWS = module.ROWS["cpu"]
Leaves = tuple[Tensor, Tensor, Tensor]


def problem(rows: int, width: int = 5, vocabulary: int = 7) -> tuple[Leaves, Tensor]:
    torch.manual_seed(0)
    shapes = ((rows, width), (vocabulary, width), (vocabulary,))
    features, weight, bias = (torch.randn(shape).requires_grad_() for shape in shapes)
    return (features, weight, bias), torch.randint(0, vocabulary, (rows,))


def theirs(leaves: Leaves, targets: Tensor, smoothing: float) -> Tensor:
    logits = F.linear(leaves[0], leaves[1], leaves[2])
    return F.cross_entropy(logits, targets, reduction="sum", label_smoothing=smoothing)


@pytest.mark.parametrize("rows", [0, 1, 5, ROWS, ROWS + 1, 2 * ROWS + 3])
@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_values_and_gradients_are_those_of_torch(rows: int, smoothing: float) -> None:
    leaves, targets = problem(rows)
    loss, nll = cross_entropy(*leaves, targets, smoothing)
    wanted = theirs(leaves, targets, smoothing)
    torch.testing.assert_close(loss, wanted, rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(nll, theirs(leaves, targets, 0.0).detach(), rtol=1e-5, atol=1e-4)
    found = torch.autograd.grad(3 * loss, leaves)
    for mine, other in zip(found, torch.autograd.grad(3 * wanted, leaves), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=2e-4)


def test_the_plain_likelihood_carries_no_gradient() -> None:
    leaves, targets = problem(5)
    loss, nll = cross_entropy(*leaves, targets, 0.1)
    assert loss.requires_grad
    assert not nll.requires_grad


def test_evaluation_makes_no_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    blocks = module._blocks

    def watched(*arguments: object) -> object:
        asked.append(bool(arguments[-1]))
        return blocks(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_blocks", watched)
    leaves, targets = problem(5)
    with torch.no_grad():
        quiet, _ = cross_entropy(*leaves, targets, 0.1)
    loud, _ = cross_entropy(*leaves, targets, 0.1)
    assert asked == [False, True]
    assert torch.equal(quiet, loud.detach())


def test_some_weights_may_be_frozen() -> None:
    leaves, targets = problem(5)
    for frozen in range(3):
        h, w, b = (leaf.detach() if index == frozen else leaf for index, leaf in enumerate(leaves))
        parts = h, w, b
        free = [leaf for index, leaf in enumerate(leaves) if index != frozen]
        found = torch.autograd.grad(cross_entropy(*parts, targets, 0.1)[0], free)
        for mine, other in zip(found, torch.autograd.grad(theirs(parts, targets, 0.1), free), strict=True):
            torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


def test_a_second_backward_pass_is_refused_rather_than_wrong() -> None:
    leaves, targets = problem(5)
    loss, _ = cross_entropy(*leaves, targets, 0.1)
    (2 * loss).backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        (2 * loss).backward()


def test_far_logits_do_not_overflow() -> None:
    leaves, targets = problem(5)
    with torch.no_grad():
        leaves[1].mul_(1e4)
    loss, _ = cross_entropy(*leaves, targets, 0.0)
    assert loss.isfinite()
    assert all(gradient.isfinite().all() for gradient in torch.autograd.grad(loss, leaves))


@pytest.mark.parametrize("rows", [3, ROWS + 5])
def test_bfloat16_products_keep_float32_sums(rows: int) -> None:
    leaves, targets = problem(rows, width=32)
    wanted = theirs(leaves, targets, 0.1)
    with torch.autocast("cpu", torch.bfloat16):
        loss, nll = cross_entropy(*leaves, targets, 0.1)
    assert loss.dtype == nll.dtype == torch.float32
    assert loss.item() == pytest.approx(wanted.item(), rel=0.01)
    for mine, other in zip(torch.autograd.grad(loss, leaves), torch.autograd.grad(wanted, leaves), strict=True):
        assert mine.dtype == torch.float32
        assert (mine - other).norm() < 0.02 * other.norm()


def test_a_tied_weight_gathers_both_gradients() -> None:
    leaves, targets = problem(5)
    weight = leaves[1]

    def both(fused: bool) -> Tensor:
        features = F.embedding(targets, weight) * 2
        parts = features, weight, leaves[2]
        loss = cross_entropy(*parts, targets, 0.1)[0] if fused else theirs(parts, targets, 0.1)
        return torch.autograd.grad(loss, weight)[0]

    torch.testing.assert_close(both(True), both(False), rtol=1e-4, atol=1e-4)


def test_products_have_few_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vocabulary is compared with blocks of a few sizes, however many tokens a batch has."""
    seen: list[int] = []
    product = F.linear

    def watched(x: Tensor, *rest: Tensor) -> Tensor:
        seen.append(len(x))
        return product(x, *rest)

    monkeypatch.setattr(F, "linear", watched)
    for rows in range(1, 3 * ROWS, 7):
        leaves, targets = problem(rows)
        cross_entropy(*leaves, targets, 0.1)
    assert set(seen) == {32, 64, 96, 128}
