"""A prediction as plain values."""

from __future__ import annotations

import json

import numpy as np

from seqloom.prediction import Prediction


def test_all_of_a_prediction_is_plain_values() -> None:
    weights = np.array([[0.25, 0.75], [1 / 3, 2 / 3]], np.float32)
    second = Prediction("b", -2.0)
    answer = Prediction(
        "a", -1 / 3, ("x", "</s>"), ("a", "</s>"), (-0.12345678, -0.5), weights, (second,), True, ("é",)
    )
    values = json.loads(json.dumps(answer.to_json()))
    assert values == {
        "text": "a",
        "score": -0.3333,
        "source_tokens": ["x", "</s>"],
        "target_tokens": ["a", "</s>"],
        "token_log_probs": [-0.1235, -0.5],
        "alignment": [[0.25, 0.75], [0.3333, 0.6667]],
        "cut": True,
        "unknown": ["é"],
        "at_limit": False,
        "confidence": None,
        "origin": "model",
        "alternatives": [second.to_json()],
    }
    assert second.to_json()["alignment"] is None
    assert "alternatives" not in second.to_json()
