"""Sentences with a tag for each word that a tiny model learns in seconds: who comes from which town, in BIO."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import jaxtyping
import pytest

import seqloom
from seqloom.export import export_model

NAMES = ["ann", "bob", "cleo", "dan smith", "eve de boer", "finn"]
TOWNS = ["bonn", "lima", "new york", "oslo", "san jose"]
FORMS = ["{name} lives in {town}", "from {town} to {town}", "{name} met {name} today", "is {town} far from {town}"]
SETTINGS: dict[str, Any] = {
    "plan.effort": "none",
    "text.source.kind": "word",
    "model.answer": "tags",
    "model.embedding": 16,
    "model.hidden": 16,
    "training.epochs": 5,
    "training.batch.tokens": 300,
    "training.optimiser.learning_rate": 0.01,
    "training.schedule.warmup": 20,
    "training.label_smoothing": 0.0,
    "training.precision": "float32",
    "training.device": "cpu",
}

OTHER: dict[str, Any] = {"training.seed": 2, "training.epochs": 2, "model.cell": "gru", "model.word_pooling": "last"}
"""What a second member of an ensemble has otherwise."""


def tagged(count: int, seed: int = 1, scheme: str = "BIO") -> list[tuple[str, str]]:
    """Sentences and their tags; of BIOES the ends of spans are marked, too."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        words, tags = [], []
        for part in chance.choice(FORMS).split():
            kind = {"{name}": "PER", "{town}": "LOC"}.get(part)
            own = [part] if kind is None else chance.choice(NAMES if kind == "PER" else TOWNS).split()
            words += own
            marks = ["B", *["I"] * (len(own) - 1)]
            if scheme == "BIOES":
                marks = ["S"] if len(own) == 1 else [*marks[:-1], "E"]
            tags += ["O"] if kind is None else [f"{mark}-{kind}" for mark in marks]
        made.append((" ".join(words), " ".join(tags)))
    return made


def with_graphs(folder: Path) -> Path:
    """The folder, with its graphs in it; shapes are not checked while a network is traced."""
    jaxtyping.config.update("jaxtyping_disable", True)
    export_model(folder)
    export_model(folder, int8=True)
    jaxtyping.config.update("jaxtyping_disable", False)
    return folder


@pytest.fixture(scope="session")
def tags_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of tags in BIO."""
    folder = tmp_path_factory.mktemp("tags") / "model"
    seqloom.train(tagged(500), tagged(100, 2), folder, settings=SETTINGS)
    return folder


@pytest.fixture(scope="session")
def tags_graphs(tags_folder: Path) -> Path:
    """The same with its graphs."""
    return with_graphs(tags_folder)


@pytest.fixture(scope="session")
def other_tags_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the same tags with another network."""
    folder = tmp_path_factory.mktemp("other-tags") / "model"
    seqloom.train(tagged(500), tagged(100, 2), folder, settings={**SETTINGS, **OTHER})
    return folder


@pytest.fixture(scope="session")
def joined_tags_graphs(tags_folder: Path, other_tags_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ensemble of both, three to one, with its graphs."""
    folder = tmp_path_factory.mktemp("joined-tags") / "model"
    seqloom.ensemble([tags_folder, other_tags_folder], folder, [3, 1])
    return with_graphs(folder)
