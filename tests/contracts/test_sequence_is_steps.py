"""Law 1: running a whole sequence at once equals unrolling `step`, in values and in gradients."""

from __future__ import annotations

import pytest
import torch
from networks import DECODER_CASES, FAMILIES, TRANSFORMERS, Case, gradients, rows, unrolled

from processor import needs_bfloat16_layers
from seqloom.nn.cells import CELLS, build_cell
from seqloom.testing import a_sequence_is_its_steps, cell_sequence_is_its_steps


@pytest.mark.usefixtures("unchecked_shapes")  # the tests below walk the same code with the checks on
@pytest.mark.parametrize("case", FAMILIES + DECODER_CASES + TRANSFORMERS, ids=lambda case: case.name)
def test_a_whole_target_equals_its_steps(case: Case) -> None:
    a_sequence_is_its_steps(case.model(), case.name)


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("with_lengths", [True, False])
def test_a_cell_over_a_sequence_equals_its_steps(kind: str, with_lengths: bool) -> None:
    torch.manual_seed(0)
    cell = build_cell(CELLS[kind][0](kind=kind), 3, 4)
    cell_sequence_is_its_steps(cell, kind, with_lengths=with_lengths)


@pytest.mark.parametrize("kind", CELLS)
def test_an_input_may_be_projected_in_pieces(kind: str) -> None:
    cell = build_cell(CELLS[kind][0](kind=kind), 5, 4)
    x = torch.randn(2, 5)
    pieces = cell.project(x[:, :2]) + cell.project(x[:, 2:], first=2, bias=False)
    torch.testing.assert_close(pieces, cell.project(x), rtol=1e-4, atol=2e-5)


SOME = [case for case in FAMILIES if "-1-" in case.name and ("-general-" in case.name or case.name.startswith("lstm"))]
SOME += [case for case in TRANSFORMERS if "-dense-" in case.name]


@needs_bfloat16_layers
@pytest.mark.parametrize("case", SOME, ids=lambda case: case.name)
def test_bfloat16_products_keep_close_and_keep_the_law(case: Case) -> None:
    model, batch = case.model(), rows()
    exact = model(*batch[:3])[0]
    with torch.autocast("cpu", torch.bfloat16):
        sums = model.loss(*batch, smoothing=0.1)
        logits = model(*batch[:3])[0].float()
        stepped = unrolled(model, batch)[0].float()
    assert sums.loss.dtype == torch.float32
    assert (logits - stepped).abs().mean() < 0.05 * exact.abs().mean()
    assert (logits - exact).abs().mean() < 0.1 * exact.abs().mean()
    for name, gradient in gradients(model, sums.loss).items():
        assert gradient.isfinite().all(), name
