"""The family of recurrent cells.

To add a cell, write a file in this folder and add a line to `CELLS`.
"""

from __future__ import annotations

from seqloom.errors import ConfigError, suggestion
from seqloom.nn.cells.base import Cell, CellConfig, State
from seqloom.nn.cells.gru import GRU, GRUConfig
from seqloom.nn.cells.layer_norm_lstm import LayerNormLSTM, LayerNormLSTMConfig
from seqloom.nn.cells.lstm import LSTM, LSTMConfig
from seqloom.nn.cells.rnn import RNN, RNNConfig

__all__ = ["CELLS", "Cell", "CellConfig", "State", "build_cell", "cell_configs"]

CELLS: dict[str, tuple[type[CellConfig], type[Cell]]] = {
    "lstm": (LSTMConfig, LSTM),
    "gru": (GRUConfig, GRU),
    "rnn": (RNNConfig, RNN),
    "layer_norm_lstm": (LayerNormLSTMConfig, LayerNormLSTM),
}

"""Each kind of cell with its configuration section and its class."""


def cell_configs() -> dict[str, type[CellConfig]]:
    """The configuration section of each kind of cell."""
    return {kind: config for kind, (config, _) in CELLS.items()}


def build_cell(config: CellConfig, input_size: int, hidden_size: int) -> Cell:
    """Make a cell of the configured kind with new weights; raises a `ConfigError` for an unknown kind."""
    if config.kind not in CELLS:
        raise ConfigError(f"{config.kind!r} is not a known cell", hint=suggestion(config.kind, CELLS))
    return CELLS[config.kind][1](input_size, hidden_size)
