"""The example in Node.js answers as the package does, from the model folder alone.

cd examples/node && npm install --ignore-scripts
pytest -m browser
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import seqloom
from graphs import lines
from seqloom.checkpoint.format import GRAPH, GRAPH_INT8

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(1200)]

EXAMPLE = Path(__file__).parents[2] / "examples" / "node"
READ = (
    "manifest.json",
    "config.toml",
    "tokenizer.json",
    "tokenizer.source.json",
    "tokenizer.target.json",
    "shortlist.safetensors",
    "confidence.json",
)
CASES = [("character", 5, GRAPH), ("bpe", 2, GRAPH), ("bpe", 1, GRAPH), ("large", 4, GRAPH), ("large", 1, GRAPH)]
CASES += [("character", 3, GRAPH_INT8), ("large", 4, GRAPH_INT8), ("large", 1, GRAPH_INT8)]


@pytest.fixture(scope="module")
def folders(node: str, request: pytest.FixtureRequest) -> dict[str, Path]:
    if not (EXAMPLE / "node_modules" / "onnxruntime-node").is_dir():
        pytest.skip("onnxruntime-node is not in examples/node: npm install --ignore-scripts puts it there")
    found: dict[str, Path] = request.getfixturevalue("exported")
    return found


@pytest.mark.parametrize(("kind", "beam", "graph"), CASES)
def test_the_example_answers(
    kind: str, beam: int, graph: str, node: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    """From a folder that holds one graph; what is not the first has to be named where there are two."""
    texts = [*lines(kind, 40, seed=9), "", "??"]
    for name in (*READ, graph):
        if (folders[kind] / name).is_file():
            shutil.copy(folders[kind] / name, tmp_path)
    command: list[str | Path] = [node, EXAMPLE / "predict.js", tmp_path, str(beam), graph]
    done = subprocess.run(command, input="\n".join(texts) + "\n", capture_output=True, text=True, check=True)
    model = seqloom.load(folders[kind], engine="onnx", int8=graph == GRAPH_INT8)
    wanted = []
    for answer in model.predict(texts, beam=beam, n_best=min(3, beam), alignments=True):
        wanted += [f"{answer.score:.4f}\t{answer.text}"]
        wanted += [f"  {other.score:.4f}\t{other.text}" for other in answer.alternatives]
        if answer.alignment is not None and len(answer.alignment):
            most = zip(answer.target_tokens, answer.alignment.argmax(1), strict=False)
            wanted += ["  " + " ".join(f"{token}←{answer.source_tokens[place]}" for token, place in most)]
    found = done.stdout.splitlines()
    assert [line.split("\t")[1:] or line for line in found] == [line.split("\t")[1:] or line for line in wanted]
    scores = [[float(line.split("\t")[0]) for line in side if "\t" in line] for side in (found, wanted)]
    assert scores[0] == pytest.approx(scores[1], abs=2e-4)
