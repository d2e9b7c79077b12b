"""A network of tags or of frames → one ONNX graph with its loops over words inside, compared with the network.

source, source_lengths → tags [B, W], probabilities [B, W, C] and log_probs [B]; of frames also label_scores [B, L]

W is the largest number of words of a row, and C the number of tags. The forward, backward and Viterbi algorithms of a
conditional random field are one `Scan` each.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from seqloom.export.connecting import graph_nodes, piece
from seqloom.export.graph import IR, shared_constants
from seqloom.export.model_modules import unfused
from seqloom.export.parity import CLOSE, DiffersError, refused
from seqloom.export.to_onnx import OPSET, traced
from seqloom.frame_network import FrameNetwork
from seqloom.nn.shapes import length_mask
from seqloom.nn.taggers import Tagger
from seqloom.tag_network import TagNetwork
from seqloom.text.special import BOS, EOS, PAD, UNK

OUTPUTS = {
    "tags": (TensorProto.INT64, ("B", "W")),
    "probabilities": (TensorProto.FLOAT, ("B", "W", "C")),
    "log_probs": (TensorProto.FLOAT, ("B",)),
}
LABELS = "label_scores"
OF_FRAMES = {**OUTPUTS, LABELS: (TensorProto.FLOAT, ("B", "L"))}
TRACED = (2, 6, 1)
"""Words of the rows that are traced; sizes of no two axes are alike, so that none is taken for another."""
COMPARED = ((1,), (3, 9, 1, 0, 4), (7, 2))
"""Words of the rows on which the graph is compared with the network."""


class Scored(nn.Module):
    """A network of tags without its tagger."""

    def __init__(self, model: TagNetwork) -> None:
        super().__init__()
        self.model = model

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        """Scores [B, S, C] of as many words as there are positions, how many words each row has [B], and of frames the
        scores of labels [B, L]."""
        if isinstance(self.model, FrameNetwork):
            return tuple(self.model.scores(source, lengths, source.size(1)))
        return tuple(self.model(source, lengths, source.size(1)))


class Decoded(nn.Module):
    """A tagger at work; it is called `model`, so that its weights keep their names."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.model = tagger

    def forward(self, scores: Tensor, words: Tensor) -> tuple[Tensor, ...]:
        """Tags [B, W], probabilities [B, W, C], log-probabilities [B]."""
        return tuple(self.model.decode(scores, length_mask(words, scores.size(1))))


def tag_graph(model: TagNetwork, *, fused: bool = True) -> onnx.ModelProto:
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


def marked_sources(size: int, words: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Made-up sources [B, S] with so many words, of none to three pieces each, and their lengths."""
    chance = torch.Generator().manual_seed(len(words))
    rows = []
    for count in words:
        pieces = (torch.randint(min(UNK + 1, size - 1), size, (place % 4,), generator=chance) for place in range(count))
        rows.append(torch.cat([*(torch.cat([torch.tensor([BOS]), each]) for each in pieces), torch.tensor([EOS])]))
    return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PAD), torch.tensor([*map(len, rows)])


@torch.no_grad()
def _graph(model: TagNetwork, *, fused: bool) -> onnx.ModelProto:
    model = (model if fused else unfused(model)).eval()
    source, lengths = marked_sources(model.source_size, TRACED)
    given, between = ["source", "source_lengths"], ["scores", "words"]
    outputs = OF_FRAMES if isinstance(model, FrameNetwork) else OUTPUTS
    said = ["every.score", "words", *(name for name in outputs if name not in OUTPUTS)]
    first = piece(traced(Scored(model), [source, lengths]), "read", given, said)
    scores, words = model(source, lengths, max(TRACED))
    second = piece(traced(Decoded(model.tagger), [scores, words]), "tag", between, list(OUTPUTS))
    numbers = {"zero": np.array([0]), "one": np.array([1])}
    constants = first.constants | second.constants
    constants |= {name: numpy_helper.from_array(value, name) for name, value in numbers.items()}
    nodes = [*first.nodes, *_cut(), *second.nodes]
    graph = helper.make_graph(
        nodes,
        "seqloom",
        [
            helper.make_tensor_value_info("source", TensorProto.INT64, ["B", "S"]),
            helper.make_tensor_value_info("source_lengths", TensorProto.INT64, ["B"]),
        ],
        [helper.make_tensor_value_info(name, *outputs[name]) for name in outputs],
        list(shared_constants(constants, (), graph_nodes(nodes))),
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="seqloom")
    made.ir_version = IR
    return made


def _cut() -> list[onnx.NodeProto]:
    """Nodes that leave out the scores behind the last word of the row with the most words, of which there is one."""
    return [
        helper.make_node("ReduceMax", ["words"], ["most"], keepdims=1),
        helper.make_node("Max", ["most", "one"], ["count"]),
        helper.make_node("Slice", ["every.score", "zero", "count", "one"], ["scores"]),
    ]


@torch.no_grad()
def _check(model: TagNetwork, graph: onnx.ModelProto) -> None:
    """Refuse a graph that does not answer as the network does, at sizes that were not traced."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    outputs = [each.name for each in session.get_outputs()]
    for words in COMPARED:
        source, lengths = marked_sources(model.source_size, words)
        found = session.run(None, {"source": source.numpy(), "source_lengths": lengths.numpy()})
        scores, counts, *labels = Scored(model.eval())(source, lengths)
        scores = scores[:, : max(words)]
        decoded = model.tagger.decode(scores, length_mask(counts, max(words)))
        wanted = [each.numpy() for each in (*decoded, *labels)]
        real = np.arange(max(words)) < np.array(words)[:, None]
        for name, one, two in zip(outputs, found, wanted, strict=True):
            if one.shape != two.shape:
                raise DiffersError(f"{name} have the sizes {one.shape} instead of {two.shape}")
            some = real if name in ("tags", "probabilities") else np.array(words) > 0
            if not np.allclose(one[some], two[some], atol=CLOSE, rtol=CLOSE):
                raise DiffersError(f"{name} differ")
