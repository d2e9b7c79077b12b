"""A model small enough to train in seconds, for every test that needs one: strings over four letters, copied."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import seqloom
from seqloom.api import Model

SETTINGS: dict[str, Any] = {
    "plan.effort": "none",
    "text.source.kind": "character",
    "text.target.kind": "character",
    "model.embedding": 16,
    "model.hidden": 32,
    "model.dropout": 0.0,
    "model.embedding_dropout": 0.0,
    "model.encoder.layers": 1,
    "model.decoder.layers": 1,
    "model.decoder.attend": "after",
    "training.epochs": 8,
    "training.label_smoothing": 0.0,
    "training.batch.tokens": 400,
    "training.optimiser.learning_rate": 0.01,
    "training.schedule.warmup": 20,
    "training.precision": "float32",
    "training.device": "cpu",
    "training.selection.limit": 20,
}


def copied(count: int, seed: int = 1) -> list[tuple[str, str]]:
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcd", k=chance.randint(1, 5))) for _ in range(count)]
    return [(word, word) for word in words]


def write_pairs(path: Path, pairs: list[tuple[str, str]]) -> Path:
    path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def toy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A trained model's folder."""
    folder = tmp_path_factory.mktemp("toy") / "model"
    seqloom.train(copied(600), copied(40, seed=2), folder, settings=SETTINGS)
    return folder


@pytest.fixture(scope="session")
def toy_model(toy_folder: Path) -> Model:
    """The same, loaded."""
    return seqloom.load(toy_folder)


@pytest.fixture(scope="session")
def toy_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of pairs the model has not seen."""
    return write_pairs(tmp_path_factory.mktemp("pairs") / "test.tsv", copied(40, seed=3))
