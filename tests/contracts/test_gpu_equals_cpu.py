"""On a GPU, where there is one: losses and gradients are those of a processor."""

from __future__ import annotations

import pytest
import torch
from networks import ENCODERS, FAMILIES, Case, Rows, rows

from seqloom.nn.precision import Precision

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here"),
    pytest.mark.usefixtures("unchecked_shapes"),
]
BATCH = rows()


@pytest.mark.parametrize("case", FAMILIES + ENCODERS, ids=lambda case: case.name)
def test_losses_and_gradients_are_those_of_a_processor(case: Case) -> None:
    here, there = case.model(), case.model().to("cuda")
    one = here.loss(*BATCH, 0.1)
    with Precision(torch.float32, "cuda").active():
        other = there.loss(*Rows(*(part.to("cuda") for part in BATCH)), 0.1)
        torch.autograd.backward(other.loss)
    torch.autograd.backward(one.loss)
    torch.testing.assert_close(other.loss.cpu(), one.loss, rtol=1e-4, atol=1e-4)
    wanted = dict(here.named_parameters())
    for name, weight in there.named_parameters():
        if weight.grad is not None:
            assert torch.allclose(weight.grad.cpu(), wanted[name].grad, rtol=1e-3, atol=1e-4), name  # type: ignore[arg-type]
