"""The family of recurrent cells. Adding one: a file here and a line in the table below, or a plugin from outside."""

from __future__ import annotations

from collections.abc import Mapping

from seqloom.errors import ConfigError, suggestion
from seqloom.nn.cells.base import Cell, CellConfig, State
from seqloom.nn.cells.gru import GRU, GRUConfig
from seqloom.nn.cells.layer_norm_lstm import LayerNormLSTM, LayerNormLSTMConfig
from seqloom.nn.cells.lstm import LSTM, LSTMConfig
from seqloom.nn.cells.rnn import RNN, RNNConfig
from seqloom.plugins import Family, pair_of, sections

__all__ = ["CELLS", "Cell", "CellConfig", "State", "build_cell", "cell_configs"]

CELLS: Family[tuple[type[CellConfig], type[Cell]]] = Family(
    "CELLS",
    {
        "lstm": (LSTMConfig, LSTM),
        "gru": (GRUConfig, GRU),
        "rnn": (RNNConfig, RNN),
        "layer_norm_lstm": (LayerNormLSTMConfig, LayerNormLSTM),
    },
    pair_of(CellConfig, Cell),
)

"""Each kind of cell with its configuration section and its class."""


def cell_configs() -> Mapping[str, type[CellConfig]]:
    """The configuration section of each kind of cell."""
    return sections(CELLS)


def build_cell(config: CellConfig, input_size: int, hidden_size: int) -> Cell:
    """Make a cell of the configured kind with new weights; raises a `ConfigError` for an unknown kind."""
    if config.kind not in CELLS:
        raise ConfigError(f"{config.kind!r} is not a known cell", hint=suggestion(config.kind, CELLS))
    return CELLS[config.kind][1](input_size, hidden_size)
