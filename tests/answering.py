"""What models answer, and that two of them answer the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from seqloom.inference.predicting_model import PredictingModel
from seqloom.prediction import Prediction

Asked = dict[str, Any]
"""Settings of a search by their keys; `beam`, `n_best` and `prefix` by their names."""


def answers(model: PredictingModel, lines: list[Any], asked: Asked, *, alignments: bool = True) -> list[Prediction]:
    asked = dict(asked)
    prefix = asked.pop("prefix", "")
    width = {name: asked.pop(name) for name in ("beam", "n_best") if name in asked}
    return list(model.with_settings(asked, **width).stream(lines, alignments=alignments, prefix=prefix))


def assert_same(found: list[Prediction], wanted: list[Prediction], tolerance: float = 1e-4) -> None:
    assert len(found) == len(wanted)
    for own, other in zip(found, wanted, strict=True):
        assert_same(list(own.alternatives), list(other.alternatives), tolerance)
        assert (own.text, own.cut) == (other.text, other.cut)
        assert (own.source_tokens, own.target_tokens) == (other.source_tokens, other.target_tokens)
        assert own.score == pytest.approx(other.score, abs=tolerance)
        assert (own.confidence is None) == (other.confidence is None)
        if own.confidence is not None and other.confidence is not None:
            assert own.confidence == pytest.approx(other.confidence, abs=10 * tolerance)
        assert own.token_log_probs == pytest.approx(other.token_log_probs, abs=tolerance)
        if own.alignment is None or other.alignment is None:
            assert own.alignment is other.alignment
        else:
            assert own.alignment.dtype == other.alignment.dtype
            assert own.alignment.shape == other.alignment.shape
            np.testing.assert_allclose(own.alignment, other.alignment, atol=tolerance)
