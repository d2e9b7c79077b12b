"""Law 1: running a whole sequence at once equals unrolling `step`, in values and in gradients."""

from __future__ import annotations

import pytest
import torch
from networks import DECODER_CASES, FAMILIES, TRANSFORMERS, Case, gradients, rows, unrolled
from torch import Tensor

from seqloom.nn.cells import CELLS, build_cell
from seqloom.nn.cells.base import hold
from seqloom.nn.tree import leaves, tree_map


def nearly(found: Tensor | None, wanted: Tensor | None) -> None:
    if wanted is None:
        assert found is None
    else:
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-5)


@pytest.mark.usefixtures("unchecked_shapes")  # the tests below walk the same code with the checks on
@pytest.mark.parametrize("case", FAMILIES + DECODER_CASES + TRANSFORMERS, ids=lambda case: case.name)
def test_a_whole_target_equals_its_steps(case: Case) -> None:
    model, batch = case.model(), rows()
    logits, weights = model(*batch[:3])
    stepped, looked = unrolled(model, batch)
    nearly(logits, stepped)
    nearly(weights, looked)
    signs = torch.randn(logits.shape, generator=torch.Generator().manual_seed(3))
    by_sequence, by_steps = (gradients(model, (each * signs).sum()) for each in (logits, stepped))
    for name, gradient in by_steps.items():
        assert torch.allclose(by_sequence[name], gradient, rtol=1e-3, atol=1e-4), name


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("with_lengths", [True, False])
def test_a_cell_over_a_sequence_equals_its_steps(kind: str, with_lengths: bool) -> None:
    torch.manual_seed(0)
    cell = build_cell(CELLS[kind][0](kind=kind), 3, 4)
    x = torch.randn(4, 6, 3, requires_grad=True)
    lengths = torch.tensor([6, 1, 3, 5]) if with_lengths else None
    first = tree_map(torch.randn_like, cell.start(4, x))
    y, final = cell.sequence(x, lengths, first)
    state, outputs = first, []
    for t in range(6):
        out, new = cell.step(x[:, t], state)
        real = torch.ones(4, 1, dtype=torch.bool) if lengths is None else (t < lengths)[:, None]
        state = hold(real, new, state)
        outputs.append(torch.where(real, out, y[:, t]))  # outputs on padding are free
    nearly(y, torch.stack(outputs, 1))
    assert type(final) is type(state)
    for found, wanted in zip(leaves(final), leaves(state), strict=True):
        nearly(found, wanted)
    weights = [x, *cell.parameters()]
    by_sequence, by_steps = (
        torch.autograd.grad(torch.cat(leaves(tree)).square().sum(), weights) for tree in (final, state)
    )
    for found, wanted in zip(by_sequence, by_steps, strict=True):
        nearly(found, wanted)


@pytest.mark.parametrize("kind", CELLS)
def test_an_input_may_be_projected_in_pieces(kind: str) -> None:
    cell = build_cell(CELLS[kind][0](kind=kind), 5, 4)
    x = torch.randn(2, 5)
    pieces = cell.project(x[:, :2]) + cell.project(x[:, 2:], first=2, bias=False)
    nearly(pieces, cell.project(x))


SOME = [case for case in FAMILIES if "-1-" in case.name and ("-general-" in case.name or case.name.startswith("lstm"))]
SOME += [case for case in TRANSFORMERS if "-dense-" in case.name]


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
