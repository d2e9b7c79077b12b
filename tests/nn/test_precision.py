"""A chosen precision runs, says what it is, and leaves the world as it found it."""

from __future__ import annotations

from contextlib import suppress
from typing import get_args

import pytest
import torch

from seqloom.nn.precision import FLOAT32_ERROR, Precision, Wanted, choose_precision

WANTED: list[Wanted] = list(get_args(Wanted))


@pytest.mark.parametrize("wanted", WANTED)
def test_what_is_chosen_runs(wanted: Wanted) -> None:
    precision = choose_precision(wanted, "cpu")
    x, w = torch.randn(16, 32), torch.randn(8, 32).requires_grad_()
    with precision.active():
        y = torch.nn.functional.linear(x, w)
    assert y.dtype == precision.dtype
    y.float().sum().backward()
    name = {torch.float32: "float32", torch.bfloat16: "bfloat16"}[precision.dtype]
    assert precision.describe().startswith(name)
    assert "cpu" in precision.describe()


def test_float32_asked_means_float32() -> None:
    precision = choose_precision("float32", "cpu")
    assert precision.dtype == torch.float32
    x, w = torch.randn(300, 700), torch.randn(900, 700)
    with precision.active():
        found = torch.nn.functional.linear(x, w)
    exact = x.double() @ w.double().t()
    assert (found - exact).abs().max() / exact.abs().max() < FLOAT32_ERROR


def test_bfloat16_asked_means_bfloat16() -> None:
    assert choose_precision("bfloat16", "cpu").dtype == torch.bfloat16


@pytest.mark.parametrize("before", ["highest", "high", "medium"])
@pytest.mark.parametrize("onednn", [True, False])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_global_state_is_restored_even_after_an_error(before: str, onednn: bool, dtype: torch.dtype) -> None:
    kept = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(before)
    try:
        with suppress(KeyError), Precision(dtype, "cpu", onednn=onednn).active():
            assert torch.get_float32_matmul_precision() == ("medium" if onednn else "highest")
            assert torch.is_autocast_enabled("cpu") == (dtype == torch.bfloat16)
            raise KeyError
        assert torch.get_float32_matmul_precision() == before
        assert not torch.is_autocast_enabled("cpu")
        choose_precision("auto", "cpu")
        assert torch.get_float32_matmul_precision() == before
    finally:
        torch.set_float32_matmul_precision(kept)


def test_the_choice_is_made_once() -> None:
    assert choose_precision("auto", "cpu") == choose_precision("auto", "cpu")


def test_other_devices_get_float32() -> None:
    assert choose_precision("auto", "mps") == Precision(torch.float32, "mps")
    assert choose_precision("bfloat16", "cuda:0").dtype == torch.bfloat16
    assert choose_precision("float32", "cuda").dtype == torch.float32


@pytest.mark.parametrize("before", [False, True])
def test_the_smallest_numbers_are_zero_inside_only(before: bool) -> None:
    if not torch.set_flush_denormal(before):
        pytest.skip("this processor cannot flush denormals")
    tiny = torch.tensor(1e-39)
    try:
        with suppress(KeyError), choose_precision("float32", "cpu").active():
            assert float(tiny * 1.0) == 0
            raise KeyError
        assert (float(tiny * 1.0) == 0) is before
    finally:
        torch.set_flush_denormal(False)
