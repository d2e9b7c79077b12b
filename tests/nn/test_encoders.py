"""Encoders against the papers' equations and torch.nn; recurrent ones stand in test_cells.py, layer by layer."""

from __future__ import annotations

import numpy as np
import papers
import pytest
import torch
from torch import nn

from seqloom.config import build
from seqloom.errors import ConfigError
from seqloom.nn.bridge import Bridge, source_vector
from seqloom.nn.cells import build_cell
from seqloom.nn.cells.gru import GRUConfig
from seqloom.nn.dropout import SequenceDropout
from seqloom.nn.encoders import ENCODERS, EncoderConfig, build_encoder
from seqloom.nn.encoders.transformer import TransformerEncoder, TransformerLayer, sinusoids
from seqloom.nn.shapes import length_mask

LENGTHS = [6, 1, 3]
NO_DROPOUT = SequenceDropout(0.0, variational=False)
POSITIONS = {
    "sinusoidal": {},
    "learned": {"positions": "learned", "max_positions": 8},
    "a short table": {"positions": "learned", "max_positions": 2},
}


def encoder_of(inputs: int = 8, hidden: int = 8, **settings: object) -> TransformerEncoder:
    """A Transformer encoder with every weight away from its special first value."""
    torch.manual_seed(0)
    config = build(ENCODERS["transformer"][0], {"layers": 2, "heads": 2, **settings})
    encoder = build_encoder(config, GRUConfig(), inputs, hidden, NO_DROPOUT)
    assert isinstance(encoder, TransformerEncoder)
    with torch.no_grad():
        for weight in encoder.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.3)
    return encoder


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize(("inputs", "hidden", "heads"), [(8, 8, 1), (8, 8, 4), (5, 6, 2), (4, 3, 3)])
def test_a_transformer_computes_its_equations(positions: str, inputs: int, hidden: int, heads: int) -> None:
    encoder = encoder_of(inputs, hidden, heads=heads, feedforward=7, **POSITIONS[positions])
    assert (encoder.projection is None) == (inputs == hidden)
    x = torch.randn(3, 6, inputs)
    values, summary = encoder(x, torch.tensor(LENGTHS))
    assert summary is None
    assert values.isfinite().all()
    w = papers.weights_of(encoder)
    for row, length in enumerate(LENGTHS):
        wanted = papers.transformer_encoder(w, list(x[row, :length].double().numpy()), heads, layers=2)
        np.testing.assert_allclose(values[row, :length].detach(), np.array(wanted), rtol=1e-4, atol=1e-5)


def test_a_layer_is_that_of_torch() -> None:
    torch.manual_seed(0)
    ours = TransformerLayer(8, 2, 12, NO_DROPOUT)
    theirs = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True, norm_first=True)
    pairs = (
        (theirs.norm1, ours.attention_norm),
        (theirs.norm2, ours.feedforward_norm),
        (theirs.linear1, ours.first),
        (theirs.linear2, ours.second),
        (theirs.self_attn.out_proj, ours.attention.output),
    )
    for other, own in pairs:
        own.load_state_dict(other.state_dict())
    ours.attention.projections.weight.data = theirs.self_attn.in_proj_weight.data
    ours.attention.projections.bias.data = theirs.self_attn.in_proj_bias.data
    x, mask = torch.randn(3, 6, 8), length_mask(torch.tensor(LENGTHS), 6)
    found, wanted = ours(x, mask), theirs(x, src_key_padding_mask=~mask)
    torch.testing.assert_close(found[mask], wanted[mask])


def test_what_stands_on_padding_is_never_seen() -> None:
    encoder, lengths = encoder_of(), torch.tensor(LENGTHS)
    x, real = torch.randn(3, 6, 8), length_mask(torch.tensor(LENGTHS), 6)
    littered = torch.where(real[:, :, None], x, 1e6)
    torch.testing.assert_close(encoder(littered, lengths)[0][real], encoder(x, lengths)[0][real])
    wider = torch.cat([x, torch.randn(3, 2, 8)], 1)
    torch.testing.assert_close(encoder(wider, lengths)[0][:, :6][real], encoder(x, lengths)[0][real])


def test_order_matters_by_positions_alone() -> None:
    """Without positions a permuted source would give permuted values."""
    encoder = encoder_of()
    x, order = torch.randn(1, 4, 8), torch.tensor([2, 0, 3, 1])
    straight, permuted = (encoder(each, torch.tensor([4]))[0] for each in (x, x[:, order]))
    assert not torch.allclose(straight[:, order], permuted, atol=1e-2)
    places = encoder.placed(x)
    placed = x[:, order] + places[order] - places  # each vector brings its old position with it
    torch.testing.assert_close(encoder(placed, torch.tensor([4]))[0], straight[:, order], rtol=1e-4, atol=1e-5)


def test_beyond_a_table_of_positions_the_last_one_goes_on() -> None:
    encoder = encoder_of(positions="learned", max_positions=3)
    places = encoder.placed(torch.zeros(1, 6, 8))
    assert torch.equal(places[3:], places[2:3].expand(3, -1))
    assert not torch.equal(places[1], places[2])


@pytest.mark.parametrize("width", [2, 7, 8])
def test_sinusoids_are_the_papers(width: int) -> None:
    wanted = np.array([papers.sinusoid(position, width) for position in (0, 1, 5, 999)])
    np.testing.assert_allclose(sinusoids(torch.tensor([0, 1, 5, 999]), width), wanted, atol=1e-4)


def test_input_and_positions_begin_at_one_scale() -> None:
    """So that neither drowns the other: a deviation of 1 in each feature of the input, of about 1 in the positions."""
    torch.manual_seed(0)
    for settings, size in (({}, 0.5**0.5), ({"positions": "learned"}, 1.0)):
        config = build(ENCODERS["transformer"][0], settings)
        encoder = build_encoder(config, GRUConfig(), 100, 64, NO_DROPOUT)
        assert isinstance(encoder, TransformerEncoder)
        assert encoder.projection is not None
        projected = encoder.projection(torch.randn(500, 100))
        assert projected.std().item() == pytest.approx(1, abs=0.1)
        assert encoder.placed(torch.zeros(1, 500, 64)).square().mean().sqrt().item() == pytest.approx(size, abs=0.1)


@pytest.mark.parametrize("variational", [False, True])
def test_dropout_acts_on_what_is_added_and_may_keep_one_mask_a_row(variational: bool) -> None:
    """A row of equal vectors stays one, for its positions are taken away, where all of them share a mask."""
    torch.manual_seed(0)
    layer = TransformerLayer(8, 2, 12, SequenceDropout(0.5, variational=variational)).train()
    x = torch.randn(1, 1, 8).expand(1, 5, 8)
    y = layer(x, torch.ones(1, 5, dtype=torch.bool))
    assert torch.allclose(y, y[:, :1].expand(1, 5, 8), atol=1e-6) == variational


def test_without_final_states_the_decoder_starts_from_the_mean_of_the_real_positions() -> None:
    values, lengths = torch.randn(3, 6, 8), torch.tensor([6, 1, 0])
    vector = source_vector(values, lengths, None)
    torch.testing.assert_close(vector, torch.stack([values[0].mean(0), values[1, 0], torch.zeros(8)]))
    states = (torch.randn(3, 8), torch.randn(3, 8))
    assert torch.equal(source_vector(values, lengths, states), states[1])
    cells = [build_cell(GRUConfig(), 3, 4)]
    zeros = (torch.zeros(3, 4),)
    assert Bridge("zero", 8, cells)(None, vector, zeros) is zeros
    bridge = Bridge("dense", 8, cells)
    w = papers.weights_of(bridge)
    wanted = np.tanh(values[0].double().numpy().mean(0) @ w["dense.weight"].T + w["dense.bias"])
    np.testing.assert_allclose(bridge(None, vector, zeros)[0][0].detach(), wanted, rtol=1e-4, atol=1e-5)


def test_kinds_and_widths_that_do_not_exist_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"encoder\.heads = 4 must divide the encoder's width 6"):
        build_encoder(build(ENCODERS["transformer"][0], {}), GRUConfig(), 6, 6, NO_DROPOUT)

    class Odd(EncoderConfig):
        kind: str = "recurent"

    with pytest.raises(ConfigError, match=r"'recurent' is not a known encoder\n.*did you mean recurrent\?"):
        build_encoder(Odd(), GRUConfig(), 6, 6, NO_DROPOUT)
