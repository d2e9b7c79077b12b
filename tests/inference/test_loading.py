"""Which engine a folder is loaded with, what is refused, and how fast it is there."""

from __future__ import annotations

import importlib.util
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import seqloom
from exporting import listed
from seqloom import loading
from seqloom.api import Model
from seqloom.checkpoint.format import FORMAT_VERSION, GRAPH, GRAPH_INT8, MANIFEST, WEIGHTS, FileRecord
from seqloom.codecs import TARGET_CODECS
from seqloom.inference.onnx_engine import OnnxEngine
from seqloom.runtime_model import MISSING, RuntimeModel, load_graph


@pytest.fixture
def copy(exported_folder: Path, tmp_path: Path) -> Path:
    """A folder that may be spoilt."""
    return Path(shutil.copytree(exported_folder, tmp_path / "m"))


def refused(folder: Path, **asked: Any) -> str:
    with pytest.raises(seqloom.SeqloomError) as caught:
        seqloom.load(folder, **asked)
    return str(caught.value)


def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "find_spec", lambda name: None if name == "torch" else importlib.util.find_spec(name))


def test_with_pytorch_the_weights_are_taken_unless_asked_otherwise(copy: Path) -> None:
    assert isinstance(seqloom.load(copy), Model)
    assert isinstance(seqloom.load(copy, engine="torch"), Model)
    assert isinstance(seqloom.load(copy, engine="onnx"), RuntimeModel)
    assert isinstance(seqloom.load(copy, engine="auto", threads=1), RuntimeModel)


def test_without_pytorch_the_graph_is_taken(copy: Path, toy_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)
    model: Any = seqloom.load(copy)
    assert isinstance(model, RuntimeModel)
    assert model.predict("abc")[0].text == "abc"
    said = refused(toy_folder)
    assert "has no exported graph (model.onnx or model.int8.onnx)" in said
    assert f"seqloom export {toy_folder}" in said


def test_a_folder_of_a_graph_alone_is_enough(copy: Path) -> None:
    (copy / WEIGHTS).unlink()
    listed(copy, {WEIGHTS: None})
    model: Any = seqloom.load(copy)
    assert isinstance(model, RuntimeModel)
    assert model.predict("dab")[0].text == "dab"


@pytest.mark.parametrize("engine", ["auto", "torch", "onnx"])
def test_a_folder_of_an_older_version_is_refused_by_every_engine(engine: str, copy: Path) -> None:
    path = copy / MANIFEST
    path.write_text(path.read_text().replace(f'"format_version": {FORMAT_VERSION}', '"format_version": 1'))
    said = refused(copy, engine=engine)
    assert said.startswith(f"{path}: must have format version {FORMAT_VERSION}, not 1")
    assert "hint: train it again" in said


def test_int8_is_taken_where_it_is_asked_for_or_alone(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    monkeypatch.setattr(OnnxEngine, "__init__", lambda self, path, **_: taken.append(path.name))
    assert "has no exported graph (model.int8.onnx)" in refused(copy, int8=True)
    assert "--int8" in refused(copy, int8=True)
    shutil.copy(copy / GRAPH, copy / GRAPH_INT8)
    listed(copy, {GRAPH_INT8: FileRecord.of(copy / GRAPH_INT8)})
    for asked in (None, False, True):
        load_graph(copy, int8=asked)
    seqloom.load(copy, int8=True)
    listed(copy, {GRAPH: None})
    load_graph(copy)
    assert taken == [GRAPH, GRAPH, GRAPH_INT8, GRAPH_INT8, GRAPH_INT8]
    assert "has no exported graph (model.onnx)" in refused(copy, engine="onnx", int8=False)


def test_wrong_choices_are_refused(copy: Path) -> None:
    assert "engine must be one of auto, torch, onnx, not 'onx'\nhint: did you mean onnx?" in refused(copy, engine="onx")
    assert "int8 and threads are of the onnx engine" in refused(copy, engine="torch", int8=True)
    assert "threads must be at least 1, not 0" in refused(copy, threads=0)


def test_each_file_is_checked_before_it_is_read(copy: Path) -> None:
    for name in (GRAPH, "config.toml", "tokenizer.target.json"):
        whole = (copy / name).read_bytes()
        (copy / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        assert f"{name}: the file is damaged" in refused(copy, engine="onnx")
        (copy / name).unlink()
        assert f"{name}: the file is missing" in refused(copy, engine="onnx")
        (copy / name).write_bytes(whole)
    listed(copy, {"tokenizer.target.json": None})
    assert "the manifest does not list tokenizer.target.json" in refused(copy, engine="onnx")


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_a_folder_of_an_earlier_version_holds_text(copy: Path, engine: str) -> None:
    path = copy / "manifest.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    assert {side: each["kind"] for side, each in values["codecs"].items()} == {"source": "text", "target": "text"}
    new = seqloom.load(copy, engine=engine).predict(["abc"])
    del values["codecs"]
    path.write_text(json.dumps(values), encoding="utf-8")
    assert seqloom.load(copy, engine=engine).predict(["abc"]) == new


@pytest.mark.parametrize("engine", ["torch", "onnx"])
def test_a_codec_that_is_not_known_is_refused(copy: Path, engine: str) -> None:
    path = copy / "manifest.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    for codec, said in [
        (
            {"kind": "pictures", "file": "tokenizer.target.json"},
            f"must be one of {', '.join(TARGET_CODECS)}, not 'pictures'",
        ),
        ({"kind": "text", "file": "../tokenizer.json"}, "names files of its own folder only"),
        ({"kind": "text", "file": "other.json"}, "the manifest does not list other.json"),
        ({"kind": "text"}, "codecs must name a kind and a file"),
    ]:
        path.write_text(json.dumps({**values, "codecs": {**values["codecs"], "target": codec}}), encoding="utf-8")
        assert said in refused(copy, engine=engine)


def test_a_graph_that_cannot_be_run_is_refused(copy: Path) -> None:
    (copy / GRAPH).write_bytes(b"no graph")
    listed(copy, {GRAPH: FileRecord.of(copy / GRAPH)})
    said = refused(copy, engine="onnx")
    assert f"{copy / GRAPH}: cannot be run by ONNX Runtime" in said
    assert "hint: " in said


def test_settings_of_search_and_data_change_and_no_others(copy: Path) -> None:
    model = seqloom.load(copy, engine="onnx")
    wide = model.with_settings(["search.beam=7", "data.source=2"], n_best=2)
    assert (wide.config.search.beam, wide.config.search.n_best, wide.config.data.source) == (7, 2, "2")
    assert model.with_settings(n_best=9).config.search.beam == 9
    assert model.with_settings(["evaluation.worst=1"]).config.evaluation.worst == 1
    for setting in ("model.hidden=3", "training.seed=2"):
        with pytest.raises(seqloom.ConfigError, match="has no part in an exported model"):
            model.with_settings([setting])
    with pytest.raises(seqloom.ConfigError, match="did you mean search"):
        model.with_settings(["serch.beam=2"])


def test_what_needs_pytorch_says_so(copy: Path) -> None:
    model: Any = seqloom.load(copy, engine="onnx")
    for kind in (AttributeError, seqloom.SeqloomError):
        with pytest.raises(kind, match="sizes needs PyTorch: an exported graph predicts, scores and is evaluated"):
            model.sizes()
    assert not hasattr(model, "nothing")
    with_torch, without = seqloom.load(copy, engine="torch"), {*dir(model), *vars(model)}
    public = {name for name in {*dir(with_torch), *vars(with_torch)} if not name.startswith("_")}
    assert public - without == set(MISSING)
    with pytest.raises(seqloom.DependencyError, match="drawn at random by PyTorch"):
        model.sample(["a"])


@pytest.mark.parametrize("given", [None, 3, b"folder", ["a", "b"]])
@pytest.mark.parametrize("engine", ["auto", "torch", "onnx"])
def test_a_folder_is_named_by_its_path(given: Any, engine: str) -> None:
    assert "must be given by its path, not by" in refused(given, engine=engine)


def processor_time(code: str) -> float:
    """Seconds of the processor from the start of Python to its end, the best of three."""
    found = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)


def test_a_folder_is_there_soon(exported_folder: Path) -> None:
    """Half a second where nothing else runs; beside other programs, what the libraries take is the measure."""
    libraries = processor_time("import numpy, onnxruntime, tokenizers, pydantic")
    assert processor_time(f"import seqloom; seqloom.load({str(exported_folder)!r}, engine='onnx')") < 5 * libraries
