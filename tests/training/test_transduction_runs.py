"""Runs that learn a transduction: resumed runs, pairs that cannot be cut, fine-tuning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from reversal import cut, same_weights

import seqloom
from seqloom.checkpoint import load_model
from seqloom.codecs import TransductionCodec
from seqloom.config import build, laid_over
from seqloom.errors import DataError
from seqloom.training import Inputs, RunConfig, train
from seqloom.training.reports import NoticeReport
from transduced import SETTINGS, words


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def begin(folder: Path, pairs: Any = None, dev: Any = None, **settings: Any) -> Any:
    given = {**SETTINGS, "training.epochs": 1, "training.checkpoint_every": 3, "training.log_every": 1, **settings}
    return train(
        build(RunConfig, laid_over({}, given)), folder, inputs=Inputs(pairs or words(150), dev or words(40, 2))
    )


def test_a_resumed_run_equals_an_unbroken_one(tmp_path: Path) -> None:
    """Law 3."""
    list(begin(tmp_path / "whole"))
    cut(begin(tmp_path / "cut"), 3)
    list(train(None, tmp_path / "cut", inputs=Inputs(words(150), words(40, 2)), resume=True))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_pairs_that_cannot_be_cut_are_named(tmp_path: Path) -> None:
    file = tmp_path / "train.tsv"
    pairs = [*words(100), ("a", "A " * 40)]
    file.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    given = {**SETTINGS, "training.epochs": 1, "data.train": [str(file)]}
    reports = train(
        build(RunConfig, laid_over({}, given)), tmp_path / "run", inputs=Inputs(None, [*words(20), ("b", "B Q N G")])
    )
    text = "\n".join(each.text for each in reports if isinstance(each, NoticeReport))
    assert "training data: 1 targets cannot be cut along their sources; they are left out" in text
    assert f"({file}:101)" in text
    assert "dev data: 1 targets cannot be cut along their sources; answers to them count as wrong" in text
    with pytest.raises(DataError, match="the targets must differ"):
        list(begin(tmp_path / "same", pairs=[("a", "K " * 40), ("b", "K " * 40)]))


def test_fine_tuning_keeps_symbols_and_strings(transduction_folder: Path, tmp_path: Path) -> None:
    settings = {"training.start_from": str(transduction_folder), "training.epochs": 1}
    model = seqloom.train(words(100, 5), words(20, 6), tmp_path / "tuned", settings=settings)
    old = load_model(transduction_folder).codecs.target
    assert isinstance(old, TransductionCodec)
    assert model.codecs.target.to_json() == old.to_json()
    assert model.evaluate(words(100, 7))["error_rate"] < 15
