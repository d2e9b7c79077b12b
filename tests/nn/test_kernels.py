"""How many compiled kernels are kept."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from seqloom.nn.kernels import CAPACITY, NAMES, bound_kernels

TURNS = """
import torch
import seqloom.nn.kernels
seqloom.nn.kernels.CAPACITY = 1
import seqloom.nn.precision
layer = torch.nn.LSTM(16, 16)
for rows in (8, 12, 8, 12):
    layer(torch.zeros(3, rows, 16))
"""


@pytest.mark.parametrize("name", NAMES)
def test_the_user_s_own_bound_is_kept(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for each in NAMES:
        monkeypatch.delenv(each, raising=False)
    bound_kernels()
    assert os.environ.pop(NAMES[0]) == str(CAPACITY)
    monkeypatch.setenv(name, "7")
    bound_kernels()
    assert {each: os.environ.get(each) for each in NAMES} == {each: "7" if each == name else None for each in NAMES}


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="PyTorch without oneDNN")
@pytest.mark.parametrize(("own", "compiled"), [({}, 4), ({NAMES[1]: "50"}, 2)])
def test_the_library_keeps_to_the_bound(own: dict[str, str], compiled: int) -> None:
    """Where one kernel is kept, two shapes in turns are compiled anew each time."""
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    environment |= {"ONEDNN_VERBOSE": "2", **own}
    done = subprocess.run([sys.executable, "-c", TURNS], check=True, capture_output=True, text=True, env=environment)
    made = [line for line in done.stdout.splitlines() if "create:cache_miss" in line and ",rnn," in line]
    if not made:
        pytest.skip("recurrences are not computed by oneDNN here")
    assert len(made) == compiled
