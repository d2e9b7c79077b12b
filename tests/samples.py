"""Codecs and pairs for tests of the data room."""

from __future__ import annotations

import random

import pytest

from seqloom.codecs import Codecs
from seqloom.text import TokenizerConfig, train_tokenizer


@pytest.fixture(scope="session")
def codecs() -> Codecs:
    source = train_tokenizer(["abcdefghijklmnopqrstuvwxyz "], TokenizerConfig(kind="character"), ("X", "Y"))
    target = train_tokenizer(["A B C D E F"], TokenizerConfig(kind="word"))
    return Codecs.of_text(source, target)


@pytest.fixture(scope="session")
def pairs() -> list[tuple[str, str]]:
    chance = random.Random(5)
    return [
        (
            "".join(chance.choices("abcdefg", k=chance.randint(1, 12))),
            " ".join(chance.choices("ABCDEF", k=chance.randint(1, 9))),
        )
        for _ in range(500)
    ]
