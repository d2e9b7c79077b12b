"""Attention, readout, bridge and whole decoder steps against the papers' equations."""

from __future__ import annotations

from typing import get_args

import numpy as np
import papers
import pytest
import torch
from papers import Array
from torch import nn

from seqloom.config import build
from seqloom.errors import ConfigError
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.nn.attention import ATTENTIONS, AttentionConfig, build_attention
from seqloom.nn.bridge import Bridge, BridgeKind
from seqloom.nn.cells import CELLS, build_cell
from seqloom.nn.readout import Readout, ReadoutConfig
from seqloom.nn.shapes import length_mask
from seqloom.nn.tree import leaves

LENGTHS = [6, 1, 3]


def shaken(module: nn.Module) -> nn.Module:
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.4)
    return module


SIZED = [kind for kind, (section, _) in ATTENTIONS.items() if "size" in section.model_fields]


KINDS = [*ATTENTIONS, "cumulative"]


@pytest.mark.parametrize(("kind", "size"), [(kind, 0) for kind in KINDS] + [(kind, 6) for kind in SIZED])
@pytest.mark.parametrize("heads", [1, 2])
@pytest.mark.parametrize("normaliser", papers.NORMALISERS)
def test_attention_computes_its_equation(kind: str, heads: int, normaliser: str, size: int) -> None:
    """Over three steps, of which the later ones may depend on the weights of the earlier ones."""
    torch.manual_seed(0)
    settings: dict[str, object] = {"kind": kind, "heads": heads, "normaliser": normaliser}
    settings |= {"size": size} if size else {}
    settings |= {"kind": "location_sensitive", "cumulative": True, "width": 3} if kind == "cumulative" else {}
    settings |= {"max_positions": 4} if kind == "location" else {}  # shorter than the longest source
    width = 8 if kind == "dot" else 10
    attention = build_attention(build(ATTENTIONS[str(settings["kind"])][0], settings), 8, width)
    shaken(attention)
    values, query = torch.randn(3, 6, width), torch.randn(3, 3, 8)
    memory = attention.prepare(values, length_mask(torch.tensor(LENGTHS), 6))
    context, weights, _ = attention(query, memory, attention.start(memory))
    w = papers.weights_of(attention)
    for row, length in enumerate(LENGTHS):
        past: papers.Past = []
        for t in range(3):
            real = list(values[row, :length].double().numpy())
            wanted, looked = papers.attend(kind, w, query[row, t].double().numpy(), real, heads, normaliser, past)
            np.testing.assert_allclose(context[row, t].detach(), wanted, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(weights[row, t, :length].detach(), looked, rtol=1e-4, atol=1e-5)
            assert (weights[row, t, length:] == 0).all()


def test_location_does_not_see_beyond_its_positions() -> None:
    attention = build_attention(build(ATTENTIONS["location"][0], {"max_positions": 2}), 4, 4)
    memory = attention.prepare(torch.randn(1, 5, 4), torch.ones(1, 5, dtype=torch.bool))
    _, weights, _ = attention(torch.randn(1, 1, 4), memory, ())
    assert weights[0, 0, 2:].tolist() == [0, 0, 0]
    assert weights.sum().item() == pytest.approx(1)


def test_widths_that_do_not_go_together_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"attention\.heads = 3 must divide the encoder's width 8"):
        build_attention(build(ATTENTIONS["general"][0], {"heads": 3}), 8, 8)
    with pytest.raises(ConfigError, match="attention dot needs encoder and decoder of equal width, not 8 and 6"):
        build_attention(ATTENTIONS["dot"][0](kind="dot"), 6, 8)
    build_attention(build(ATTENTIONS["location"][0], {"heads": 4}), 6, 8)  # the query is not split

    class Odd(AttentionConfig):
        kind: str = "genral"

    with pytest.raises(ConfigError, match=r"'genral' is not a known attention\n.*did you mean general\?"):
        build_attention(Odd(), 8, 8)


@pytest.mark.parametrize("hidden", ["tanh", "maxout", "none"])
def test_the_readout_computes_its_equations(hidden: str) -> None:
    torch.manual_seed(0)
    readout = Readout(
        build(ReadoutConfig, {"hidden": hidden, "size": 0 if hidden == "none" else 5}), 6, 9, nn.Embedding(9, 4)
    )
    shaken(readout)
    x = torch.randn(2, 3, 6)
    found, w = readout.logits(readout.features(x)), papers.weights_of(readout)
    for b in range(2):
        for t in range(3):
            wanted = w["weight"] @ readout_features(w, x[b, t].double().numpy(), hidden) + w["bias"]
            np.testing.assert_allclose(found[b, t].detach(), wanted, rtol=1e-4, atol=1e-5)


def readout_features(w: papers.Weights, x: Array, hidden: str) -> Array:
    """Luong's attentional vector, Bahdanau's maxout of pairs, or the inputs."""
    if hidden == "none":
        return x
    before = w["layer.weight"] @ x + w["layer.bias"]
    if hidden == "tanh":
        return np.asarray(np.tanh(before))
    return np.array([max(before[2 * j], before[2 * j + 1]) for j in range(len(before) // 2)])


def test_a_tied_readout_is_the_embedding() -> None:
    embedding = nn.Embedding(9, 5)
    readout = Readout(ReadoutConfig(kind="tied"), 6, 9, embedding)
    assert readout.weight.data_ptr() == embedding.weight.data_ptr()
    assert "weight" in dict(readout.named_parameters())


@pytest.mark.parametrize("kind", get_args(BridgeKind))
def test_the_bridge_starts_every_layer(kind: BridgeKind) -> None:
    torch.manual_seed(0)
    cells = [build_cell(CELLS["lstm"][0](kind="lstm"), 3, 4) for _ in range(2)]
    bridge = Bridge(kind, 4, cells)
    zeros = tuple(cell.start(3, torch.zeros(1)) for cell in cells)
    summary = tuple(tuple(torch.randn(3, 4) for _ in range(2)) for _ in range(3))
    states = bridge(summary, summary[-1][0], zeros)
    if kind == "zero":
        assert all((leaf == 0).all() for leaf in leaves(states))
    elif kind == "copy":
        assert all(torch.equal(a, b) for a, b in zip(leaves(states), leaves(summary[1:]), strict=True))
    else:
        w = papers.weights_of(bridge)
        for row in range(3):
            wanted = np.tanh(w["dense.weight"] @ summary[-1][0][row].double().numpy() + w["dense.bias"])
            found = np.concatenate([leaf[row].detach().numpy() for leaf in leaves(states)])
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


def network(**settings: object) -> Seq2Seq:
    torch.manual_seed(3)
    model = Seq2Seq(build(ModelConfig, {"embedding": 5, "hidden": 8, **settings}), 9, 7).eval()
    shaken(model)
    return model


SOURCE, TARGET = [4, 2, 8], [1, 5, 3]


def vector(w: papers.Weights, table: str, word: int) -> Array:
    """What the network sees of a word: √E times its row (Vaswani et al. 2017, §3.4)."""
    row: Array = w[f"{table}.weight"][word]
    seen: Array = len(row) ** 0.5 * row
    return seen


def encoded(w: papers.Weights, cell: str) -> tuple[list[Array], list[Array]]:
    """Annotations [h→; h←] of one layer and the final states, both directions side by side."""
    words = [vector(w, "source_embedding", word) for word in SOURCE]
    ahead, back = (papers.below(w, f"encoder.layers.0.{way}") for way in ("forwards", "backwards"))
    parts = 2 if cell == "lstm" else 1
    step = papers.lstm if cell == "lstm" else papers.gru

    def run(weights: papers.Weights, inputs: list[Array]) -> list[list[Array]]:
        state, states = [np.zeros(4)] * parts, []
        for x in inputs:
            after = step(weights, x, *state)
            state = list(after) if isinstance(after, tuple) else [after]
            states.append(state)
        return states

    forwards, backwards = run(ahead, words), run(back, words[::-1])
    annotations = [np.concatenate([a[0], b[0]]) for a, b in zip(forwards, backwards[::-1], strict=True)]
    finals = [np.concatenate([a, b]) for a, b in zip(forwards[-1], backwards[-1], strict=True)]
    return annotations, finals


def compare(model: Seq2Seq, wanted: list[Array]) -> None:
    logits, _ = model(torch.tensor([SOURCE]), torch.tensor([3]), torch.tensor([TARGET]))
    np.testing.assert_allclose(logits[0].detach(), np.array(wanted), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
def test_bahdanau_2015(layers: int) -> None:
    """§A.1.2, §A.2.2: GRU, bidirectional encoder, alignment from s_{i-1}, context into the cell, maxout output.

    With more layers than the paper's one, the top one asks.
    """
    readout = {"hidden": "maxout", "reads_token": True}
    decoder = {"attend": "before", "layers": layers, "bridge": "dense", "readout": readout}
    model = network(cell="gru", attention="additive", decoder=decoder)
    w = papers.weights_of(model)
    annotations, _ = encoded(w, "gru")
    # s_0 from the top layer's last output of both directions, which is the annotation each direction ends at
    summary = np.concatenate([annotations[-1][:4], annotations[0][4:]])
    states = np.split(np.tanh(w["decoder.bridge.dense.weight"] @ summary + w["decoder.bridge.dense.bias"]), layers)
    out, wanted = papers.below(w, "decoder.readout"), []
    for word in TARGET:
        e = vector(w, "decoder.embedding", word)
        c, _ = papers.attend("additive", papers.below(w, "decoder.attention"), states[-1], annotations)
        x = np.concatenate([e, c])
        for index in range(layers):
            states[index] = x = papers.gru(papers.below(w, f"decoder.cells.{index}"), x, states[index])
        features = readout_features(out, np.concatenate([x, c, e]), "maxout")
        wanted.append(out["weight"] @ features + out["bias"])
    compare(model, wanted)


@pytest.mark.parametrize("kind", ATTENTIONS)
@pytest.mark.parametrize("feed", [True, False])
def test_luong_2015(kind: str, feed: bool) -> None:
    """§3, eqs. 5-8, §3.3: stacked LSTM, attention from h_t, h̃_t = tanh(W_c [c; h]), fed to the next step or not."""
    decoder = {"attend": "feed" if feed else "after", "layers": 2, "bridge": "zero"}
    model = network(cell="lstm", attention=kind, decoder=decoder)
    w = papers.weights_of(model)
    annotations, _ = encoded(w, "lstm")
    layers = [(np.zeros(8), np.zeros(8)), (np.zeros(8), np.zeros(8))]
    fed, out, wanted = np.zeros(5), papers.below(w, "decoder.readout"), []
    past: papers.Past = []
    for word in TARGET:
        x = vector(w, "decoder.embedding", word)
        if feed:
            x = np.concatenate([x, fed])
        for index in range(2):
            layers[index] = papers.lstm(papers.below(w, f"decoder.cells.{index}"), x, *layers[index])
            x = layers[index][0]
        c, _ = papers.attend(kind, papers.below(w, "decoder.attention"), x, annotations, past=past)
        fed = readout_features(out, np.concatenate([x, c]), "tanh")
        wanted.append(out["weight"] @ fed + out["bias"])
    compare(model, wanted)


def test_between_as_in_gnmt() -> None:
    """Wu et al. 2016, §3: the bottom layer queries, every layer above reads [output; context], residual above."""
    decoder = {"attend": "between", "layers": 3, "bridge": "zero", "residual": True}
    model = network(cell="gru", attention="general", decoder=decoder)
    w = papers.weights_of(model)
    annotations, _ = encoded(w, "gru")
    states, out, wanted = [np.zeros(8)] * 3, papers.below(w, "decoder.readout"), []
    for word in TARGET:
        states[0] = papers.gru(papers.below(w, "decoder.cells.0"), vector(w, "decoder.embedding", word), states[0])
        x = states[0]
        c, _ = papers.attend("general", papers.below(w, "decoder.attention"), x, annotations)
        for index in (1, 2):
            cell = papers.below(w, f"decoder.cells.{index}")
            states[index] = papers.gru(cell, np.concatenate([x, c]), states[index])
            x = x + states[index]
        wanted.append(out["weight"] @ readout_features(out, np.concatenate([x, c]), "tanh") + out["bias"])
    compare(model, wanted)


def test_sutskever_2014() -> None:
    """§2: the encoder's last state starts the decoder, which sees nothing else of the source."""
    decoder = {"attend": "none", "layers": 1, "bridge": "copy", "readout": {"hidden": "none"}}
    model = network(cell="lstm", decoder=decoder)
    w = papers.weights_of(model)
    _, (h, c) = encoded(w, "lstm")
    out, wanted = papers.below(w, "decoder.readout"), []
    for word in TARGET:
        h, c = papers.lstm(papers.below(w, "decoder.cells.0"), vector(w, "decoder.embedding", word), h, c)
        wanted.append(out["weight"] @ h + out["bias"])
    compare(model, wanted)
