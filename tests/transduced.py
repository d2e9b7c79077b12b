"""Words and sounds that a tiny model of transduction learns in seconds: h is silent, c before h is two sounds."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

import seqloom
from tagged import SETTINGS as OF_TAGS
from tagged import with_graphs

SOUNDS = {"a": ["A"], "b": ["B"], "d": ["D"], "e": ["E"], "h": []}
SETTINGS: dict[str, Any] = {
    **{name: value for name, value in OF_TAGS.items() if not name.startswith("text.")},
    "model.answer": "transduction",
}


def words(count: int, seed: int = 1) -> list[tuple[str, str]]:
    """Words and their sounds; all end in the sounds N and G."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        word = "".join(chance.choices("abcdeh", k=chance.randint(2, 7)))
        sounds = [
            sound
            for letter, behind in zip(word, word[1:] + " ", strict=True)
            for sound in (SOUNDS[letter] if letter != "c" else ["K", "S"] if behind == "h" else ["K"])
        ]
        made.append((word, " ".join([*sounds, "N", "G"])))
    return made


@pytest.fixture(scope="session")
def transduction_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of transduction."""
    folder = tmp_path_factory.mktemp("transduction") / "model"
    seqloom.train(words(500), words(100, 2), folder, settings=SETTINGS)
    return folder


@pytest.fixture(scope="session")
def transduction_graphs(transduction_folder: Path) -> Path:
    """The same with its graphs."""
    return with_graphs(transduction_folder)
