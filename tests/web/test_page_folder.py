"""The page reads a model folder as the package does, and a graph's settings become inputs that it must be given."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import seqloom
from exporting import listed
from seqloom.api import Model
from seqloom.checkpoint import FORMAT_VERSION
from seqloom.checkpoint.format import CONFIDENCE
from seqloom.checkpoint.shortlist import shortlist_writer
from seqloom.data.padding import padded_sources
from seqloom.search import Shortlist
from seqloom.search.shortlist import open_words
from seqloom.text.model_inputs import cut_sources
from toy import SETTINGS, copied

HERE = Path(__file__).parent


def graph(weights: int) -> onnx.ModelProto:
    """y = a ⋅ x + w₀, where a is an input with a default."""
    values: dict[str, Any] = {
        "a": np.array(2.0, np.float32),
        "w": np.arange(weights, dtype=np.float32),
        "zero": np.array(0, np.int64),
    }
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, []) for name in ("x", "a", "y")]
    nodes = [
        helper.make_node("Gather", ["w", "zero"], ["first"]),
        helper.make_node("Mul", ["a", "x"], ["product"]),
        helper.make_node("Add", ["product", "first"], ["y"]),
    ]
    constants = [numpy_helper.from_array(value, name) for name, value in values.items()]
    return helper.make_model(helper.make_graph(nodes, "line", info[:2], info[2:], constants))


@pytest.mark.parametrize("weights", [1, 20, 5000, 1_000_000])
def test_defaults_are_taken_out_and_nothing_else(weights: int, node: str, tmp_path: Path) -> None:
    model = graph(weights)
    onnx.save(model, tmp_path / "given.onnx")
    subprocess.run([node, HERE / "defaults.mjs", tmp_path / "given.onnx", tmp_path / "made.onnx"], check=True)
    made = onnx.load(tmp_path / "made.onnx")
    onnx.checker.check_model(made)
    assert [each.name for each in made.graph.initializer] == ["w", "zero"]
    del model.graph.initializer[0]
    assert made == model


def test_what_is_no_graph_is_refused(node: str, tmp_path: Path) -> None:
    for content in (b"", b"not a graph at all", graph(300).SerializeToString()[:-9]):
        (tmp_path / "given.onnx").write_bytes(content)
        command: list[str | Path] = [node, HERE / "defaults.mjs", tmp_path / "given.onnx", tmp_path / "made.onnx"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert "model.onnx must be an ONNX model" in done.stderr


def loaded(node: str, folder: Path, *texts: str) -> dict[str, Any]:
    command: list[str | Path] = [node, HERE / "folder.mjs", folder, *texts]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    values: dict[str, Any] = json.loads(done.stdout)
    return values


@pytest.fixture
def folder(toy_folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(toy_folder, tmp_path / "model")
    onnx.save(graph(3), tmp_path / "model" / "model.onnx")
    return tmp_path / "model"


def test_settings_are_those_of_the_folder(node: str, folder: Path, toy_model: Model) -> None:
    found = loaded(node, folder)
    assert found["settings"] == toy_model.config.search.model_dump()
    assert found["reversed"] is False
    assert found["sizes"] == [toy_model.source_tokenizer.size, toy_model.target_tokenizer.size]


def test_a_calibration_is_read_where_there_is_one(node: str, folder: Path, toy_model: Model) -> None:
    assert toy_model.calibration is not None
    assert loaded(node, folder)["measure"] == toy_model.calibration.measure
    text = (folder / CONFIDENCE).read_text()
    (folder / CONFIDENCE).write_text(text.replace("0", "1", 1))
    assert "confidence.json must have the hash that manifest.json lists" in loaded(node, folder)["error"]
    listed(folder, {CONFIDENCE: None})
    assert loaded(node, folder)["measure"] is None


def test_other_settings_too(node: str, tmp_path: Path) -> None:
    (tmp_path / "tagged.tsv").write_text("".join(f"{a}\t{b}\t{'xy'[len(a) % 2]}\n" for a, b in copied(60)))
    search = {"search.length_penalty": "gnmt", "search.alpha": 0.65, "search.exhaustive": True, "search.beam": 7}
    search["search.max_source_length"] = 6
    changed = {**SETTINGS, **search, "training.epochs": 1, "data.reverse_source": True, "data.tags": "3"}
    model = seqloom.train(tmp_path / "tagged.tsv", output=tmp_path / "model", settings=changed)
    onnx.save(graph(3), tmp_path / "model" / "model.onnx")
    cases = [("abcd", ["y", "x"]), ("abcda", ["y", "nowhere"]), ("ab", []), (" \t\x1f", ["x"]), ("aßßbÉ😀c", [])]
    for text, tags in (*cases, ("ab", ["x"] * 7), ("abcdabé", ["where"])):
        found = loaded(node, tmp_path / "model", text, *tags)
        (wanted,) = cut_sources(model.source_tokenizer, [text], [tags], 6, reverse=True)
        tokens = list(wanted.tokens(model.source_tokenizer))
        values = {"ids": wanted.ids, "tokens": tokens, "cut": wanted.cut, "unknown": list(wanted.unknown)}
        assert found["encoded"] == values
    assert found["settings"] == model.config.search.model_dump()
    assert found["reversed"] is True


def test_a_model_of_many_languages_needs_a_tag(node: str, toy_model: Model, tmp_path: Path) -> None:
    def encoded(*arguments: str, **data: Any) -> dict[str, Any]:
        folder = tmp_path / "tagged"
        config = toy_model.config.replace(data=toy_model.config.data.replace(**data))
        replace(toy_model, config=config).save(folder, overwrite=True)
        onnx.save(graph(3), folder / "model.onnx")
        return loaded(node, folder, *arguments)

    name = r"(?P<tag>[a-z\"]+)_\w+\.tsv"
    refused = encoded("ab", tag_from_name=name)
    assert refused["error"].startswith('every input of this model needs a tag, and "ab" has none')
    assert encoded("ab", "q", tag_from_name=name)["encoded"]["unknown"] == ["<q>"]
    assert encoded("  ", tag_from_name=name)["encoded"]["ids"] == []
    assert encoded("ab", tag_from_name=name, fixed_tags=["x", 'a "b" \\'])["encoded"]["unknown"] == [
        "<x>",
        '<a "b" \\>',
    ]


def test_altered_files_are_refused(node: str, folder: Path) -> None:
    path = folder / "tokenizer.target.json"
    text = path.read_text()
    path.write_text(text.replace('"format": 1', '"format": 2'))
    assert loaded(node, folder) == {
        "error": "tokenizer.target.json must have the hash that manifest.json lists: it was altered"
    }
    path.write_text(text + "\n")
    size = len(text.encode())
    assert loaded(node, folder) == {
        "error": f"tokenizer.target.json must have {size} bytes, as manifest.json says, not {size + 1}"
    }


@pytest.mark.parametrize(("version", "hint"), [(1, "train the model again"), (FORMAT_VERSION + 1, "take a newer page")])
def test_folders_of_another_version_are_refused(version: int, hint: str, node: str, folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format_version": version}))
    error = loaded(node, folder)["error"]
    assert f"must be of the format seqloom-model {FORMAT_VERSION}, not seqloom-model {version}" in error
    assert hint in error


def test_codecs_are_those_of_the_manifest(node: str, folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    whole = loaded(node, folder)
    path.write_text(json.dumps({name: value for name, value in manifest.items() if name != "codecs"}))
    assert loaded(node, folder) == whole  # as an earlier version of Seqloom would have written it
    shared = {"kind": "text", "file": "tokenizer.target.json"}
    path.write_text(json.dumps({**manifest, "codecs": {"source": shared, "target": shared}}))
    assert loaded(node, folder)["sizes"] == [whole["sizes"][1]] * 2
    path.write_text(json.dumps({**manifest, "codecs": {"source": shared, "target": {**shared, "kind": "pictures"}}}))
    assert loaded(node, folder) == {
        "error": "the target codec must be text or label or labels or tags or frame or transduction, not pictures: "
        "take a newer page"
    }


@pytest.mark.parametrize(("frequent", "prefix"), [(0, []), (7, [9]), (300, [300, 5])])
def test_a_shortlist_opens_the_words_that_it_opens_in_the_package(
    node: str, frequent: int, prefix: list[int], tmp_path: Path
) -> None:
    chance = np.random.default_rng(3)
    candidates = chance.integers(0, 400, (30, 6), np.int32)
    candidates[0] = 0
    listed = Shortlist(candidates, chance.integers(0, 400, frequent, np.int32), 400)
    shortlist_writer(listed)(tmp_path / "list")
    ids = [[4, 5, 29, 7], [8], [3, 3]]
    source, lengths = padded_sources(ids)
    wanted = open_words(listed, source, lengths, prefix)
    sources = [row[:size].tolist() for row, size in zip(source, lengths, strict=True)]
    given = {"file": str(tmp_path / "list"), "sizes": [30, 400], "sources": sources, "prefix": prefix}
    command: list[str | Path] = [node, HERE / "shortlist.mjs"]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert found["words"] == wanted.words.tolist()
    assert found["open"] == wanted.open.flatten().tolist()
    assert found["places"] == wanted.places(prefix)
