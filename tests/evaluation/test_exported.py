"""Exported models are evaluated as they are with PyTorch, whatever they answer with, and where PyTorch is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import seqloom
from framed import framed
from labelling import labelled
from seqloom.cli.main import app
from seqloom.evaluation import Evaluation
from seqloom.export import export_model
from tagged import tagged
from toy import copied, write_pairs
from transduced import words

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
PAIRS = {
    "both_graphs": [*copied(40, seed=9), ("a?c", "a?c"), ("abcd", "dcba")],
    "label_graphs": [*labelled(40, 9), ("a film", "no label of these")],
    "labels_graphs": [*labelled(40, 9, several=True), ("a good film", "joy, wonder")],
    "tags_graphs": [*tagged(40, 9), ("mars is far", "B-POI O O")],
    "frame_graphs": [*framed(40, 9), ("mars is far", "mars: B-POI O O")],
    "transduction_graphs": [*words(40, 9), ("chab", "K ? B")],
}
"""By the fixture of a folder with its graphs: pairs that the model mostly knows, and some that it cannot know."""
HIDE = "import sys\nfor name in {}: sys.modules[name] = None\nfrom seqloom.cli.main import main\nmain()"
RUNTIME = ("torch", "pyarrow", "onnx", "jaxtyping", "filelock", "sacrebleu", "rouge_score")
"""Packages that a runtime with the extra `metrics` need not have."""


@pytest.fixture(params=PAIRS)
def folder(request: pytest.FixtureRequest) -> tuple[Path, list[tuple[str, str]]]:
    return request.getfixturevalue(request.param), PAIRS[request.param]


def figures(found: Evaluation) -> dict[str, float]:
    names = ("loss", "loss_per_character", "perplexity", *found.label_figures, *(score.name for score in found.scores))
    return {name: found[name] for name in names}


def test_both_engines_give_the_same_evaluation(folder: tuple[Path, list[tuple[str, str]]]) -> None:
    """Figures, loss, worst examples, calibration, classes, notes and hash of the target tokens."""
    place, pairs = folder
    wanted = seqloom.load(place, engine="torch").evaluate(pairs)
    found = seqloom.load(place, engine="onnx", int8=False).evaluate(pairs)
    assert figures(found) == pytest.approx(figures(wanted), rel=1e-4)
    assert found.texts == wanted.texts
    assert found.worst == wanted.worst
    assert found.notes == wanted.notes
    assert (found.tokens, found.target_tokens) == (wanted.tokens, wanted.target_tokens)
    assert found.labels == wanted.labels
    assert found.tags == wanted.tags
    assert (found.confidence is None) == (wanted.confidence is None)
    assert found.to_json().keys() == wanted.to_json().keys()


def test_weights_of_8_bits_have_nearly_the_same_loss(folder: tuple[Path, list[tuple[str, str]]]) -> None:
    place, pairs = folder
    whole, small = (seqloom.load(place, engine="onnx", int8=int8).evaluate(pairs) for int8 in (False, True))
    assert small.loss != whole.loss
    assert small.loss == pytest.approx(whole.loss, rel=0.1, abs=0.02)


def test_figures_by_file_and_by_name(both_graphs: Path, tmp_path: Path) -> None:
    files = [write_pairs(tmp_path / f"{name}.tsv", copied(12, seed=seed)) for seed, name in enumerate("ab", start=3)]
    by_torch, by_graph = (
        seqloom.load(both_graphs, engine=engine).with_settings(["evaluation.worst=2"]) for engine in ("torch", "onnx")
    )
    wanted, found = by_torch.evaluate(files), by_graph.evaluate(files)
    assert found.by is not None
    assert wanted.by is not None
    assert found.by.kind == "file"
    for one, two in zip(found.by.rows, wanted.by.rows, strict=True):
        assert one.figures == pytest.approx(two.figures, rel=1e-4)
    assert len(found.worst) == 2
    assert [score.name for score in by_graph.evaluate(files, metrics="chrf").scores] == ["chrf"]
    calibrated = by_graph.with_confidence(copied(60, seed=8)).evaluate(files)
    assert calibrated.confidence is not None


def test_a_process_without_pytorch_evaluates(both_graphs: Path, tmp_path: Path) -> None:
    """It prints what is printed with PyTorch."""
    data = write_pairs(tmp_path / "test.tsv", PAIRS["both_graphs"])
    command = ["evaluate", str(both_graphs), str(data), "--json", "--metrics", "exact_match,cer"]
    with_torch = json.loads(CliRunner().invoke(app, [*command, "--engine=torch"]).stdout)
    done = apart(RUNTIME, *command)
    assert done.returncode == 0, done.stderr
    alone = json.loads(done.stdout)
    for values in (with_torch, alone):
        del values["seconds"]
    assert alone.pop("loss") == pytest.approx(with_torch.pop("loss"), rel=1e-4)
    for name in ("loss_per_character", "perplexity"):
        assert alone.pop(name) == pytest.approx(with_torch.pop(name), rel=1e-3)
    sure = alone.pop("confidence")["brier_score"]
    assert sure == pytest.approx(with_torch.pop("confidence")["brier_score"], rel=1e-3)
    assert [each["prediction"] for each in alone.pop("predictions")] == [
        each["prediction"] for each in with_torch.pop("predictions")
    ]
    assert alone == with_torch
    scored = apart(RUNTIME, "score", str(both_graphs), str(data), "--int8")
    assert scored.returncode == 0, scored.stderr
    assert len(scored.stdout.splitlines()) == len(PAIRS["both_graphs"])


def test_what_a_metric_needs_is_named(both_graphs: Path, tmp_path: Path) -> None:
    """Exact matches are counted without any further package; the worst of them are told by their edits."""
    data = write_pairs(tmp_path / "test.tsv", copied(5))
    command = ["evaluate", str(both_graphs), str(data), "--metrics", "exact_match"]
    lacking = apart((*RUNTIME, "rapidfuzz"), *command)
    assert lacking.returncode == 2
    assert "the metric cer needs the package rapidfuzz" in lacking.stderr
    assert "[metrics]" in lacking.stderr
    done = apart((*RUNTIME, "rapidfuzz"), *command, "--set", "evaluation.worst=0", "--int8")
    assert done.returncode == 0, done.stderr


def apart(hidden: tuple[str, ...], *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command in a process that cannot import some packages."""
    command = [sys.executable, "-c", HIDE.format(repr(hidden)), *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=dict(os.environ), check=False)


def test_a_model_in_memory_is_exported(label_folder: Path, tmp_path: Path) -> None:
    """With its own settings and answers, which the folder that it came from has not."""
    model = seqloom.load(label_folder, engine="torch")
    changed = model.with_settings(["search.max_source_length=9"]).with_exceptions([("a film", "grief")])
    graph = changed.export(tmp_path / "new", int8=True)
    assert graph == tmp_path / "new" / "model.int8.onnx"
    loaded = seqloom.load(tmp_path / "new", engine="auto", int8=True)
    assert loaded.config.search.max_source_length == 9
    assert loaded.predict_one("a film").text == "grief"
    assert loaded.predict_one("the glad day").text == model.predict_one("the glad day").text
    with pytest.raises(seqloom.ConfigError, match="the output folder must be new or empty"):
        changed.export(tmp_path / "new")
    with pytest.raises(seqloom.ConfigError, match="the model is in no folder that a graph could join"):
        replace(model, folder="").export()


def test_a_graph_joins_the_folder_of_its_model(label_folder: Path, tmp_path: Path) -> None:
    seqloom.load(label_folder, engine="torch").save(tmp_path / "own")
    model = seqloom.load(tmp_path / "own", engine="torch")
    assert model.export() == tmp_path / "own" / "model.onnx"
    by_function, by_model = export_model(tmp_path / "own", tmp_path / "function"), model.export(tmp_path / "method")
    assert {each.name for each in by_function.parent.iterdir()} == {each.name for each in by_model.parent.iterdir()}
    assert by_function.read_bytes() == by_model.read_bytes()
