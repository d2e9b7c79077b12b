"""Normalisers against exact solvers, and their gradients against differences."""

from __future__ import annotations

import numpy as np
import papers
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck

from seqloom.nn.attention.normalise import NORMALISERS

SCORES = st.lists(st.floats(-30, 30, width=32), min_size=1, max_size=12)


@pytest.mark.parametrize("name", NORMALISERS)
@settings(deadline=None, max_examples=150, derandomize=True)
@given(scores=SCORES, padding=st.integers(0, 40))
def test_weights_are_those_of_the_exact_solver(name: str, scores: list[float], padding: int) -> None:
    wanted = papers.NORMALISERS[name](np.array(scores))
    padded = torch.tensor(scores + [-float("inf")] * padding)
    found = NORMALISERS[name](padded)
    np.testing.assert_allclose(found[: len(scores)], wanted, atol=5e-6)
    assert (found[len(scores) :] == 0).all()
    exact = NORMALISERS[name](padded.double())
    np.testing.assert_allclose(exact[: len(scores)], wanted, atol=1e-8)


@pytest.mark.parametrize("name", NORMALISERS)
def test_gradients_are_the_differences(name: str) -> None:
    torch.manual_seed(0)
    scores = torch.randn(6, 7, dtype=torch.float64) * 2
    scores[1, 3:] = -torch.inf
    scores[2, 1:] = -torch.inf
    real = scores.isfinite()

    def weights(free: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = NORMALISERS[name](scores.masked_scatter(real, free))
        return found

    assert gradcheck(weights, (scores[real].clone().requires_grad_(),), eps=1e-6, atol=1e-5)


@pytest.mark.parametrize("name", NORMALISERS)
@pytest.mark.parametrize("scores", [[3.0, 3.0, 3.0], [0.0, 1.0], [1e4, -1e4, 0.0], [5.0], [2.0, 2.0, -9.0]])
def test_ties_and_far_scores_have_weights_and_gradients(name: str, scores: list[float]) -> None:
    leaf = torch.tensor(scores, requires_grad=True)
    weights = NORMALISERS[name](leaf)
    assert weights.sum().item() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(weights.detach(), papers.NORMALISERS[name](np.array(scores)), atol=1e-5)
    (gradient,) = torch.autograd.grad((weights * torch.arange(len(scores))).sum(), leaf)
    assert gradient.isfinite().all()
    assert gradient.sum().item() == pytest.approx(0, abs=1e-5)


def test_sparse_maps_give_exact_zeros_and_softmax_never_does() -> None:
    scores = torch.tensor([2.0, 1.9, -1.0])
    assert NORMALISERS["sparsemax"](scores)[2] == 0
    assert NORMALISERS["entmax15"](scores)[2] == 0
    assert NORMALISERS["softmax"](scores)[2] > 0


@pytest.mark.parametrize("name", NORMALISERS)
def test_a_long_padding_changes_nothing(name: str) -> None:
    torch.manual_seed(1)
    scores = torch.randn(4, 30)
    padded = torch.cat([scores, torch.full((4, 3000), -torch.inf)], 1)
    torch.testing.assert_close(NORMALISERS[name](padded)[:, :30], NORMALISERS[name](scores), rtol=1e-6, atol=1e-7)
