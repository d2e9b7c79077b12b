"""Whether a graph answers as its model does, at sizes that were not traced."""

from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor

from seqloom.ensemble_network import single_networks
from seqloom.errors import ConfigError
from seqloom.export.model_pieces import graph_of
from seqloom.model import ModelConfig, Network
from seqloom.networks import AnyNetwork
from seqloom.search import Hypothesis, ModelStepper, SearchConfig
from seqloom.search import search as find
from seqloom.search.graph_inputs import asked

SIZES = ((1, 1), (5, 11), (2, 23))
SEARCHES = (SearchConfig(beam=1), SearchConfig(beam=3, n_best=2), SearchConfig(beam=2, no_repeat_ngram=2, min_length=3))
CLOSE = 1e-3
"""Difference of log-probabilities that rounding explains; a token may then be another one, too."""


def checked_graph(model: Network, search: SearchConfig, *, fused: bool = True, listed: bool = False) -> onnx.ModelProto:
    """The graph of a model, compared with it; see `graph_of`. Refuses a model that has no such graph."""
    try:
        graph = graph_of(model, search, fused=fused, listed=listed)
    except torch.onnx.OnnxExporterError as error:
        raise refused(model, error) from error
    check_parity(model, graph)
    return graph


def check_parity(model: Network, graph: onnx.ModelProto) -> None:
    """Refuse a graph that does not answer as the model does."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
        for config in SEARCHES:
            for sentences, length in SIZES:
                source, lengths = random_sources(model.source_size, sentences, length)
                wanted = find(ModelStepper(model), source, lengths, config, alignments=True)
                _compare(_answers(session, source, lengths, config), wanted)
    except DiffersError as error:
        raise refused(model, error) from None
    except Exception as error:  # the library's own errors have no common kind
        raise refused(model, error) from error


class DiffersError(Exception):
    """An answer that is not the model's."""


def refused(model: AnyNetwork, error: BaseException) -> ConfigError:
    """What the model is made of, and the reason that lies deepest."""
    while error.__cause__ is not None:
        error = error.__cause__
    reason = next(iter(str(error).splitlines()), "") or type(error).__name__
    parts = "; ".join(dict.fromkeys(_parts(each.config) for each in single_networks(model)))
    return ConfigError(
        f"this model cannot be exported: {parts}: {reason}",
        hint="it answers with PyTorch; a part of your own can be exported if all that it does is an operator of ONNX",
    )


def _parts(config: ModelConfig) -> str:
    """What a network is made of."""
    if config.tagger is not None and config.word_pooling is not None:
        return f"{_encoder(config)}, word_pooling {config.word_pooling.kind}, tagger {config.tagger.kind}"
    if config.pooling is not None:
        return f"{_encoder(config)}, pooling {config.pooling.kind}"
    attention = "" if config.attention is None else f", attention {config.attention.kind}"
    decoder = f"decoder cell {config.decoder_cell.kind}, decoder.attend {config.decoder.attend}"
    return f"{_encoder(config)}, {decoder}{attention}"


def _encoder(config: ModelConfig) -> str:
    cell = config.encoder_cell
    return f"encoder {config.encoder.kind}" if cell is None else f"encoder cell {cell.kind}"


def random_sources(size: int, sentences: int, length: int) -> tuple[Tensor, Tensor]:
    """Made-up sources [B, S] and their lengths, the first of which is the longest."""
    chance = torch.Generator().manual_seed(sentences)
    lengths = torch.randint(1, length + 1, (sentences,), generator=chance)
    lengths[0] = length
    source = torch.randint(min(4, size - 1), size, (sentences, length), generator=chance)
    return source.masked_fill(torch.arange(length) >= lengths[:, None], 0), lengths


def _answers(
    session: onnxruntime.InferenceSession, source: Tensor, lengths: Tensor, config: SearchConfig
) -> dict[str, np.ndarray]:
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, asked(source.numpy(), lengths.numpy(), config)), strict=True))


def _compare(found: dict[str, np.ndarray], wanted: list[list[Hypothesis]]) -> None:
    for row, hypotheses in enumerate(wanted):
        for rank, each in enumerate(hypotheses):
            length = len(each.token_log_probs)
            score = float(found["scores"][row, rank])
            if not np.isclose(score, each.score, atol=CLOSE, rtol=CLOSE):
                raise DiffersError(f"a score is {score:.5g} instead of {each.score:.5g}")
            same = tuple(found["tokens"][row, rank, : length - 1].tolist()) == each.ids
            if same and each.alignment is not None:
                weights = found["alignments"][row, rank, : length - 1, : each.alignment.shape[1]]
                if weights.shape == each.alignment.shape and not np.allclose(weights, each.alignment, atol=CLOSE):
                    raise DiffersError("the alignments differ")
