"""Dropout over sequences."""

from __future__ import annotations

import pytest
import torch

from seqloom.nn.dropout import SequenceDropout


def test_variational_dropout_keeps_one_mask_over_time() -> None:
    torch.manual_seed(0)
    dropped = SequenceDropout(0.5, variational=True)(torch.ones(3, 50, 8))
    assert (dropped == dropped[:, :1]).all()
    assert not torch.equal(dropped[0], dropped[1])
    assert set(dropped.unique().tolist()) == {0.0, 2.0}


def test_plain_dropout_draws_at_every_position() -> None:
    torch.manual_seed(0)
    dropped = SequenceDropout(0.5, variational=False)(torch.ones(3, 50, 8))
    assert not (dropped == dropped[:, :1]).all()


@pytest.mark.parametrize("variational", [True, False])
def test_the_mean_is_kept(variational: bool) -> None:
    torch.manual_seed(0)
    dropped = SequenceDropout(0.3, variational=variational)(torch.ones(400, 3, 50))
    assert dropped.mean().item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("variational", [True, False])
def test_nothing_is_dropped_in_evaluation_or_at_rate_zero(variational: bool) -> None:
    x = torch.randn(2, 3, 4)
    assert SequenceDropout(0.5, variational=variational).eval()(x) is x
    assert SequenceDropout(0.0, variational=variational)(x) is x
