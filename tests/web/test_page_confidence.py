"""Confidences of the page and of Node.js are those of the package."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from confident import made_up
from seqloom.confidence import evidence
from seqloom.search import SearchConfig

HERE = Path(__file__).parent


def run(node: str, **given: Any) -> dict[str, Any]:
    command: list[str | Path] = [node, HERE / "confidence.mjs"]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=False)
    if done.returncode:
        return {"error": done.stderr}
    values: dict[str, Any] = json.loads(done.stdout)
    return values


def test_confidences_are_those_of_the_package(node: str) -> None:
    chance = random.Random(4)
    answers, wanted = [], []
    calibration = made_up()
    for number in range(200):
        log_probs = [-chance.expovariate(chance.choice([0.1, 3, 1e4])) for _ in range(chance.randint(1, 30))]
        cut, unknown, at_limit = number % 3 == 0, ["x"] if number % 5 == 0 else [], number % 7 == 0
        answers.append({"tokenLogProbs": log_probs, "cut": cut, "unknown": unknown, "atLimit": at_limit})
        known = evidence(log_probs, unread=cut or bool(unknown), at_limit=at_limit)
        wanted.append(calibration.confidence(known))
    settings = SearchConfig().model_dump()
    found = run(node, calibration=calibration.to_values(), settings=settings, answers=answers)
    assert found["fits"] is True
    assert found["values"] == pytest.approx(wanted, abs=1e-9)
    assert max(wanted) - min(wanted) > 0.9


@pytest.mark.parametrize(("setting", "fits"), [("n_best", True), ("batch", True), ("beam", False), ("alpha", False)])
def test_other_settings_of_search_fit_where_they_fit_in_the_package(node: str, setting: str, fits: bool) -> None:
    search = SearchConfig(**{setting: 3})
    calibration = made_up()
    assert (calibration.mismatch(search) == "") is fits
    found = run(node, calibration=calibration.to_values(), settings=search.model_dump(), answers=[])
    assert found == {"fits": fits, "values": []}


def test_another_format_is_refused(node: str) -> None:
    values = made_up().to_values()
    assert (
        "must have the format 1, not 2"
        in run(node, calibration=values | {"format": 2}, settings={}, answers=[])["error"]
    )
    weights = {**values["weights"], "mean": None}
    assert (
        "weights of answer, mean"
        in run(node, calibration=values | {"weights": weights}, settings={}, answers=[])["error"]
    )
