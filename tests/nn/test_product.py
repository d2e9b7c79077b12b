"""The tape's gradients are those of plain autograd."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from seqloom.nn.product import Product, WeightTape, direct, step_product

Walk = Callable[[Product, list[Tensor]], Tensor]


def leaves() -> list[Tensor]:
    """An input [3, 4], a weight [6, 4], a bias [6], a recurrent weight [4, 6], a bias [4]."""
    torch.manual_seed(0)
    return [torch.randn(shape).requires_grad_() for shape in ((3, 4), (6, 4), (6,), (4, 6), (4,))]


def plain_walk(product: Product, parts: list[Tensor]) -> Tensor:
    x, w, b, u, c = parts
    for _ in range(4):
        x = torch.tanh(product(torch.tanh(product(x, w, b)), u, c))
    return x.square().sum()


def sliced_walk(product: Product, parts: list[Tensor]) -> Tensor:
    """Columns of one weight, cut anew at each step."""
    x, w, b, u, _ = parts
    for _ in range(3):
        first, second = product(x[:, :1], w[:, :1], None), product(x[:, 1:], w[:, 1:], None)
        x = torch.tanh(product(first + second + b, u, None))
    return x.sum()


def shared_walk(product: Product, parts: list[Tensor]) -> Tensor:
    """The same weight with one bias, another bias and none, and rows of it, on inputs of two and three axes."""
    x, w, b, u, c = parts
    y = product(x, w, b) + product(x * 2, w, None) + product(x[:, None], w, b * 3)[:, 0]
    return (product(y, u, c).square() + product(x[None], w[:4], None)[0]).sum()


def dead_end_walk(product: Product, parts: list[Tensor]) -> Tensor:
    """Some steps' results are not used, and some used twice."""
    x, w, b, u, c = parts
    y = product(x, w, b)
    product(y, u, c)
    z = product(torch.relu(y), u, c)
    return (z * z).sum() + y.sum()


WALKS = [plain_walk, sliced_walk, shared_walk, dead_end_walk]


@pytest.mark.parametrize("walk", WALKS)
def test_gradients_are_those_of_autograd(walk: Walk) -> None:
    parts = leaves()
    plain, taped = walk(direct, parts), walk(WeightTape(), parts)
    torch.testing.assert_close(taped, plain)
    wanted = torch.autograd.grad(plain, parts, materialize_grads=True)
    for mine, other in zip(torch.autograd.grad(taped, parts, materialize_grads=True), wanted, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("walk", WALKS)
def test_gradients_in_bfloat16_are_close_and_of_the_weights_type(walk: Walk) -> None:
    parts = leaves()
    wanted = torch.autograd.grad(walk(direct, parts), parts, materialize_grads=True)
    with torch.autocast("cpu", torch.bfloat16):
        taped = walk(WeightTape(), parts)
    for mine, other in zip(torch.autograd.grad(taped, parts, materialize_grads=True), wanted, strict=True):
        assert mine.dtype == torch.float32
        assert (mine - other).norm() < 0.1 * other.norm() + 1e-3


def test_tapes_of_nested_and_consecutive_walks_keep_apart() -> None:
    parts = leaves()

    def twice(make: Callable[[], Product]) -> Tensor:
        first = plain_walk(make(), parts)
        outer = make()
        y = outer(parts[0], parts[1], parts[2])
        inner = plain_walk(make(), [y[:, :4], *parts[1:]])
        return first + inner + outer(y, parts[3], parts[4]).sum()

    wanted = torch.autograd.grad(twice(lambda: direct), parts)
    for mine, other in zip(torch.autograd.grad(twice(WeightTape), parts), wanted, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)


def test_gradients_accumulate_over_backward_passes() -> None:
    parts = leaves()
    for _ in range(2):
        plain_walk(WeightTape(), parts).backward()
    found = [part.grad for part in parts]
    wanted = torch.autograd.grad(2 * plain_walk(direct, parts), parts)
    for mine, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)


def test_a_kept_graph_may_be_walked_back_twice() -> None:
    parts = leaves()
    taped = plain_walk(WeightTape(), parts)
    first = torch.autograd.grad(taped, parts, retain_graph=True)
    for mine, other in zip(torch.autograd.grad(taped, parts), first, strict=True):
        torch.testing.assert_close(mine, other)


def test_frozen_weights_get_none() -> None:
    parts = leaves()
    frozen = parts[1].detach()
    taped = plain_walk(WeightTape(), [parts[0], frozen, *parts[2:]])
    plain = plain_walk(direct, [parts[0], frozen, *parts[2:]])
    free = [parts[0], parts[3], parts[4], parts[2]]
    for mine, other in zip(torch.autograd.grad(taped, free), torch.autograd.grad(plain, free), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-5)


def test_the_tape_is_taken_only_where_gradients_are_wanted() -> None:
    assert isinstance(step_product(), WeightTape)
    with torch.no_grad():
        assert step_product() is direct
    x, w, b, *_ = leaves()
    assert torch.equal(WeightTape()(x, w, b), F.linear(x, w, b))
