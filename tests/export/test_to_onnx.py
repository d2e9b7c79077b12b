"""What tracing says to whoever exports."""

from __future__ import annotations

import importlib.util
import logging

import pytest
import torch
from torch import Tensor, nn

from seqloom.export.to_onnx import REGISTRY, traced


class Warns(nn.Module):
    """Doubles, and has something to say where torch has."""

    def forward(self, x: Tensor) -> Tensor:
        logging.getLogger(REGISTRY).warning("something else")
        return 2 * x


@pytest.mark.skipif(importlib.util.find_spec("torchvision") is not None, reason="torchvision is installed")
def test_only_what_is_said_of_torchvision_is_kept_back(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("torch").addHandler(caplog.handler)  # torch lets nothing through to the root
    try:
        traced(Warns(), [torch.ones(2, 3)])
    finally:
        logging.getLogger("torch").removeHandler(caplog.handler)
    assert {record.getMessage() for record in caplog.records if record.name == REGISTRY} == {"something else"}
    assert not logging.getLogger(REGISTRY).filters
