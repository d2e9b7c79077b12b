"""Two made-up languages in one model: words with the tag `low` are copied, those with `up` in capitals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import seqloom
from toy import SETTINGS, copied, write_pairs

NAME = "(?P<tag>[a-z]+)_(train|dev|test)"
SIZES = {"train": (300, 300), "dev": (20, 10), "test": (20, 10)}
TAGGED: dict[str, Any] = {
    **SETTINGS,
    "data.tag_from_name": NAME,
    "model.tag_embedding": 4,
    "training.epochs": 8,
    "training.selection.mean": "macro",
}


def write_languages(folder: Path) -> Path:
    """Files such as `low_train.tsv` for both languages."""
    for number, (part, (low, up)) in enumerate(SIZES.items()):
        write_pairs(folder / f"low_{part}.tsv", copied(low, seed=number))
        write_pairs(folder / f"up_{part}.tsv", [(word, word.upper()) for word, _ in copied(up, seed=number + 9)])
    return folder


@pytest.fixture(scope="session")
def languages_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of both languages."""
    return write_languages(tmp_path_factory.mktemp("languages"))


@pytest.fixture(scope="session")
def languages_folder(languages_data: Path) -> Path:
    """A model of both languages."""
    files = {f"data.{part}": [f"{languages_data}/*_{part}.tsv"] for part in ("train", "dev")}
    seqloom.train(output=languages_data / "model", settings={**TAGGED, **files})
    return languages_data / "model"
