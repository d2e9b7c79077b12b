"""Several models of one task that differ in tokenizers and direction, hardly trained: enough to disagree."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from seqloom.api import Model
from seqloom.codecs import Codecs
from seqloom.config import build
from seqloom.model import Seq2Seq
from seqloom.text import TokenizerConfig, train_tokenizer
from seqloom.training import RunConfig

LINES = ["abcd", "", "dcb", "  ", "aab", "dd", "bacdab"]
SIDES = ({"kind": "character"}, {"kind": "bpe", "vocabulary_size": 30}, {"kind": "character"})
"""How each model writes the target: by characters, by pieces, by characters from right to left."""


def random_model(number: int) -> Model:
    """Model number 0, 1 or 2, whose weights are random."""
    kinds = {"source": {"kind": "character"}, "target": SIDES[number]}
    settings = {
        "model": {"embedding": 8, "hidden": 8, "decoder": {"attend": "after"}},
        "text": kinds,
        "data": {"reverse_target": number == 2},
        "search": {"beam": 4, "max_length_ratio": 1, "max_length_extra": 2},
        "evaluation": {"metrics": ["cer", "exact_match"]},
        "training": {"device": "cpu"},
    }
    config = build(RunConfig, settings)
    source = train_tokenizer(["abcd abcd ab"], TokenizerConfig(kind="character"), ("X",))
    target = train_tokenizer(["abcd abcd ab cd"], build(TokenizerConfig, SIDES[number]))
    torch.manual_seed(number)
    network = Seq2Seq(config.model, source.size, target.size).eval()
    with torch.no_grad():
        for weight in network.parameters():
            weight.add_(torch.randn_like(weight), alpha=0.4)
    return Model(network, Codecs.of_text(source, target, reverse_target=number == 2), config)


@pytest.fixture(scope="session")
def three_models() -> dict[str, Model]:
    """The models by the names a, b and c."""
    return {name: random_model(number) for number, name in enumerate("abc")}


@pytest.fixture(scope="session")
def three_folders(three_models: dict[str, Model], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the folders a, b and c of the models."""
    parent = tmp_path_factory.mktemp("several")
    for name, model in three_models.items():
        model.save(parent / name)
    return parent
