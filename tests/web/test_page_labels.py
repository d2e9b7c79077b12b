"""Answers of the page and of Node.js that are labels are those of the package, from the same scores of a graph."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqloom
from labelling import labelled
from seqloom.runtime_model import RuntimeModel
from seqloom.text.special import EOS

HERE = Path(__file__).parent
TEXTS = [*(text for text, _ in labelled(20, 9)), " ", "what is new"]


def run(node: str, folder: Path, model: RuntimeModel, **settings: Any) -> dict[str, Any]:
    outputs = {}
    for read in model.codecs.source.read([text for text in TEXTS if text.strip()], [()] * (len(TEXTS) - 1), 100):
        ids = [*read.ids, EOS]
        found = model.engine.labels(np.array([ids]), np.array([len(ids)]))  # type: ignore[union-attr]
        assert found.weights is not None
        outputs[" ".join(map(str, ids))] = {"scores": found.scores[0].tolist(), "weights": found.weights[0].tolist()}
    given = json.dumps({"texts": TEXTS, "settings": settings, "outputs": outputs})
    command: list[str | Path] = [node, HERE / "labels.mjs", folder]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    values: dict[str, Any] = json.loads(done.stdout)
    return values


@pytest.mark.parametrize(("kind", "several"), [("label_graphs", 3), ("labels_graphs", 1)])
def test_labels_are_those_of_the_package(kind: str, several: int, node: str, request: pytest.FixtureRequest) -> None:
    folder: Path = request.getfixturevalue(kind)
    model = seqloom.load(folder, engine="onnx", int8=False)
    found = run(node, folder, model, n_best=several)["answers"]
    wanted = model.predict(TEXTS, n_best=several, alignments=True)
    for one, two in zip(found, wanted, strict=True):
        assert (one["text"], tuple(one["labels"])) == (two.text, two.labels)
        assert one["score"] == pytest.approx(two.score, abs=1e-5)
        assert one["probabilities"] == pytest.approx(dict(two.probabilities), abs=1e-5)
        assert list(one["probabilities"]) == list(two.probabilities)
        assert [each["text"] for each in one["alternatives"]] == [each.text for each in two.alternatives]
        if two.text:
            assert one["confidence"] == pytest.approx(two.confidence, abs=1e-5)
            assert one["sourceTokens"] == list(two.source_tokens)
            assert two.alignment is not None
            assert np.allclose(one["alignment"], two.alignment, atol=1e-5)


def test_what_labels_do_not_have_is_refused(node: str, label_graphs: Path, labels_graphs: Path) -> None:
    one, several = (seqloom.load(folder, engine="onnx", int8=False) for folder in (label_graphs, labels_graphs))
    assert "no beginning" in run(node, label_graphs, one, prefix="j")["error"]
    assert "n_best must be 1" in run(node, labels_graphs, several, n_best=2)["error"]
