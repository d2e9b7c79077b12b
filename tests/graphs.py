"""Made-up pairs, and small models of them with their graphs, for whoever runs a graph outside of Python."""

from __future__ import annotations

import random
import shutil
from functools import partial
from itertools import product
from pathlib import Path

import pytest

import seqloom
from exporting import made_once
from seqloom.search.shortlist import FEW
from toy import copied

KINDS = ("character", "bpe", "large")
BOTH = ("", "--int8")
"""Options of `seqloom export` for a folder with both graphs."""
TEXT = """
    Der die das ein eine kleine große Katze Hund Häuser läuft schläft sieht über unter neben Straße Ω Ärger sehr nicht
    und oder aber dann wieder gestern morgen
"""


def words(count: int, seed: int) -> list[tuple[str, str]]:
    """Made-up sentences and their words in upper case, the other way around."""
    chance = random.Random(seed)
    sentences = [chance.choices(TEXT.split(), k=chance.randint(1, 8)) for _ in range(count)]
    return [(" ".join(each), " ".join(each[::-1]).upper()) for each in sentences]


def named(count: int, seed: int) -> list[tuple[str, str]]:
    """Lists of names out of more than a small vocabulary holds, and the same in upper case."""
    chance = random.Random(seed)
    names = ["".join(parts) for parts in product("bdfgklmnprst", "aeiou", "dlmnrst", "aeo")]
    rows = [chance.sample(names, chance.randint(1, 4)) for _ in range(count)]
    return [(" ".join(each), " ".join(each).upper()) for each in rows]


def lines(kind: str, count: int, seed: int) -> list[str]:
    """Sources of the task that a model has learnt."""
    made = {"character": copied, "bpe": words, "large": named}[kind]
    return [source for source, _ in made(count, seed)]


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Model folders by their kind: of characters and of a large vocabulary, which has a shortlist, with both graphs."""
    subwords = {"kind": "bpe", "vocabulary_size": 90, "lowercase": True}
    text = {f"text.{side}.{key}": value for side in ("source", "target") for key, value in subwords.items()}
    shared = {**text, "text.shared": True, "training.epochs": 12, "search.length_penalty": "gnmt"}
    by_word = {"text.source.kind": "word", "text.target.kind": "word", "model.embedding": 64, "training.epochs": 14}
    made = partial(made_once, tmp_path_factory)
    large = made("large", by_word, named(3000, 1), named(40, 2), graphs=BOTH, learned=named(300, 1))
    assert seqloom.load(large, engine="torch").target_tokenizer.size > FEW
    return {
        "character": made("character", {}, copied(600), copied(40, seed=2), graphs=BOTH),
        "bpe": made("bpe", shared, words(500, 1), words(40, 2)),
        "large": large,
    }


@pytest.fixture(scope="session")
def node() -> str:
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    return found
