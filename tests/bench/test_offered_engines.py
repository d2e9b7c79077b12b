"""What a folder and a machine can run, and why not the rest."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import pytest

from exporting import listed
from seqloom.bench import offers
from seqloom.bench.engines import KNOWN, size_of
from seqloom.checkpoint.format import GRAPH, WEIGHTS
from seqloom.checkpoint.reading import read_manifest
from seqloom.errors import ConfigError, DependencyError, ModelFolderError, install_command


def names(folder: Path, engine: str = "auto") -> list[str]:
    return [offer.name for offer in offers(folder, engine)[0]]


def test_each_engine_with_its_file_is_offered(both_graphs: Path) -> None:
    assert names(both_graphs) == ["PyTorch", "float32 graph", "8-bit graph"]
    assert offers(both_graphs)[1] == []
    assert names(both_graphs, "torch") == ["PyTorch"]
    assert names(both_graphs, "onnx") == ["float32 graph", "8-bit graph"]


def test_a_graph_that_is_not_there_comes_with_the_command_that_writes_it(toy_folder: Path) -> None:
    found, missing = offers(toy_folder)
    assert [offer.name for offer in found] == ["PyTorch"]
    export = f"seqloom export {shlex.quote(str(toy_folder))}"
    assert [each.hint for each in missing] == [export, f"{export} --int8"]
    assert all(each.where == str(toy_folder) for each in missing)
    with pytest.raises(ModelFolderError, match=r"has no model\.onnx\nhint: seqloom export"):
        offers(toy_folder, "onnx")


def test_from_a_folder_without_weights_nothing_can_be_exported(exported_folder: Path, tmp_path: Path) -> None:
    graph_alone = Path(shutil.copytree(exported_folder, tmp_path / "alone"))
    (graph_alone / WEIGHTS).unlink()
    listed(graph_alone, {WEIGHTS: None})
    found, missing = offers(graph_alone)
    assert [offer.name for offer in found] == ["float32 graph"]
    assert [(each.message, each.hint) for each in missing] == [
        (f"has no {WEIGHTS}", ""),
        ("has no model.int8.onnx", ""),
    ]


def test_where_torch_is_not_installed_the_graphs_are_left(both_graphs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    found, missing = offers(both_graphs)
    assert [offer.name for offer in found] == ["float32 graph", "8-bit graph"]
    (fault,) = missing
    assert isinstance(fault, DependencyError)
    assert fault.hint == install_command("train")
    with pytest.raises(DependencyError):
        offers(both_graphs, "torch")


def test_an_unknown_engine_is_refused(both_graphs: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean onnx"):
        offers(both_graphs, "onx")


def test_a_size_counts_what_the_engine_reads(both_graphs: Path) -> None:
    manifest = read_manifest(both_graphs)
    settings = ["config.toml", "tokenizer.source.json", "tokenizer.target.json"]
    for offer, file in zip(KNOWN, [WEIGHTS, GRAPH, "model.int8.onnx"], strict=True):
        assert size_of(manifest, offer) == sum((both_graphs / name).stat().st_size for name in (*settings, file))
