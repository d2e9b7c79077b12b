"""Sentences with a label for the whole and a tag for each word, which a tiny model learns in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import seqloom
from tagged import OTHER, tagged, with_graphs
from tagged import SETTINGS as OF_TAGS

INTENTS = {"lives": "home", "from": "way", "met": "meeting", "is": "ask where"}
"""The label of a sentence by the word that tells its form; one is of two words."""
SETTINGS: dict[str, Any] = {**OF_TAGS, "model.answer": "frame", "training.epochs": 6}


def framed(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """Sentences and their frames as one text."""
    made = []
    for text, tags in tagged(count, seed):
        words = text.split()
        label = next(INTENTS[word] for word in words if word in INTENTS)
        made.append((text, f"{label}: {tags}"))
    return made


@pytest.fixture(scope="session")
def frame_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of frames."""
    folder = tmp_path_factory.mktemp("frame") / "model"
    seqloom.train(framed(500), framed(100, 2), folder, settings=SETTINGS)
    return folder


@pytest.fixture(scope="session")
def frame_graphs(frame_folder: Path) -> Path:
    """The same with its graphs."""
    return with_graphs(frame_folder)


@pytest.fixture(scope="session")
def joined_frame_graphs(frame_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ensemble of a model of frames and another, which lies beside it, one to three, with its graphs."""
    folder, other = tmp_path_factory.mktemp("joined-frames"), {**SETTINGS, **OTHER, "model.tagger": "softmax"}
    seqloom.train(framed(500), framed(100, 2), folder / "other", settings=other)
    seqloom.ensemble([frame_folder, folder / "other"], folder / "joined", [1, 3])
    return with_graphs(folder / "joined")
