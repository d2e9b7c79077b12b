"""A network of tags or of frames → one ONNX graph with its loops over words inside, compared with the network.

source, source_lengths → tags [B, W], probabilities [B, W, C] and log_probs [B]; of frames also label_scores [B, L]
            given [B, W] → given_log_probs [B, W]

W is the largest number of words of a row, and C the number of tags. The forward, backward and Viterbi algorithms of a
conditional random field are one `Scan` each. Where the input `given` is left out, nothing is worked out of given tags.
"""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from seqloom.export.connecting import Piece, graph_nodes, piece, untold
from seqloom.export.graph import IR, shared_constants
from seqloom.export.model_modules import unfused
from seqloom.export.parity import CLOSE, DiffersError, refused
from seqloom.export.to_onnx import OPSET, traced
from seqloom.frame_network import FrameScorer
from seqloom.networks import AnyTagNetwork
from seqloom.nn.shapes import length_mask
from seqloom.nn.taggers import Tagger
from seqloom.text.special import BOS, EOS, PAD, UNK

OUTPUTS = {
    "tags": (TensorProto.INT64, ("B", "W")),
    "probabilities": (TensorProto.FLOAT, ("B", "W", "C")),
    "log_probs": (TensorProto.FLOAT, ("B",)),
}
LABELS = "label_scores"
OF_FRAMES = {**OUTPUTS, LABELS: (TensorProto.FLOAT, ("B", "L"))}
GIVEN = "given_log_probs"
"""The output for given tags."""
TRACED = (2, 6, 1)
"""Words of the rows that are traced; sizes of no two axes are alike, so that none is taken for another."""
COMPARED = ((1,), (3, 9, 1, 0, 4), (7, 2))
"""Words of the rows on which the graph is compared with the network."""


class Scored(nn.Module):
    """A network of tags without its tagger."""

    def __init__(self, model: AnyTagNetwork) -> None:
        super().__init__()
        self.model = model

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        """Scores [B, S, C] of as many words as there are positions, how many words each row has [B], and of frames the
        scores of labels [B, L]."""
        if isinstance(self.model, FrameScorer):
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


class Given(nn.Module):
    """A tagger that is asked about given tags; it is called `model`, as in `Decoded`."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.model = tagger

    def forward(self, scores: Tensor, words: Tensor, given: Tensor) -> Tensor:
        """The log-probability of each given tag after those before it [B, W]."""
        return self.model.given_log_probs(scores, given, length_mask(words, scores.size(1)))


def tag_graph(model: AnyTagNetwork, *, fused: bool = True) -> onnx.ModelProto:
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
def _graph(model: AnyTagNetwork, *, fused: bool) -> onnx.ModelProto:
    model = (model if fused else unfused(model)).eval()
    source, lengths = marked_sources(model.source_size, TRACED)
    given, between = ["source", "source_lengths"], ["scores", "words"]
    outputs = OF_FRAMES if isinstance(model, FrameScorer) else OUTPUTS
    said = ["every.score", "words", *(name for name in outputs if name not in OUTPUTS)]
    first = piece(traced(Scored(model), [source, lengths]), "read", given, said)
    scores, words = model(source, lengths, max(TRACED))
    second = piece(traced(Decoded(model.tagger), [scores, words]), "tag", between, list(OUTPUTS))
    tags = torch.zeros(scores.shape[:2], dtype=torch.int64)
    third = piece(traced(Given(model.tagger), [scores, words, tags]), "asked", [*between, "given"], ["asked.found"])
    numbers = {"zero": np.array([0]), "one": np.array([1]), "given": np.zeros((0, 0), np.int64)}
    numbers["nothing"] = np.zeros((0, 0), np.float32)
    constants = first.constants | second.constants | third.constants
    constants |= {name: numpy_helper.from_array(value, name) for name, value in numbers.items()}
    nodes = [*first.nodes, *_cut(), *second.nodes, *_where_given(third)]
    graph = helper.make_graph(
        nodes,
        "seqloom",
        [
            helper.make_tensor_value_info("source", TensorProto.INT64, ["B", "S"]),
            helper.make_tensor_value_info("source_lengths", TensorProto.INT64, ["B"]),
            helper.make_tensor_value_info("given", TensorProto.INT64, ["G", "V"]),
        ],
        [
            *(helper.make_tensor_value_info(name, *outputs[name]) for name in outputs),
            helper.make_tensor_value_info(GIVEN, TensorProto.FLOAT, ["G", "V"]),
        ],
        list(shared_constants(constants, ("given",), graph_nodes(nodes))),
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


def _where_given(asked: Piece) -> list[onnx.NodeProto]:
    """Nodes that ask about given tags where there are any."""
    yes, no = (
        helper.make_graph(nodes, name, [], [untold(result, TensorProto.FLOAT)])
        for nodes, name, result in (
            (asked.nodes, "asked", "asked.found"),
            ([helper.make_node("Identity", ["nothing"], ["asked.nothing"])], "unasked", "asked.nothing"),
        )
    )
    return [
        helper.make_node("Size", ["given"], ["given.size"]),
        helper.make_node("Cast", ["given.size"], ["given.some"], to=TensorProto.BOOL),
        helper.make_node("If", ["given.some"], [GIVEN], then_branch=yes, else_branch=no),
    ]


@torch.no_grad()
def _check(model: AnyTagNetwork, graph: onnx.ModelProto) -> None:
    """Refuse a graph that does not answer as the network does, at sizes that were not traced."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
    outputs = [each.name for each in session.get_outputs()]
    for words in COMPARED:
        source, lengths = marked_sources(model.source_size, words)
        scores, counts, *labels = Scored(model.eval())(source, lengths)
        scores, mask = scores[:, : max(words)], length_mask(counts, max(words))
        given = torch.arange(mask.numel()).view(mask.shape) % scores.size(2)
        found = session.run(None, {"source": source.numpy(), "source_lengths": lengths.numpy(), "given": given.numpy()})
        asked = model.tagger.given_log_probs(scores, given, mask)
        wanted = [each.numpy() for each in (*model.tagger.decode(scores, mask), *labels, asked)]
        real = np.arange(max(words)) < np.array(words)[:, None]
        for name, one, two in zip(outputs, found, wanted, strict=True):
            if one.shape != two.shape:
                raise DiffersError(f"{name} have the sizes {one.shape} instead of {two.shape}")
            some = real if name in ("tags", "probabilities", GIVEN) else np.array(words) > 0
            if not np.allclose(one[some], two[some], atol=CLOSE, rtol=CLOSE):
                raise DiffersError(f"{name} differ")
