"""The family of recurrent cells. Adding one: a file here and a line in the table below, or a plugin from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seqloom.nn.cells.base import Cell, CellConfig, State
from seqloom.nn.cells.gru import GRU, GRUConfig
from seqloom.nn.cells.layer_norm_lstm import LayerNormLSTM, LayerNormLSTMConfig
from seqloom.nn.cells.lstm import LSTM, LSTMConfig
from seqloom.nn.cells.rnn import RNN, RNNConfig
from seqloom.plugins import Family, pair_of, sections

__all__ = ["CELLS", "Cell", "CellConfig", "State", "build_cell", "cell_configs"]

_PAIR = pair_of(CellConfig, Cell)


def _form(name: str, member: Any) -> str:
    """What is wrong with a member: its form, or settings that its class would never see."""
    if fault := _PAIR(name, member):
        return fault
    own = sorted(set(member[0].model_fields) - set(CellConfig.model_fields))
    if own and not any("of" in vars(owner) for owner in member[1].__mro__ if owner is not Cell):
        return f"has settings of its own ({', '.join(own)}), so that its class must override `of` to take them"
    return ""


CELLS: Family[tuple[type[CellConfig], type[Cell]]] = Family(
    "CELLS",
    {
        "lstm": (LSTMConfig, LSTM),
        "gru": (GRUConfig, GRU),
        "rnn": (RNNConfig, RNN),
        "layer_norm_lstm": (LayerNormLSTMConfig, LayerNormLSTM),
    },
    _form,
)

"""Each kind of cell with its configuration section and its class."""


def cell_configs() -> Mapping[str, type[CellConfig]]:
    """The configuration section of each kind of cell."""
    return sections(CELLS)


def build_cell(config: CellConfig, input_size: int, hidden_size: int) -> Cell:
    """Make a cell of the configured kind with new weights; raises a `ConfigError` for an unknown kind."""
    return CELLS.known(config.kind)[1].of(config, input_size, hidden_size)
