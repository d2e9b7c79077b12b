"""Cells against torch.nn and against the equations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import papers
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqloom.errors import ConfigError
from seqloom.nn.cells import CELLS, Cell, CellConfig, build_cell
from seqloom.nn.cells.base import hold_column
from seqloom.nn.dropout import SequenceDropout
from seqloom.nn.encoders.recurrent import RecurrentEncoder, RecurrentEncoderConfig
from seqloom.nn.shapes import last_by_length, length_mask, reverse_by_length
from seqloom.nn.tree import leaves, rebuild, select_rows, tree_map

THEIRS = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
LENGTHS = torch.tensor([5, 1, 4])


def cell_of(kind: str, inputs: int = 3, hidden: int = 4) -> Cell:
    torch.manual_seed(1)
    cell = build_cell(CELLS[kind][0](kind=kind), inputs, hidden)
    with torch.no_grad():
        for weight in cell.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.3)
    return cell


def copy_into(theirs: nn.RNNBase, ours: Cell, suffix: str) -> None:
    with torch.no_grad():
        for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            getattr(theirs, f"{name}_{suffix}").copy_(getattr(ours, name))


@pytest.mark.parametrize("kind", THEIRS)
def test_a_cell_is_that_of_torch(kind: str) -> None:
    ours = cell_of(kind)
    theirs = THEIRS[kind](3, 4, batch_first=True)
    copy_into(theirs, ours, "l0")
    x = torch.randn(3, 5, 3)
    packed = pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
    first = tree_map(torch.randn_like, ours.start(3, x))
    initial = tuple(leaf[None] for leaf in leaves(first))
    wanted, final = theirs(packed, initial if kind == "lstm" else initial[0])
    found, state = ours.sequence(x, LENGTHS, first)
    mask = length_mask(LENGTHS, 5)
    torch.testing.assert_close(found[mask], pad_packed_sequence(wanted, batch_first=True)[0][mask])
    finals = final if kind == "lstm" else (final,)
    for mine, other in zip(leaves(state), finals, strict=True):
        torch.testing.assert_close(mine, other[0])
    found, state = ours.sequence(x, None, first)
    torch.testing.assert_close(found, theirs(x, initial if kind == "lstm" else initial[0])[0])


@pytest.mark.parametrize("kind", THEIRS)
def test_a_stack_of_two_directions_is_that_of_torch(kind: str) -> None:
    torch.manual_seed(2)
    drop = SequenceDropout(0.5, variational=False)
    config = RecurrentEncoderConfig(layers=2, bidirectional="all")
    encoder = RecurrentEncoder(config, CELLS[kind][0](kind=kind), 3, 8, drop).eval()
    theirs = THEIRS[kind](3, 4, num_layers=2, bidirectional=True, batch_first=True)
    for index, layer in enumerate(encoder.layers):
        forwards, backwards = layer.get_submodule("forwards"), layer.get_submodule("backwards")
        assert isinstance(forwards, Cell)
        assert isinstance(backwards, Cell)
        copy_into(theirs, forwards, f"l{index}")
        copy_into(theirs, backwards, f"l{index}_reverse")
    x = torch.randn(3, 5, 3)
    packed = pack_padded_sequence(x, LENGTHS, batch_first=True, enforce_sorted=False)
    wanted, final = theirs(packed)
    found, states = encoder(x, LENGTHS)
    mask = length_mask(LENGTHS, 5)
    torch.testing.assert_close(found[mask], pad_packed_sequence(wanted, batch_first=True)[0][mask])
    for part, hidden in enumerate(final if kind == "lstm" else (final,)):
        joined = torch.cat([hidden[2:3], hidden[3:4]], -1)[0]
        torch.testing.assert_close(leaves(states[-1])[part], joined)


def numpy_steps(kind: str, cell: Cell, x: Tensor) -> list[list[papers.Array]]:
    """The states after each step of one row, from zeros, by the equations."""
    weights = papers.weights_of(cell)
    state = [np.zeros(4)] * (2 if "lstm" in kind else 1)
    steps: dict[str, Callable[..., papers.Array | tuple[papers.Array, papers.Array]]] = {
        "lstm": papers.lstm,
        "layer_norm_lstm": papers.layer_norm_lstm,
        "gru": papers.gru,
        "rnn": papers.elman,
    }
    found = []
    for t in range(x.size(0)):
        after = steps[kind](weights, x[t].double().numpy(), *state)
        state = list(after) if isinstance(after, tuple) else [after]
        found.append(state)
    return found


@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_computes_its_equations(kind: str) -> None:
    cell = cell_of(kind)
    x = torch.randn(2, 4, 3)
    y, final = cell.sequence(x, torch.tensor([4, 2]), cell.start(2, x))
    for row, length in ((0, 4), (1, 2)):
        states = numpy_steps(kind, cell, x[row])
        for t in range(length):
            np.testing.assert_allclose(y[row, t].detach(), states[t][0], rtol=1e-4, atol=1e-5)
        for mine, wanted in zip(leaves(final), states[length - 1], strict=True):
            np.testing.assert_allclose(mine[row].detach(), wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", CELLS)
def test_first_weights_are_orthogonal_and_forget_gates_open(kind: str) -> None:
    cell = build_cell(CELLS[kind][0](kind=kind), 3, 4)
    for block in cell.weight_hh.chunk(cell.gates):
        torch.testing.assert_close(block @ block.t(), torch.eye(4), atol=1e-5, rtol=0)
    bias = cell.bias_ih + cell.bias_hh
    if "lstm" in kind:
        assert (bias[4:8] == 1).all()
        assert bias.sum() == 4
    else:
        assert (bias == 0).all()


def test_an_unknown_cell_is_refused_by_name() -> None:
    class Odd(CellConfig):
        kind: str = "gruu"

    with pytest.raises(ConfigError, match=r"'gruu' is not a known cell\n.*did you mean gru\?"):
        build_cell(Odd(), 3, 4)


def test_a_saturated_column_holds_exactly_even_far_states() -> None:
    cell = cell_of("lstm")
    with torch.no_grad():
        for weight in cell.parameters():
            weight.mul_(100)
    x = 50 * torch.randn(2, 6, 3)
    far = tree_map(lambda leaf: leaf + 1e3, cell.start(2, x))
    _, final = cell.sequence(x, torch.tensor([6, 2]), far)
    _, wanted = cell.sequence(x[1:, :2], None, tree_map(lambda leaf: leaf[1:], far))
    assert torch.equal(leaves(final)[1][1], leaves(wanted)[1][0])
    assert hold_column(cell.weight_ih, (-1, 1, 0, 0)).shape == (16, 4)


def test_reversing_is_its_own_inverse_and_leaves_padding() -> None:
    x = torch.arange(15).reshape(3, 5)
    reversed_x = reverse_by_length(x, LENGTHS)
    assert reversed_x.tolist() == [[4, 3, 2, 1, 0], [5, 6, 7, 8, 9], [13, 12, 11, 10, 14]]
    assert torch.equal(reverse_by_length(reversed_x, LENGTHS), x)
    deep = torch.randn(3, 5, 2, 3)
    assert torch.equal(reverse_by_length(reverse_by_length(deep, LENGTHS), LENGTHS), deep)
    assert torch.equal(reverse_by_length(deep, LENGTHS)[2, 0], deep[2, 3])


def test_masks_and_last_positions_follow_lengths() -> None:
    assert length_mask(torch.tensor([2, 0, 3]), 3).tolist() == [[True, True, False], [False] * 3, [True] * 3]
    x = torch.arange(30.0).reshape(3, 5, 2)
    assert last_by_length(x, LENGTHS).tolist() == [[8, 9], [10, 11], [26, 27]]


def test_trees_keep_their_form() -> None:
    cell = cell_of("lstm")
    state = (cell.start(2, torch.zeros(1)), (), torch.arange(2))
    numbered = rebuild(state, [torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0], [4.0]]), torch.tensor([5, 6])])
    chosen = select_rows(numbered, torch.tensor([1, 1, 0]))
    assert type(chosen[0]) is type(state[0])
    assert [leaf.flatten().tolist() for leaf in leaves(chosen)] == [[2, 2, 1], [4, 4, 3], [6, 6, 5]]
    with pytest.raises(TypeError, match="not list"):
        tree_map(torch.neg, [torch.zeros(1)])
