"""Texts with labels that a tiny model learns in seconds: which of some words stands in them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import jaxtyping
import pytest

import seqloom
from seqloom.export import export_model

WORDS = {"joy": "good fine glad", "grief": "bad sad poor", "calm": "still slow quiet"}
FILLING = ["the", "a", "film", "it", "was", "and", "then", "some", "day", "we", "saw"]
SETTINGS: dict[str, Any] = {
    "plan.effort": "none",
    "text.source.kind": "word",
    "model.answer": "label",
    "model.embedding": 16,
    "model.hidden": 16,
    "model.embedding_deviation": 0.3,
    "training.epochs": 6,
    "training.batch.tokens": 300,
    "training.optimiser.learning_rate": 0.01,
    "training.schedule.warmup": 20,
    "training.precision": "float32",
    "training.device": "cpu",
}
SEVERAL = {**SETTINGS, "model.answer": "labels", "training.epochs": 8}


def labelled(count: int, seed: int = 1, *, several: bool = False) -> list[tuple[str, str]]:
    """Texts with the label of a word in them; with `several` of two or three words, in no order."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        labels = chance.sample(list(WORDS), chance.randint(1, 2) if several else 1)
        text = chance.choices(FILLING, k=chance.randint(2, 6)) + [chance.choice(WORDS[each].split()) for each in labels]
        chance.shuffle(text)
        made.append((" ".join(text), ", ".join(labels)))
    return made


def with_graphs(folder: Path) -> Path:
    """The folder, with its graphs in it; shapes are not checked while a network is traced."""
    jaxtyping.config.update("jaxtyping_disable", True)
    export_model(folder)
    export_model(folder, int8=True)
    jaxtyping.config.update("jaxtyping_disable", False)
    return folder


@pytest.fixture(scope="session")
def label_graphs(label_folder: Path) -> Path:
    """The same with its graphs."""
    return with_graphs(label_folder)


@pytest.fixture(scope="session")
def labels_graphs(labels_folder: Path) -> Path:
    """The same with its graphs."""
    return with_graphs(labels_folder)


@pytest.fixture(scope="session")
def label_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of one label, with its graphs."""
    folder = tmp_path_factory.mktemp("label") / "model"
    seqloom.train(labelled(500), labelled(120, 2), folder, settings=SETTINGS)
    return folder


@pytest.fixture(scope="session")
def labels_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of several labels."""
    folder = tmp_path_factory.mktemp("labels") / "model"
    seqloom.train(labelled(500, several=True), labelled(120, 2, several=True), folder, settings=SEVERAL)
    return folder
