"""Runs with each kind of encoder: resumed, fine-tuned with frozen parts, loaded from a folder of an earlier version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from reversal import BASE, cut, reversed_pairs, same_weights, weights_of

import seqloom
from exporting import listed
from seqloom.checkpoint import load_model
from seqloom.checkpoint.format import CONFIG, FileRecord
from seqloom.config import merged
from seqloom.errors import ConfigError
from seqloom.training import Inputs, RunConfig, train
from seqloom.training.fine_tuning import adopted
from seqloom.training.updates.freezing import frozen_weights

TRANSFORMER = {"kind": "transformer", "layers": 2, "heads": 2, "positions": "learned", "max_positions": 1001}


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def config_of(**training: Any) -> RunConfig:
    settings = {"training": {"log_every": 1, **training}, "model": {"encoder": TRANSFORMER}}
    return RunConfig.model_validate(merged(BASE, settings))


def run(config: RunConfig, folder: Path, *, resume: bool = False) -> Any:
    return train(config, folder, inputs=Inputs(reversed_pairs(), reversed_pairs(30, seed=2)), resume=resume)


def test_a_transformer_is_resumed_without_a_difference_and_fine_tuned_with_its_encoder_frozen(tmp_path: Path) -> None:
    config = config_of(epochs=1)
    list(run(config, tmp_path / "whole"))
    cut(run(config, tmp_path / "cut"), 2)
    list(run(config, tmp_path / "cut", resume=True))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")

    values = {key: value for key, value in BASE.items() if key != "model"}
    tuning = {"training": {"start_from": str(tmp_path / "whole"), "epochs": 1, "freeze": ["encoder"]}}
    list(run(RunConfig.model_validate(adopted(merged(values, tuning))), tmp_path / "tuned"))
    before, after = weights_of(tmp_path / "whole"), weights_of(tmp_path / "tuned")
    encoder = [name for name in before if name.startswith("encoder.")]
    assert "encoder.positions.weight" in encoder
    assert all(torch.equal(before[name], after[name]) for name in encoder)
    assert any(not torch.equal(before[name], after[name]) for name in before if name.startswith("decoder.cells"))

    trained = seqloom.load(tmp_path / "whole")
    assert trained.config.search.source_positions == 1001
    with pytest.raises(ConfigError, match=r"search: max_source_length must be below 1001, the number of source posi"):
        trained.with_settings({"search.max_source_length": 1001})
    model = load_model(tmp_path / "whole").single("this test", tmp_path / "whole")
    assert "A Transformer encoder reads" in (tmp_path / "whole" / "README.md").read_text(encoding="utf-8")
    names = {id(weight): name for name, weight in model.named_parameters()}
    part = [names[id(weight)] for weight in frozen_weights(model, ["encoder.layers.1", "encoder.positions"])]
    assert {name.split(".")[1] for name in part} == {"layers", "positions"}
    with pytest.raises(ConfigError, match=r"encoder\.layers\.2") as caught:
        frozen_weights(model, ["encoder.layers.2"])
    assert "encoder.layers.1" in caught.value.hint


def test_a_folder_from_before_there_were_kinds_of_encoders_is_loaded(tmp_path: Path) -> None:
    list(run(RunConfig.model_validate(merged(BASE, {"training": {"epochs": 1}})), tmp_path / "model"))
    new, path = load_model(tmp_path / "model"), tmp_path / "model" / CONFIG
    text = path.read_text(encoding="utf-8")
    assert text.count('kind = "recurrent"\n') == 1
    path.write_text(text.replace('kind = "recurrent"\n', ""), encoding="utf-8")
    listed(tmp_path / "model", {CONFIG: FileRecord.of(path)})
    old = load_model(tmp_path / "model")
    assert old.model.config == new.model.config
    for one, other in zip(old.model.parameters(), new.model.parameters(), strict=True):
        assert torch.equal(one, other)
