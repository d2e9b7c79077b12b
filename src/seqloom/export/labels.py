"""A network of labels → one ONNX graph without a loop over answers, compared with the network.

source, source_lengths → scores [B, C], and weights [B, S] where the network weighs the positions of its source
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper
from torch import Tensor, nn

from seqloom.export.connecting import graph_nodes, piece
from seqloom.export.graph import IR, shared_constants
from seqloom.export.model_modules import unfused
from seqloom.export.parity import CLOSE, SIZES, DiffersError, random_sources, refused
from seqloom.export.to_onnx import OPSET, traced
from seqloom.networks import AnyLabelNetwork

ROWS, LENGTHS = 3, (7, 5, 6)
"""Sizes of the example that is traced; no two alike, so that none is taken for another."""
OUTPUTS = {"scores": ("B", "C"), "weights": ("B", "S")}


class Scored(nn.Module):
    """A network of labels, whose weights are left out where it has none."""

    def __init__(self, model: AnyLabelNetwork) -> None:
        super().__init__()
        self.model = model

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        """Scores [B, C] and, if there are some, weights [B, S]."""
        scores, weights = self.model(source, lengths)
        return (scores,) if weights is None else (scores, weights)


def label_graph(model: AnyLabelNetwork, *, fused: bool = True) -> onnx.ModelProto:
    """The graph of a network, compared with it. Without `fused` kernels every recurrence is a scan of its cell's step,
    whose products can get weights of 8 bits. Refuses a network that has no such graph with a `ConfigError`."""
    try:
        graph = _graph(model, fused=fused)
        _check(model, graph)
    except torch.onnx.OnnxExporterError as error:
        raise refused(model, error) from error
    except DiffersError as error:
        raise refused(model, error) from None
    return graph


@torch.no_grad()
def _graph(model: AnyLabelNetwork, *, fused: bool) -> onnx.ModelProto:
    model = (model if fused else unfused(model)).eval()
    source = torch.randint(min(4, model.source_size - 1), model.source_size, (ROWS, max(LENGTHS)))
    names = list(OUTPUTS)[: 1 + model.attends]
    found = piece(traced(Scored(model), [source, torch.tensor(LENGTHS)]), "label", ["source", "source_lengths"], names)
    graph = helper.make_graph(
        found.nodes,
        "seqloom",
        [
            helper.make_tensor_value_info("source", TensorProto.INT64, ["B", "S"]),
            helper.make_tensor_value_info("source_lengths", TensorProto.INT64, ["B"]),
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, OUTPUTS[name]) for name in names],
        list(shared_constants(found.constants, (), graph_nodes(found.nodes))),
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="seqloom")
    made.ir_version = IR
    return made


@torch.no_grad()
def _check(model: AnyLabelNetwork, graph: onnx.ModelProto) -> None:
    """Refuse a graph that does not answer as the network does, at sizes that were not traced."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for rows, length in SIZES:
        source, lengths = random_sources(model.source_size, rows, length)
        found = session.run(None, {"source": source.numpy(), "source_lengths": lengths.numpy()})
        wanted = [each.numpy() for each in Scored(model.eval())(source, lengths)]
        for name, one, two in zip(OUTPUTS, found, wanted, strict=False):
            if one.shape != two.shape or not np.allclose(one, two, atol=CLOSE, rtol=CLOSE):
                raise DiffersError(f"{name} differ")
