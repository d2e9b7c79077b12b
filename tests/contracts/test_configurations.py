"""Settings of the network: legal ones build, obey law 1 and come back from TOML; illegal ones are refused by name."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import BASE, SOURCE_SIZE, TARGET_SIZE, rows, unrolled

from seqloom.config import build, merged, override, to_toml
from seqloom.errors import ConfigError
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.nn.attention import ATTENTIONS
from seqloom.nn.attention.normalise import NORMALISERS
from seqloom.nn.cells import CELLS
from seqloom.nn.decoders import DECODERS
from seqloom.training.config import RunConfig

WIDTHS = st.sampled_from([0, 6, 7, 8])
CELL = st.none() | st.sampled_from(list(CELLS))


def recurrent_encoders() -> st.SearchStrategy[dict[str, Any]]:
    kind = st.sampled_from(["recurrent", None])  # not named, as before there were others
    directions = st.sampled_from(["all", "first", "none"])
    return st.fixed_dictionaries(
        {"layers": st.integers(1, 3), "hidden": WIDTHS, "bidirectional": directions, "residual": st.booleans()}
        | {"cell": CELL, "kind": kind}
    ).map(lambda each: {name: value for name, value in each.items() if name != "kind" or value})


def transformer_encoders() -> st.SearchStrategy[dict[str, Any]]:
    positions, counts = st.sampled_from(["sinusoidal", "learned"]), st.sampled_from([0, 0, 3])
    return st.fixed_dictionaries(
        {"kind": st.just("transformer"), "layers": st.integers(1, 3), "hidden": WIDTHS, "heads": st.integers(1, 4)}
        | {"feedforward": st.sampled_from([0, 5]), "positions": positions, "max_positions": counts}
    )


@st.composite
def configurations(draw: st.DrawFn) -> dict[str, Any]:
    """Any combination of settings, legal or not."""
    encoder = draw(recurrent_encoders() | transformer_encoders())
    readout = {
        "kind": draw(st.sampled_from(["dense", "tied"])),
        "hidden": draw(st.sampled_from(["tanh", "maxout", "none"])),
        "size": draw(st.sampled_from([0, 0, 6, 5])),
        "reads_token": draw(st.booleans()),
    }
    decoder = {
        "attend": draw(st.sampled_from(list(DECODERS))),
        "layers": draw(st.integers(1, 3)),
        "hidden": draw(WIDTHS),
        "residual": draw(st.booleans()),
        "bridge": draw(st.sampled_from(["dense", "copy", "zero"])),
        "cell": draw(CELL),
        "readout": readout,
    }
    kind = draw(st.none() | st.sampled_from(list(ATTENTIONS)))
    attention: dict[str, Any] | None = None
    if kind:
        attention = {
            "kind": kind,
            "heads": draw(st.integers(1, 2)),
            "normaliser": draw(st.sampled_from(list(NORMALISERS))),
        }
        if "size" in ATTENTIONS[kind][0].model_fields:
            attention["size"] = draw(st.sampled_from([0, 4, 5]))
    variational = draw(st.booleans())
    return {**BASE, "variational": variational, "encoder": encoder, "decoder": decoder, "attention": attention}


def complaints(values: dict[str, Any]) -> set[str]:
    """What is wrong with a combination, as words that the refusal must hold one of; none = legal."""
    encoder, decoder, attention = values["encoder"], values["decoder"], values["attention"]
    readout, found = decoder["readout"], set()
    width, wide = encoder["hidden"] or values["hidden"], decoder["hidden"] or values["hidden"]
    if decoder["attend"] == "none":
        found |= {"uses no attention"} if attention else set()
        found |= {"never shows the decoder its source"} if decoder["bridge"] == "zero" else set()
    elif attention:
        compared = {"general": wide, "dot": wide, "location": 0}.get(attention["kind"], attention.get("size") or wide)
        found |= {"attention.heads"} if width % attention["heads"] or compared % attention["heads"] else set()
        found |= {"equal width"} if attention["kind"] == "dot" and width != wide else set()
    found |= {"must be even"} if encoder.get("bidirectional", "none") != "none" and width % 2 else set()
    if encoder.get("kind") == "transformer":
        found |= {"encoder.heads"} if width % encoder["heads"] else set()
        found |= {"max_positions"} if encoder["positions"] == "sinusoidal" and encoder["max_positions"] else set()
        found |= {"an encoder that ends in states"} if decoder["bridge"] == "copy" else set()
    elif decoder["bridge"] == "copy":
        cells = {side["cell"] or "lstm" for side in (encoder, decoder)}
        found |= {"same cell"} if len(cells) > 1 else set()
        found |= {"equally wide"} if width != wide or encoder["layers"] < decoder["layers"] else set()
    found |= {"readout.size has no meaning"} if readout["hidden"] == "none" and readout["size"] else set()
    if readout["kind"] == "tied":
        context = 0 if decoder["attend"] == "none" else width
        inputs = wide + context + (values["embedding"] if readout["reads_token"] else 0)
        size = inputs if readout["hidden"] == "none" else readout["size"] or values["embedding"]
        found |= {"tied readout"} if size != values["embedding"] else set()
    return found


@pytest.mark.usefixtures("unchecked_shapes")
@settings(deadline=None, max_examples=300, derandomize=True)
@given(values=configurations())
def test_every_legal_combination_works_and_every_other_is_refused_by_name(values: dict[str, Any]) -> None:
    wrong = complaints(values)
    if wrong:
        with pytest.raises(ConfigError) as refused:
            build(ModelConfig, values)
        assert any(words in str(refused.value) for words in wrong)
        return
    config = build(ModelConfig, values)
    assert build(ModelConfig, tomllib.loads(to_toml(config))) == config
    assert build(ModelConfig, tomllib.loads(to_toml(config, comments=True))) == config
    assert config.replace(dropout=config.dropout) == config
    torch.manual_seed(0)
    model, batch = Seq2Seq(config, SOURCE_SIZE, TARGET_SIZE), rows()
    sums = model.loss(*batch, smoothing=0.1)
    sums.loss.backward()
    assert sums.loss.isfinite()
    with torch.no_grad():
        found, wanted = model.eval()(*batch[:3])[0], unrolled(model, batch)[0]
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=2e-5)


BAD = [
    ({"decoder": {"attend": "none"}, "attention": "dot"}, "decoder.attend = none uses no attention"),
    ({"decoder": {"attend": "none", "bridge": "zero"}}, "never shows the decoder its source"),
    ({"hidden": 7}, "must be even, not 7"),
    ({"attention": "dot", "encoder": {"hidden": 10}}, "attention dot needs encoder and decoder of equal width"),
    ({"attention": {"kind": "general", "heads": 3}}, r"attention\.heads = 3 must divide"),
    ({"attention": {"kind": "additive", "heads": 2, "size": 5}}, r"attention\.heads = 2 must divide"),
    ({"attention": {"heads": 0}}, r"attention\.heads: .*greater than or equal to 1, not 0"),
    ({"attention": "dott"}, "'dott' is not a known attention; did you mean dot?"),
    ({"attention": {"kind": "dot", "size": 4}}, r"attention\.size is not a setting"),
    ({"attention": {"normaliser": "softmin"}}, r"attention\.normaliser: .*'softmax', 'sparsemax' or 'entmax15'"),
    ({"attention": {"kind": "location_sensitive", "width": 4}}, "its width must be odd, not 4"),
    ({"attention": 5}, "attention: a name or a table of settings is wanted, not 5"),
    ({"cell": "lst"}, "'lst' is not a known cell; did you mean lstm?"),
    ({"encoder": {"cell": "elman"}}, r"encoder\.cell: 'elman' is not a known cell"),
    ({"encoder": {"bidirectional": True}}, r"encoder\.bidirectional: .*'all', 'first' or 'none'"),
    ({"encoder": "transfomer"}, "'transfomer' is not a known encoder; did you mean transformer?"),
    ({"encoder": None}, "encoder: "),
    ({"encoder": {"heads": 2}}, r"encoder\.heads is not a setting\n.*it is a setting of: transformer"),
    ({"encoder": {"kind": "transformer", "cell": "gru"}}, r"encoder\.cell is not a setting\n.*setting of: recurrent"),
    ({"encoder": {"kind": "transformer", "residual": True}}, r"encoder\.residual is not a setting"),
    ({"encoder": {"kind": "transformer", "bidirectional": "all"}}, r"encoder\.bidirectional is not a setting"),
    ({"encoder": {"kind": "transformer", "heads": 3}}, r"encoder\.heads = 3 must divide the encoder's width 8"),
    ({"encoder": {"kind": "transformer", "max_positions": 9}}, "max_positions is the size of a table of learned"),
    ({"encoder": "transformer", "decoder": {"bridge": "copy"}}, "encoder transformer does not: use dense or zero"),
    ({"encoder": {"layers": 0}}, r"encoder\.layers: .*not 0"),
    ({"decoder": {"attend": "beneath"}}, r"decoder\.attend: .*'between', 'after'"),
    ({"decoder": {"atend": "none"}}, r"decoder\.atend is not a setting\n.*did you mean decoder\.attend\?"),
    ({"decoder": {"bridge": "copy", "layers": 2}}, "bridge = copy needs equally wide sides and as many encoder layers"),
    ({"decoder": {"bridge": "copy", "cell": "gru", "layers": 1}}, "bridge = copy needs the same cell on both sides"),
    ({"decoder": {"readout": {"hidden": "none", "size": 6}}}, r"readout\.size has no meaning"),
    ({"decoder": {"readout": {"kind": "tied", "size": 7}}}, "a tied readout is as wide as the embedding, 6, not 7"),
    ({"decoder": {"readout": {"kind": "tied", "hidden": "none"}}}, "a tied readout is as wide as the embedding"),
    ({"decoder": "before"}, "decoder: "),
    ({"decoder": 5}, "decoder: "),
    ({"decoder": None}, "decoder: "),
    ({"dropout": 1.0}, "dropout: .*less than 1"),
    ({"hiden": 4}, r"hiden is not a setting\n.*did you mean hidden\?"),
]


@pytest.mark.parametrize(("changes", "words"), BAD, ids=lambda value: value if isinstance(value, str) else "")
def test_each_contradiction_has_its_own_words(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        build(ModelConfig, {**BASE, **changes})


def test_attention_is_there_unless_the_decoder_attends_nowhere() -> None:
    plain = build(ModelConfig, {}).attention
    assert plain is not None
    assert plain.kind == "general"
    assert build(ModelConfig, {"decoder": {"attend": "none"}}).attention is None
    assert ModelConfig(decoder=build(ModelConfig, {"decoder": {"attend": "none"}}).decoder).attention is None


def test_dotted_settings_reach_a_member_given_by_its_name() -> None:
    values = override({"attention": "additive"}, ["attention.heads=2", "attention.size=4", "decoder.attend=before"])
    config = build(ModelConfig, merged(BASE, values))
    assert config.attention is not None
    assert (config.attention.kind, config.attention.heads, config.decoder.attend) == ("additive", 2, "before")


def test_an_encoder_without_a_kind_is_recurrent_as_it_was_before_there_were_others() -> None:
    old = {"layers": 2, "hidden": 0, "bidirectional": "first", "residual": True, "cell": {"kind": "gru"}}
    config = build(ModelConfig, {**BASE, "encoder": old})
    assert config == build(ModelConfig, {**BASE, "encoder": {"kind": "recurrent", **old}})
    weights = [name for name, _ in Seq2Seq(config, SOURCE_SIZE, TARGET_SIZE).encoder.named_parameters()]
    parts = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    ways = ("layers.0.forwards", "layers.0.backwards", "layers.1.forwards")
    assert weights == [f"{way}.{part}" for way in ways for part in parts]


@pytest.mark.parametrize("section", ["data", "search"])
def test_learned_positions_must_reach_to_the_end_of_the_longest_source(section: str) -> None:
    model = {"encoder": {"kind": "transformer", "positions": "learned", "max_positions": 50}}
    limits = {"data": {"max_source_length": 49}, "search": {"max_source_length": 49}}
    assert build(RunConfig, {"model": model, **limits}).model.encoder.longest == 50
    longer = {**limits, section: {"max_source_length": 50}}
    with pytest.raises(
        ConfigError, match=rf"{section}\.max_source_length = 50 allows sources .* set it between 1 and 49"
    ):
        build(RunConfig, {"model": model, **longer})
    with pytest.raises(ConfigError, match=r"data\.max_source_length = 0 allows"):
        build(RunConfig, {"model": model, **limits, "data": {"max_source_length": 0}})
    build(RunConfig, {"model": {"encoder": "transformer"}, "data": {"max_source_length": 0}})  # sinusoids have no end
    build(RunConfig, {"model": {"encoder": {"kind": "transformer", "positions": "learned"}}})
