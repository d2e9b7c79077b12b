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
from graphs import words
from seqloom.eager import TorchEngine
from seqloom.inference import Predictor
from toy import copied

pytestmark = [pytest.mark.browser, pytest.mark.slow]

EXAMPLE = Path(__file__).parents[2] / "examples" / "node"
READ = (
    "manifest.json",
    "config.toml",
    "tokenizer.json",
    "tokenizer.source.json",
    "tokenizer.target.json",
    "model.onnx",
)


@pytest.fixture(scope="module")
def folders(node: str, request: pytest.FixtureRequest) -> dict[str, Path]:
    if not (EXAMPLE / "node_modules" / "onnxruntime-node").is_dir():
        pytest.skip("onnxruntime-node is not in examples/node: npm install --ignore-scripts puts it there")
    found: dict[str, Path] = request.getfixturevalue("exported")
    return found


@pytest.mark.parametrize(("kind", "beam"), [("character", 5), ("bpe", 2), ("bpe", 1)])
def test_the_example_answers(kind: str, beam: int, node: str, folders: dict[str, Path], tmp_path: Path) -> None:
    made = copied(40, seed=9) if kind == "character" else words(40, seed=9)
    lines = [source for source, _ in made] + ["", "??"]
    for name in READ:
        if (folders[kind] / name).is_file():
            shutil.copy(folders[kind] / name, tmp_path)
    command: list[str | Path] = [node, EXAMPLE / "predict.js", tmp_path, str(beam)]
    done = subprocess.run(command, input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    model = seqloom.load(folders[kind]).with_settings(beam=beam, n_best=min(3, beam))
    engine, tokenizers = TorchEngine(model.network.eval()), (model.source_tokenizer, model.target_tokenizer)
    wanted = []
    for answer in Predictor(engine, *tokenizers, model.config.search).predict(lines, details=True):
        wanted += [f"{answer.score:.4f}\t{answer.text}"]
        wanted += [f"  {other.score:.4f}\t{other.text}" for other in answer.alternatives]
        if answer.alignment is not None and len(answer.alignment):
            most = zip(answer.target_tokens, answer.alignment.argmax(1), strict=False)
            wanted += ["  " + " ".join(f"{token}←{answer.source_tokens[place]}" for token, place in most)]
    found = done.stdout.splitlines()
    assert [line.split("\t")[1:] or line for line in found] == [line.split("\t")[1:] or line for line in wanted]
    scores = [[float(line.split("\t")[0]) for line in side if "\t" in line] for side in (found, wanted)]
    assert scores[0] == pytest.approx(scores[1], abs=2e-4)
