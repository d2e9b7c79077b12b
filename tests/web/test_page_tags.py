"""Answers of the page and of Node.js that are tags or frames are those of the package, from what the graph finds."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import seqloom
from seqloom.inference.onnx_tags import OnnxFrameEngine, OnnxTagEngine
from seqloom.tag_scheme import spans_of
from seqloom.text.special import EOS
from tagged import tagged
from transduced import words

HERE = Path(__file__).parent
TEXTS = [*(text for text, _ in tagged(20, 9)), " ", "xyz is  in\tnew york\u00a0city", "de boer"]


def run(node: str, folder: Path, texts: Sequence[str] = TEXTS, **settings: Any) -> dict[str, Any]:
    model = seqloom.load(folder, engine="onnx", int8=False)
    engine, outputs = model.predictor.engine, {}
    assert isinstance(engine, OnnxTagEngine | OnnxFrameEngine)
    limit = settings.get("max_source_length", 1000)
    for read in model.codecs.source.read(texts, [()] * len(texts), limit):
        if read.ids:
            ids = [*read.ids, EOS]
            row, size = np.array([ids]), np.array([len(ids)])
            frames = None if isinstance(engine, OnnxTagEngine) else engine.frames(row, size)
            found = engine.tags(row, size) if isinstance(engine, OnnxTagEngine) else engine.frames(row, size).tags
            named = {name: each[0].tolist() for name, each in found._asdict().items()}
            named |= {} if frames is None else {"label_scores": frames.labels.scores[0].tolist()}
            outputs[" ".join(map(str, ids))] = named
    given = json.dumps({"texts": texts, "settings": settings, "outputs": outputs})
    command: list[str | Path] = [node, HERE / "tags.mjs", folder]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    values: dict[str, Any] = json.loads(done.stdout)
    return values


@pytest.mark.parametrize("limit", [1000, 5])
@pytest.mark.parametrize("kind", ["tags", "frame", "joined_tags", "joined_frame"])
def test_tags_are_those_of_the_package(kind: str, limit: int, node: str, request: pytest.FixtureRequest) -> None:
    """Also where words are cut off."""
    settings: dict[str, Any] = {"max_source_length": limit}
    folder = request.getfixturevalue(f"{kind}_graphs")
    model = seqloom.load(folder, engine="onnx", int8=False).with_settings({"search": settings})
    found = run(node, folder, **settings)["answers"]
    for one, two in zip(found, model.predict(TEXTS, alignments=True), strict=True):
        assert (one["text"], tuple(one["tags"])) == (two.text, two.tags)
        assert tuple(one["labels"]) == two.labels
        assert one["probabilities"] == pytest.approx(dict(two.probabilities), abs=1e-5)
        assert one["score"] == pytest.approx(two.score, abs=1e-5)
        assert one["tagProbabilities"] == pytest.approx(two.tag_probabilities, abs=1e-5)
        assert (one["cut"], tuple(one["unknown"])) == (two.cut, two.unknown)
        assert tuple(one["sourceTokens"]) == two.source_tokens
        assert len(one["spans"]) == len(two.spans)
        for first, second in zip(one["spans"], two.spans, strict=True):
            assert {**first, "probability": round(first["probability"], 4)} == pytest.approx(second.to_json())


@pytest.mark.parametrize("limit", [1000, 3])
def test_transductions_are_those_of_the_package(limit: int, node: str, transduction_graphs: Path) -> None:
    texts = [*(source for source, _ in words(20, 9)), "", "ayb"]
    settings: dict[str, Any] = {"max_source_length": limit}
    model = seqloom.load(transduction_graphs, engine="onnx", int8=False).with_settings({"search": settings})
    found = run(node, transduction_graphs, texts, **settings)["answers"]
    for one, two in zip(found, model.predict(texts, alignments=True), strict=True):
        assert one["text"] == two.text
        assert one["score"] == pytest.approx(two.score, abs=1e-5)
        assert one["confidence"] == pytest.approx(two.confidence, abs=1e-5)
        assert tuple(one["sourceTokens"]) == two.source_tokens
        assert tuple(one["targetTokens"]) == two.target_tokens
        assert one["tokenLogProbs"] == pytest.approx(list(two.token_log_probs), abs=1e-5)
        assert (one["cut"], tuple(one["unknown"])) == (two.cut, two.unknown)
        if two.alignment is not None:
            assert one["alignment"] == two.alignment.tolist()


def test_what_tags_do_not_have_is_refused(node: str, tags_graphs: Path) -> None:
    assert "leave prefix out" in run(node, tags_graphs, prefix="O")["error"]
    assert "n_best must be 1" in run(node, tags_graphs, n_best=2)["error"]


def test_spans_are_those_of_the_package(node: str) -> None:
    chance = np.random.default_rng(1)
    tags = ["O", "NOUN", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in ("X", "Y-Z"))]
    drawn = [[tags[place] for place in chance.integers(0, len(tags), chance.integers(0, 7))] for _ in range(300)]
    script = (
        "import { spansOf } from './web/seqloom/tags.js';"
        f"process.stdout.write(JSON.stringify({json.dumps(drawn)}.map(spansOf)))"
    )
    command = [node, "--input-type=module", "-e", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=HERE.parents[1])
    wanted = [[{"type": kind, "start": start, "end": end} for kind, start, end in spans_of(each)] for each in drawn]
    assert json.loads(done.stdout) == wanted
