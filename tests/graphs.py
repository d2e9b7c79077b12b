"""Made-up pairs, and small models of them with their graphs, for whoever runs a graph outside of Python."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from exporting import made_once

KINDS = ("character", "bpe")
TEXT = """
    Der die das ein eine kleine große Katze Hund Häuser läuft schläft sieht über unter neben Straße Ω Ärger sehr nicht
    und oder aber dann wieder gestern morgen
"""


def words(count: int, seed: int) -> list[tuple[str, str]]:
    """Made-up sentences and their words in upper case, the other way around."""
    chance = random.Random(seed)
    sentences = [chance.choices(TEXT.split(), k=chance.randint(1, 8)) for _ in range(count)]
    return [(" ".join(each), " ".join(each[::-1]).upper()) for each in sentences]


@pytest.fixture(scope="session")
def exported(exported_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model folders with model.onnx, by the kind of their tokens."""
    subwords = {"kind": "bpe", "vocabulary_size": 90, "lowercase": True}
    text = {f"text.{side}.{key}": value for side in ("source", "target") for key, value in subwords.items()}
    settings = {**text, "text.shared": True, "training.epochs": 12, "search.length_penalty": "gnmt"}
    return {
        "character": exported_folder,
        "bpe": made_once(tmp_path_factory, "bpe", settings, words(500, 1), words(40, 2)),
    }


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    return found
