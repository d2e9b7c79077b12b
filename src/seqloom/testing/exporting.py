"""Law 4 for whoever writes a member: the exported graph answers as the network does, in float32 and in 8 bits."""

from __future__ import annotations

import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from seqloom.errors import ConfigError, install_command
from seqloom.model import Network
from seqloom.search import SearchConfig
from seqloom.testing.comparing import ALONE, EXPORTED, broken, require

if TYPE_CHECKING:
    import onnx

NEEDED = ("onnx", "onnxscript", "onnxruntime")
CLOSE = 0.1
"""Difference in nats a token that 8 bits may make to the best score of a small network with random weights."""


class UncheckedWarning(UserWarning):
    """A law was not tried, because a package is missing."""


def can_export(where: str = "") -> bool:
    """Whether graphs can be made here; where they cannot, that is said in a warning."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        said = f"{EXPORTED}; not tried{f' with {where}' if where else ''}: {', '.join(missing)} is not installed"
        warnings.warn(f"{said} ({install_command('export')})", UncheckedWarning, stacklevel=3)
    return not missing


def export_answers_alike(model: Network, where: str = "", *, fused: bool = True) -> onnx.ModelProto:
    """Law 4: the float32 graph of a network and its search gives PyTorch's tokens, scores and alignments.

    It is compared at other lengths, batches and beams than those that were traced. Without `fused`, recurrences are
    traced step by step, as a graph with weights of 8 bits has them. Returns the graph.
    """
    from seqloom.export.parity import checked_graph  # noqa: PLC0415 - optional package

    try:
        return checked_graph(model, SearchConfig(), fused=fused)
    except ConfigError as error:
        raise broken(EXPORTED, where, error.message) from error


def eight_bits_answer_nearly_alike(exact: onnx.ModelProto, where: str = "") -> None:
    """Laws 2 and 4 for the graph with weights of 8 bits that follows from a graph traced step by step.

    A sentence alone is answered as among others, and its best score is within 0.1 nats a token of the float32 graph's.
    """
    from onnxruntime import InferenceSession, SessionOptions  # noqa: PLC0415 - optional packages

    from seqloom.export.quantise import quantised  # noqa: PLC0415

    options = SessionOptions()
    options.log_severity_level = 4
    precise, rounded = (
        InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])
        for graph in (exact, quantised(exact))
    )
    lengths = np.array([5, 1, 9, 3])
    source = np.random.default_rng(0).integers(4, 13, (4, 9)) * (np.arange(9) < lengths[:, None])
    for beam in (1, 4):
        scores, tokens = _best(rounded, source, lengths, beam)
        wanted = _best(precise, source, lengths, beam)[0]
        difference = float(np.abs(scores[:, 0] - wanted[:, 0]).max())
        said = f"with 8 bits and a beam of {beam} a best score differs by {difference:.3f} nats a token"
        require(EXPORTED, where, difference < CLOSE, said)
        for row, length in enumerate(lengths):
            score, token = _best(rounded, source[row : row + 1, :length], lengths[row : row + 1], beam)
            same = np.array_equal(token[0], tokens[row, :, : token.shape[2]])
            near = bool(np.allclose(score[0], scores[row], atol=1e-5))
            require(ALONE, where, same and near, f"with 8 bits sentence {row} is answered otherwise among others")


def _best(session: Any, source: NDArray[Any], lengths: NDArray[Any], beam: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Scores [B, K] and tokens [B, K, T] of the best outputs."""
    asked = {"source": source, "source_lengths": lengths, "beam": np.array(beam), "n_best": np.array(beam)}
    scores, tokens = session.run(["scores", "tokens"], asked)
    return scores, tokens
