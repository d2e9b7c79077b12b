"""Averages of weights, and lending them to a model."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from seqloom.training.updates.averaging import averaged, ema_update, put, snapshot, using


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def test_the_moving_average_follows_its_recurrence() -> None:
    model = small()
    average, expected = snapshot(model), snapshot(model)["0.weight"]
    for step in range(1, 6):
        with torch.no_grad():
            model[0].weight.add_(step)  # type: ignore[index]
        ema_update(average, model, 0.5, step)
        decay = min(0.5, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * model[0].weight.detach()  # type: ignore[index]
    torch.testing.assert_close(average["0.weight"], expected)
    assert average["1.num_batches_tracked"] == 0


def test_lent_weights_go_back_even_where_the_lending_was_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small()
    own, calls = snapshot(model), []

    def cut_short(model: nn.Module, weights: dict[str, torch.Tensor]) -> None:
        calls.append(1)
        put(model, weights)
        if len(calls) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("seqloom.training.updates.averaging.put", cut_short)
    with pytest.raises(KeyboardInterrupt), using(model, {name: tensor + 1 for name, tensor in own.items()}):
        pass
    assert all(torch.equal(own[name], tensor) for name, tensor in snapshot(model).items())


def test_the_mean_of_several_weights() -> None:
    members = [{"a": torch.tensor([value]), "n": torch.tensor(7)} for value in (1.0, 2.0, 6.0)]
    mean = averaged(members)
    assert mean["a"].item() == 3.0
    assert mean["a"].dtype == torch.float32
    assert mean["n"].item() == 7


def test_lent_weights_are_taken_back_bit_for_bit() -> None:
    model = small()
    own = snapshot(model)
    other = {name: tensor + 1 for name, tensor in own.items()}

    def lend() -> None:
        with using(model, other):
            assert torch.equal(snapshot(model)["0.bias"], other["0.bias"])
            raise RuntimeError("something went wrong")

    with pytest.raises(RuntimeError):
        lend()
    assert all(torch.equal(tensor, own[name]) for name, tensor in snapshot(model).items())
    with using(model, None):
        put(model, other)
    assert torch.equal(snapshot(model)["0.bias"], other["0.bias"])
