"""Dropout over sequences, and of whole tokens."""

from __future__ import annotations

import pytest
import torch

from seqloom.nn.dropout import SequenceDropout, WordDropout
from seqloom.testing.networks import network, rows
from seqloom.text.special import PAD, UNK


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


def test_word_dropout_replaces_the_chosen_share_and_spares_what_is_reserved() -> None:
    torch.manual_seed(0)
    ids = torch.randint(0, 20, (200, 50))
    dropped = WordDropout(0.3, reserved=6)(ids)
    free = ids >= 6
    assert torch.equal(dropped[~free], ids[~free])
    assert (dropped[free] == UNK).float().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(dropped[dropped != UNK], ids[dropped != UNK])


def test_word_dropout_acts_in_training_only() -> None:
    ids = torch.randint(0, 20, (3, 5))
    assert WordDropout(0.5, reserved=4).eval()(ids) is ids
    assert WordDropout(0.0, reserved=4)(ids) is ids


@pytest.mark.parametrize("side", ["source", "target"])
def test_each_side_has_its_own_rate_and_what_is_to_be_written_stays(side: str) -> None:
    """Nearly everything dropped, a side says no more than a row of unknown symbols; marks and padding stay."""
    still = {"dropout": 0.0, "embedding_dropout": 0.0}
    model, batch = network({**still, f"{side}_word_dropout": 1 - 1e-7}).train(), rows()
    name = {"source": "source", "target": "target_in"}[side]
    ids = getattr(batch, name)
    reserved = getattr(model, f"{side}_word_dropout").reserved
    unknown = batch._replace(**{name: torch.where(ids >= reserved, UNK, ids)})
    plain = network(still)
    torch.testing.assert_close(model.loss(*batch).nll, plain.loss(*unknown).nll)
    assert not torch.allclose(model.loss(*batch).nll, plain.loss(*batch).nll)
    torch.testing.assert_close(model.eval().loss(*batch).nll, plain.loss(*batch).nll)
    assert (ids == PAD).any()
