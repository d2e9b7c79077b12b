"""Networks, and their graphs, traced in a process of its own: a tracer cannot see through checks of shapes."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import Any

import onnx
import pytest
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

from remembering import remembering
from seqloom.config import build
from seqloom.ensemble_network import Ensemble
from seqloom.errors import ConfigError
from seqloom.export.connecting import piece
from seqloom.export.graph import IR
from seqloom.export.model_modules import unfused
from seqloom.export.model_pieces import SIZES
from seqloom.export.parity import checked_graph
from seqloom.export.to_onnx import OPSET, traced
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.nn.cells import CELLS
from seqloom.nn.cells.rnn import RNN
from seqloom.nn.encoders.recurrent import Layer
from seqloom.nn.product import Product, direct
from seqloom.nn.tree import leaves
from seqloom.search import SearchConfig
from seqloom.testing.networks import RESERVED

WIDTH = 64
"""Of an input and of a direction: the least whose products get weights of 8 bits."""
LAYERS = {f"{cell}-{way}": (cell, way) for cell, way in product(CELLS, ("as it is", "by steps"))}
"""Each cell in two directions, with what kernel there is, and in one direction by its own steps."""


class Layers(nn.Module):
    """The layers listed."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.model = nn.ModuleDict()
        for name, (cell, way) in LAYERS.items():
            both = way == "as it is"
            layer = Layer(CELLS[cell][0](kind=cell), WIDTH, WIDTH * (2 if both else 1), both=both)
            for weight in layer.parameters():  # away from their special first values
                weight.data.add_(torch.randn_like(weight), alpha=0.1)
            self.model[name] = layer if way == "as it is" else unfused(layer)

    def forward(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        """[B, S, I] and [B] → each layer's outputs and last states; each reads the one before, too."""
        found, read = [], x
        for layer in self.model.values():
            y, final = layer(read, lengths)
            found += [y, *leaves(final)]
            read = x + y[:, :, :WIDTH]
        return tuple(found)

    @staticmethod
    def names() -> list[str]:
        """What comes out."""
        sizes = {name: len(leaves(CELLS[cell][1](1, 1).start(1, torch.zeros(1)))) for name, (cell, _) in LAYERS.items()}
        return [f"{name}.{place}" for name, size in sizes.items() for place in range(1 + size)]


def network(settings: dict[str, Any]) -> Seq2Seq:
    """A small network with every weight away from its special first value."""
    torch.manual_seed(0)
    sizes = {"embedding": 6, "hidden": 8, **settings}
    with remembering():
        model = Seq2Seq(build(ModelConfig, sizes), 13, 11, reserved=RESERVED).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.3)
    return model


def layers_graph() -> bytes:
    """The graph of all layers, put together as a model's is."""
    example = [torch.randn(3, 7, WIDTH), torch.tensor([7, 5, 6])]
    names = Layers.names()
    layers = piece(traced(Layers().eval(), example, SIZES), "layers", ["x", "lengths"], names)
    graph = helper.make_graph(
        layers.nodes,
        "layers",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["B", "S", WIDTH]),
            helper.make_tensor_value_info("lengths", TensorProto.INT64, ["B"]),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names],
        list(layers.constants.values()),
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = IR
    content: bytes = model.SerializeToString()
    return content


def compared_graph(settings: dict[str, Any], fused: bool) -> bytes:
    """The graph of a network and its search, if it answers as the network does."""
    content: bytes = checked_graph(network(settings), SearchConfig(), fused=fused).SerializeToString()
    return content


def compared_ensemble(members: Sequence[dict[str, Any]], fused: bool) -> bytes:
    """The graph of an ensemble of networks, of which each counts more than the one before it."""
    model = Ensemble([network(settings) for settings in members], range(1, len(members) + 1)).eval()
    content: bytes = checked_graph(model, SearchConfig(), fused=fused).SerializeToString()
    return content


def refused_graph() -> str:
    """What is said of a cell whose step is no operator of ONNX."""

    class Bessel(RNN):
        def advance(self, projected: Tensor, state: Tensor, product: Product = direct) -> Tensor:
            new: Tensor = torch.special.bessel_j0(projected + product(state, self.weight_hh, self.bias_hh))
            return new

    model = network({"cell": "rnn"})
    for module in model.modules():
        if isinstance(module, RNN):
            module.__class__ = Bessel
    with pytest.raises(ConfigError) as caught:
        checked_graph(model, SearchConfig())
    return str(caught.value)


def _alone() -> None:
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tracer() -> Iterator[ProcessPoolExecutor]:
    """Where functions of this file are to be run."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _alone) as executor:
        yield executor


@pytest.fixture(scope="session")
def traced_layers(tracer: ProcessPoolExecutor) -> onnx.ModelProto:
    """The graph of all `Layers`."""
    return onnx.load_from_string(tracer.submit(layers_graph).result())
