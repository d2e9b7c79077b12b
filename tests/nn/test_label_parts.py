"""The losses of labels and the pooling by attention, against torch and against the papers in float64 NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from seqloom.nn.label_loss import LabelLoss, balanced, marked
from seqloom.nn.poolings import build_pooling
from seqloom.nn.poolings.attention import AttentionPoolingConfig

torch.manual_seed(0)
SCORES = torch.randn(6, 5)
LABELS = torch.tensor([0, 3, 1, 1, 4, 2])
GIVEN = F.one_hot(LABELS, 5).bool()
SETS = torch.tensor([[1, 0, 1, 0, 0], [0] * 5, [1] * 5, [0, 0, 0, 1, 0], [0, 1, 1, 0, 0], [1, 0, 0, 0, 1]]).bool()


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_one_label_is_torchs_cross_entropy(smoothing: float, weighted: bool) -> None:
    sums = LabelLoss().sums(SCORES, GIVEN, smoothing)
    torch.testing.assert_close(sums.loss, F.cross_entropy(SCORES, LABELS, reduction="sum", label_smoothing=smoothing))
    torch.testing.assert_close(sums.nll, F.cross_entropy(SCORES, LABELS, reduction="sum"))
    assert sums.tokens == 6
    if weighted:  # torch weighs smoothed classes one by one: compared without smoothing
        weights = torch.tensor([1.0, 2.0, 0.5, 3.0, 1.0])
        found = LabelLoss(weights=weights).sums(SCORES, GIVEN, 0.0)
        torch.testing.assert_close(found.loss, F.cross_entropy(SCORES, LABELS, weights, reduction="sum"))


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_several_labels_are_torchs_binary_cross_entropy(smoothing: float) -> None:
    wanted = SETS.float() * (1 - smoothing) + smoothing / 2
    sums = LabelLoss(several=True).sums(SCORES, SETS, smoothing)
    torch.testing.assert_close(sums.loss, F.binary_cross_entropy_with_logits(SCORES, wanted, reduction="sum"))
    torch.testing.assert_close(sums.nll, F.binary_cross_entropy_with_logits(SCORES, SETS.float(), reduction="sum"))


@pytest.mark.parametrize("focus", [0.5, 2.0])
def test_the_focal_loss_is_the_papers(focus: float) -> None:
    """Lin et al. 2017, eq. 4: -(1 - p_t)^γ log p_t, of one label and, with sigmoids, of several."""
    scores = SCORES.numpy().astype(np.float64)
    shares = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
    right = shares[np.arange(6), LABELS.numpy()]
    one = LabelLoss(focus=focus).sums(SCORES, GIVEN, 0.0)
    assert float(one.loss) == pytest.approx(float(-((1 - right) ** focus * np.log(right)).sum()), rel=1e-5)
    chances = 1 / (1 + np.exp(-scores))
    sure = np.where(SETS.numpy(), chances, 1 - chances)
    several = LabelLoss(several=True, focus=focus).sums(SCORES, SETS, 0.0)
    assert float(several.loss) == pytest.approx(float(-((1 - sure) ** focus * np.log(sure)).sum()), rel=1e-5)
    assert float(several.nll) == pytest.approx(float(-np.log(sure).sum()), rel=1e-5)


def test_the_focal_loss_has_gradients_where_all_is_known() -> None:
    scores = torch.tensor([[60.0, -60.0]], requires_grad=True)
    LabelLoss(focus=0.5).sums(scores, torch.tensor([[True, False]]), 0.0).loss.backward()
    assert scores.grad is not None
    assert scores.grad.isfinite().all()


def test_balanced_weights_count_every_label_alike() -> None:
    counts = torch.tensor([90.0, 9.0, 1.0])
    weights = balanced(counts)
    torch.testing.assert_close(weights * counts, torch.full((3,), 100 / 3))
    assert float((weights * counts).sum() / counts.sum()) == pytest.approx(1)


def test_ids_mark_labels_and_special_ids_mark_nothing() -> None:
    targets, lengths = torch.tensor([[4, 6, 2], [3, 2, 5]]), torch.tensor([3, 2])
    marks = marked(targets, torch.arange(3) < lengths[:, None], 4, 3)
    assert marks.tolist() == [[True, False, True], [False, False, False]]


@pytest.mark.parametrize("views", [1, 3])
def test_attention_pooling_is_the_papers(views: int) -> None:
    """Lin et al. 2017 ("A structured self-attentive sentence embedding"), eqs. 6 and 7, for each row by itself."""
    pooling = build_pooling(AttentionPoolingConfig(size=7, views=views), 4)
    values, lengths = torch.randn(3, 5, 4), torch.tensor([5, 1, 3])
    vector, weights = pooling(values, lengths, None)
    first, second = (weight.detach().numpy().astype(np.float64) for weight in pooling.parameters())
    for row, length in enumerate(lengths.tolist()):
        h = values[row, :length].numpy().astype(np.float64)  # [n, H]
        scores = second @ np.tanh(first @ h.T)  # [r, n]
        a = np.exp(scores) / np.exp(scores).sum(1, keepdims=True)
        np.testing.assert_allclose(vector[row].detach().numpy(), (a @ h).reshape(-1), atol=1e-5)
        assert weights is not None
        np.testing.assert_allclose(weights[row, :length].detach().numpy(), a.mean(0), atol=1e-6)
