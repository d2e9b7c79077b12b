"""Made-up pairs, and small models of them with their graphs, for whoever runs a graph outside of Python."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import seqloom
from toy import SETTINGS, copied

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
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model folders with model.onnx, by the kind of their tokens."""
    folder = tmp_path_factory.mktemp("models")
    subwords = {"kind": "bpe", "vocabulary_size": 90, "lowercase": True}
    text = {f"text.{side}.{key}": value for side in ("source", "target") for key, value in subwords.items()}
    bpe = {**SETTINGS, **text, "text.shared": True, "training.epochs": 12, "search.length_penalty": "gnmt"}
    seqloom.train(copied(600), copied(40, seed=2), folder / "character", settings=SETTINGS)
    seqloom.train(words(500, 1), words(40, 2), folder / "bpe", settings=bpe)
    folders = {kind: folder / kind for kind in KINDS}
    for each in folders.values():
        subprocess.run([sys.executable, "-m", "seqloom", "export", str(each)], check=True, capture_output=True)
    return folders


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    return found
