"""Checks of members of the network: each builds tiny networks with the member, and tries every law on them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch

from seqloom.config import Section, merged
from seqloom.errors import ConfigError
from seqloom.model import Seq2Seq
from seqloom.nn.attention import ATTENTIONS, AttentionConfig
from seqloom.nn.cells import CELLS, CellConfig, build_cell
from seqloom.nn.decoders import DECODERS
from seqloom.nn.encoders import ENCODERS, EncoderConfig
from seqloom.testing import laws
from seqloom.testing.comparing import STEPS, failures_are_told, near, require
from seqloom.testing.exporting import can_export, eight_bits_answer_nearly_alike, export_answers_alike
from seqloom.testing.networks import BASE, network
from seqloom.testing.settings import comes_back, known

WIDE = {"embedding": 64, "hidden": 128}
"""Widths from which products get weights of 8 bits."""
CELL_PLACES = (("all", "between", "dense"), ("none", "feed", "copy"), ("all", "none", "dense"))
"""Directions of the encoder, decoder.attend and decoder.bridge of the networks that a cell is tried in."""
Settings = Mapping[str, Any]


@failures_are_told
def check_network(model: Seq2Seq, where: str = "") -> None:
    """Try the laws of values, gradients, masks and search on a network in evaluation mode.

    Raises `AssertionError` with a sentence that says which law is broken, and that ends with `where`.
    """
    laws.a_sequence_is_its_steps(model, where)
    laws.a_row_is_alone(model, where)
    laws.a_row_is_alone_in_its_gradients(model, where)
    laws.a_batch_loss_is_the_sum_of_its_rows(model, 0.1, where)
    laws.beams_share_a_memory(model, where)
    laws.selecting_rows_commutes(model, where)
    laws.weights_are_a_distribution(model, where)
    laws.a_sentence_is_searched_alone(model, where)
    laws.found_outputs_have_their_own_scores(model, where)


@failures_are_told
def check_attention(config: AttentionConfig, *, settings: Settings | None = None, export: bool = True) -> None:
    """Try every law on an attention, wherever in the decoder it can stand.

    `config` is a section of its kind, whose plugin must be in use. `settings` are those of `[model]`, laid over the
    widths of the tiny networks (embedding 6, hidden 8), for kinds that need others. `export=False` leaves out the
    exported graphs. Raises `AssertionError` where a law is broken, and `ConfigError` where no place in the decoder
    takes it.
    """
    known(ATTENTIONS, config, "attention")
    comes_back(config, f"attention {config.kind}")
    places = [{"attention": config, "decoder": {"attend": attend}} for attend in DECODERS if attend != "none"]
    _check(f"attention {config.kind}", config, places, settings or {}, export=export)


@failures_are_told
def check_cell(config: CellConfig, *, settings: Settings | None = None, export: bool = True) -> None:
    """Try every law on a cell: alone, in encoders of one and two directions, and in decoders.

    `config`, `settings` and `export` are as for `check_attention`.
    """
    known(CELLS, config, "cell")
    comes_back(config, f"cell {config.kind}")
    torch.manual_seed(0)
    cell = build_cell(config, 5, 4)
    for with_lengths in (True, False):
        laws.cell_sequence_is_its_steps(cell, f"cell {config.kind}", with_lengths=with_lengths)
    x = torch.randn(2, 5)
    pieces = cell.project(x[:, :2]) + cell.project(x[:, 2:], first=2, bias=False)
    near(STEPS, f"cell {config.kind}", "an input projected in two pieces and whole", pieces, cell.project(x))
    places = [
        {"cell": config, "encoder": {"bidirectional": directions}, "decoder": {"attend": attend, "bridge": bridge}}
        for directions, attend, bridge in CELL_PLACES
    ]
    _check(f"cell {config.kind}", config, places, settings or {}, export=export)


@failures_are_told
def check_encoder(config: EncoderConfig, *, settings: Settings | None = None, export: bool = True) -> None:
    """Try every law on an encoder, with each way over which its summary reaches the decoder.

    `config` is a section of its kind, whose plugin must be in use. `settings` and `export` are as in `check_attention`.
    """
    known(ENCODERS, config, "encoder")
    where = f"encoder {config.kind}"
    comes_back(config, where)
    _returns_what_it_says(config, where)
    places = [
        {"encoder": config, "decoder": {"attend": attend, "bridge": bridge, "layers": 1}}
        for attend, bridge in (("between", "dense"), ("feed", "zero"), ("none", "dense"), ("before", "copy"))
    ]
    _check(where, config, places, settings or {}, export=export)


@failures_are_told
def _returns_what_it_says(config: EncoderConfig, where: str) -> None:
    """An encoder returns a vector of the asked width for each position, and final states where its section says so."""
    model = network({"encoder": config, "decoder": {"attend": "between", "bridge": "zero", "layers": 1}})
    found = model.encoder(torch.randn(3, 5, model.config.embedding), torch.tensor([5, 1, 3]))
    require(STEPS, where, isinstance(found, tuple) and len(found) == 2, "forward must return values and a summary")
    values, summary = found
    wanted = [3, 5, model.config.encoder_hidden]
    require(STEPS, where, list(values.shape) == wanted, f"values must be {wanted}, not {list(values.shape)}")
    said = "has final states, and forward returns none" if summary is None else "has none, and forward returns some"
    require(STEPS, where, (summary is not None) == config.final_states, f"the section says that the encoder {said}")


def _check(where: str, config: Section, places: Iterable[Settings], settings: Settings, *, export: bool) -> None:
    """Try the laws in every place that takes the member; refuse a member that none takes."""
    legal = list(_legal(places, settings))
    exporting = export and can_export(where)
    for number, (place, model) in enumerate(legal):
        here = f"{where}, decoder.attend = {place['decoder']['attend']}"
        check_network(model, here)
        if getattr(config, "normaliser", "softmax") == "softmax":  # a sparse map may truly give no gradient
            laws.the_gradient_reaches_every_weight(model, here)
        if exporting:
            export_answers_alike(model, here)
        if exporting and not number:
            wide = network({**_laid({**WIDE, "dropout": 0.0}, settings), **place}, noise=0.1)
            eight_bits_answer_nearly_alike(export_answers_alike(wide, here, fused=False), here)


def _legal(places: Iterable[Settings], settings: Settings) -> Iterator[tuple[Settings, Seq2Seq]]:
    refused: ConfigError | None = None
    found = False
    for place in places:
        try:
            model = network({**_laid(BASE, settings), **place})
        except ConfigError as error:
            refused = error
            continue
        found = True
        yield place, model
    if not found:
        assert refused is not None
        raise refused


def _laid(base: Settings, settings: Settings) -> dict[str, Any]:
    return merged(base, settings)
