"""The model folder: what is written is what is read, and every damage is named."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from seqloom.checkpoint import FORMAT_VERSION, ModelToStore, load_model, save_model, verify
from seqloom.checkpoint.tensors import distinct_tensors
from seqloom.codecs import Codecs
from seqloom.config import Section
from seqloom.data import DataConfig
from seqloom.errors import ModelFolderError
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.text import TextConfig, TokenizerConfig, train_tokenizers

PAIRS = [("abc", "cba"), ("abd", "dba"), ("ßü|x", "x|üß")]


class Settings(Section):
    """The sections of a run that the folder cares about."""

    data: DataConfig = DataConfig(train=("pairs.tsv",))
    """Data."""
    model: ModelConfig = ModelConfig()
    """Model."""


def contents(*, shared: bool = False, seed: int = 1) -> ModelToStore:
    torch.manual_seed(seed)
    characters = TokenizerConfig(kind="character")
    source, target = train_tokenizers(PAIRS, TextConfig(source=characters, target=characters, shared=shared))
    config = Settings()
    model = Seq2Seq(config.model, source.size, target.size)
    return ModelToStore(model, Codecs.of_text(source, target), config, {"dev": {"bleu": 30.25, "loss": 1.5}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "model", contents())
    return tmp_path / "model"


@pytest.mark.parametrize("shared", [False, True])
def test_what_was_saved_is_loaded(shared: bool, tmp_path: Path) -> None:
    saved = contents(shared=shared)
    manifest = save_model(tmp_path / "model", saved)
    loaded = load_model(str(tmp_path / "model"))
    assert manifest == loaded.manifest
    assert loaded.metrics == saved.metrics
    assert loaded.config["data"]["train"] == ["pairs.tsv"]
    assert (loaded.codecs.source.content is loaded.codecs.target.content) == shared
    assert loaded.codecs.source.encode(["ßü|x"]) == saved.codecs.source.encode(["ßü|x"])
    assert not loaded.model.training
    own, other = distinct_tensors(saved.model), distinct_tensors(loaded.model)
    assert own.keys() == other.keys()
    assert all(torch.equal(own[name], other[name]) for name in own)


def test_each_tensor_is_stored_once_and_no_pickle(folder: Path) -> None:
    stored = load_file(folder / "model.safetensors")
    model = load_model(folder).model
    assert sum(tensor.numel() for tensor in stored.values()) == sum(weight.numel() for weight in model.parameters())
    for path in folder.iterdir():
        with pytest.raises(Exception):  # noqa: B017, PT011 - any: it must not be a pickle
            pickle.loads(path.read_bytes())


def test_the_card_says_what_it_is(folder: Path) -> None:
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert "`pairs.tsv`" in card
    assert "| dev.bleu | 30.25 |" in card
    assert "seqloom.load" in card
    assert "hidden = " in card


def test_saving_again_replaces_the_model_and_nothing_else(folder: Path) -> None:
    (folder / "log.jsonl").write_text("mine", encoding="utf-8")
    save_model(folder, contents(shared=True, seed=2))
    names = {path.name for path in folder.iterdir()}
    assert "log.jsonl" in names
    assert "tokenizer.json" in names
    assert "tokenizer.source.json" not in names
    verify(folder)


FILES = ["config.toml", "model.safetensors", "metrics.json", "README.md", "tokenizer.source.json", "manifest.json"]


@pytest.mark.parametrize("name", FILES[:-1])
def test_a_damaged_file_is_named(name: str, folder: Path) -> None:
    path = folder / name
    whole = path.read_bytes()
    damages: dict[str, bytes] = {
        "SHA-256": whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:],
        "bytes": whole[: len(whole) // 2],
    }
    for message, damaged in damages.items():
        path.write_bytes(damaged)
        with pytest.raises(ModelFolderError, match=message) as caught:
            load_model(folder)
        assert caught.value.where == str(path)
    path.unlink()
    with pytest.raises(ModelFolderError, match="missing") as caught:
        load_model(folder)
    assert caught.value.where == str(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "must be the manifest of a Seqloom model"),
        ({"files": {}}, r"does not list config\.toml"),
        ({"files": {"../config.toml": {"sha256": "", "bytes": 1}}}, "its own folder only"),
        ({"files": ["config.toml"]}, "must list sha256"),
    ],
)
def test_a_foreign_manifest_is_refused(change: dict[str, Any], message: str, folder: Path) -> None:
    path = folder / "manifest.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, **change}), encoding="utf-8")
    with pytest.raises(ModelFolderError, match=message):
        load_model(folder)


@pytest.mark.parametrize(
    ("version", "hint"), [(1, "train it again"), (FORMAT_VERSION + 1, "a newer one"), (None, "a newer one")]
)
def test_folders_of_another_version_are_refused(version: int | None, hint: str, folder: Path) -> None:
    path = folder / "manifest.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, "format_version": version, "package_version": "0.0.9"}), encoding="utf-8")
    for read in (load_model, verify):
        with pytest.raises(ModelFolderError) as caught:
            read(folder)
        assert caught.value.message == f"must have format version {FORMAT_VERSION}, not {version} (seqloom 0.0.9)"
        assert caught.value.where == str(path)
        assert hint in str(caught.value.hint)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b"\x00" * 100])
def test_a_manifest_that_is_none_is_refused(data: bytes, folder: Path) -> None:
    (folder / "manifest.json").write_bytes(data)
    with pytest.raises(ModelFolderError) as caught:
        load_model(folder)
    assert caught.value.where.endswith("manifest.json")


def test_weights_of_another_model_are_refused(folder: Path) -> None:
    model = load_model(folder).model
    stored = load_file(folder / "model.safetensors")
    from seqloom.checkpoint.tensors import fill_tensors  # noqa: PLC0415

    own = distinct_tensors(model)
    name = next(iter(stored))
    cases = {
        "is missing": {key: value for key, value in stored.items() if key != name},
        "does not belong": {**stored, "foreign.weight": torch.zeros(1)},
        "must have shape": {**stored, name: torch.zeros(1, 1, 1)},
        "must hold finite": {**stored, name: torch.full_like(stored[name], torch.nan)},
        "not infinities": {**stored, name: torch.full_like(stored[name], -torch.inf)},
    }
    for message, tensors in cases.items():
        with pytest.raises(ModelFolderError, match=message):
            fill_tensors(own, tensors, "here")


def test_what_is_no_model_folder_is_refused_with_a_hint(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="does not exist"):
        load_model(tmp_path / "nowhere")
    with pytest.raises(ModelFolderError, match="not a file"):
        load_model(folder / "config.toml")
    with pytest.raises(ModelFolderError, match=r"perhaps you mean .*model"):
        load_model(tmp_path)
    other = tmp_path / "other" / "deep"
    other.mkdir(parents=True)
    with pytest.raises(ModelFolderError, match="seqloom train --output"):
        load_model(other)
    (other / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelFolderError, match="Hugging Face"):
        load_model(other)
    (other / "resume").mkdir()
    with pytest.raises(ModelFolderError, match="resume=True"):
        load_model(other)
