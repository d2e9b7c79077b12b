"""Tiny models learn tiny tasks from a seed that is new at every run; where one fails, the seed is in the message."""

from __future__ import annotations

import datetime
import json
import random
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import seqloom
from seqloom.cli.main import app
from toy import write_pairs

Pairs = list[tuple[str, str]]


def words(chance: random.Random, count: int, longest: int = 6) -> list[str]:
    return ["".join(chance.choices("abcdefgh", k=chance.randint(1, longest))) for _ in range(count)]


def copy(chance: random.Random, count: int) -> Pairs:
    return [(word, word) for word in words(chance, count)]


def reverse(chance: random.Random, count: int) -> Pairs:
    return [(word, word[::-1]) for word in words(chance, count, longest=5)]


def dates(chance: random.Random, count: int) -> Pairs:
    days = [datetime.date(1900, 1, 1) + datetime.timedelta(chance.randrange(50_000)) for _ in range(count)]
    written = ("%d %b %Y", "%b %d, %Y", "%d/%m/%Y")
    return [(day.strftime(chance.choice(written)).lower(), day.isoformat()) for day in days]


SETTINGS: dict[str, Any] = {
    "text.source.kind": "character",
    "text.target.kind": "character",
    "model.embedding": 32,
    "model.hidden": 64,
    "model.dropout": 0.0,
    "model.embedding_dropout": 0.0,
    "model.encoder.layers": 1,
    "model.decoder.layers": 1,
    "model.attention.kind": "additive",
    "training.label_smoothing": 0.0,
    "training.batch.tokens": 600,
    "training.optimiser.learning_rate": 0.006,
    "training.schedule.warmup": 50,
    "training.precision": "float32",
    "training.device": "cpu",
    "training.selection.limit": 0,
    "evaluation.metrics": ["exact_match"],
}


@pytest.mark.parametrize(
    ("task", "attend", "epochs", "threshold"),
    [(copy, "feed", 6, 95), (reverse, "before", 8, 90), (dates, "after", 8, 90)],
)
def test_a_tiny_model_learns(
    task: Callable[[random.Random, int], Pairs], attend: str, epochs: int, threshold: float, tmp_path: Path
) -> None:
    seed = secrets.randbelow(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    settings = {**SETTINGS, "training.epochs": epochs, "training.seed": seed, "model.decoder.attend": attend}
    model = seqloom.train(task(chance, 2000), task(chance, 100), tmp_path / "model", settings=settings)
    test = task(chance, 200)
    result = model.evaluate(test)
    assert result["exact_match"] >= threshold, f"seed {seed}"
    predicted = [answer.text for answer in model.predict([source for source, _ in test])]
    right = sum(answer == target for answer, (_, target) in zip(predicted, test, strict=True))
    assert result["exact_match"] == pytest.approx(100 * right / len(test))
    _commands_agree(tmp_path, test, predicted, result["exact_match"])


def _commands_agree(folder: Path, test: Pairs, predicted: list[str], figure: float) -> None:
    """predict, evaluate and the search from Python are one thing."""
    path = write_pairs(folder / "test.tsv", test)
    lines = "".join(f"{source}\n" for source, _ in test)
    answers = CliRunner().invoke(app, ["predict", str(folder / "model")], input=lines)
    assert answers.stdout.splitlines() == predicted
    measured = CliRunner().invoke(app, ["evaluate", str(folder / "model"), str(path), "--json"])
    assert json.loads(measured.stdout)["scores"][0]["value"] == pytest.approx(figure)
