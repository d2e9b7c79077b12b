"""Confidence: how far the probability of an answer can be trusted, as the model has it and calibrated on dev data.

    SEQLOOM_DATA=FOLDER python benchmarks/confidence.py [--only dutch,adyghe] [--models FOLDER] [--json FILE]

Trains a small model on each of four data sets: words to phones (SIGMORPHON 2020, Adyghe and Dutch), names in Latin
letters to katakana (20,000 of Wikidata's), sentences (Tatoeba, English to German). Each is calibrated on its dev data
and tested on up to 2,000 test pairs, with PyTorch and with its 8-bit graph, which takes the same coefficients. Models
lie in the folder of `--models`, where they are found again. Markdown tables go to standard output.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

import seqloom
from seqloom.checkpoint.confidence import add_calibration
from seqloom.confidence import Reliability, reliability, worth
from seqloom.confidence.quality import EXACT
from seqloom.export import export_model
from seqloom.prediction import Prediction
from seqloom.runtime_model import load_graph

DATA = Path(os.environ.get("SEQLOOM_DATA", "../shared/data"))
SETTINGS = {
    "model.embedding": 64,
    "model.hidden": 128,
    "model.encoder.layers": 1,
    "model.decoder.layers": 1,
    "model.decoder.attend": "before",
    "training.seed": 1,
    "training.precision": "float32",
    "training.epochs": 0,
    "training.batch.tokens": 1024,
    "training.optimiser.learning_rate": 2e-3,
}
TESTED = 2000
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Task:
    """Files of training, dev and test pairs in the data folder, how many pairs to take, and settings."""

    files: tuple[str, str, str]
    settings: dict[str, Any]
    limits: tuple[int | None, int | None] = (None, None)

    def pairs(self) -> Iterator[Pairs]:
        """Training, dev and test pairs."""
        for file, limit in zip(self.files, (*self.limits, TESTED), strict=True):
            path = DATA / file
            opened = gzip.open if path.suffix == ".gz" else open
            with opened(path, "rt", encoding="utf-8") as lines:
                rows = (line.rstrip("\n").split("\t") for line in islice(lines, limit))
                yield [(row[0], row[1]) for row in rows]


def words(language: str) -> Task:
    """Words to phones."""
    folder = "sigmorphon2020_g2p"
    files = [f"{folder}/{part}/{language}_{part}.tsv" for part in ("train", "dev", "test")]
    steps = {"training.max_steps": 1500, "training.evaluate_every": 300}
    return Task((files[0], files[1], files[2]), steps)


KATAKANA = "wikidata_transliteration/katakana"
TASKS = {
    "adyghe": words("ady"),
    "dutch": words("dut"),
    "katakana": Task(
        (f"{KATAKANA}.train.tsv", f"{KATAKANA}.dev.tsv", f"{KATAKANA}.test.tsv"),
        {"training.max_steps": 1500, "training.evaluate_every": 500},
        (20_000, 1500),
    ),
    "english-german": Task(
        ("tatoeba_en_de/train.tsv.gz", "tatoeba_en_de/dev.tsv", "tatoeba_en_de/test.tsv"),
        {"training.max_steps": 2500, "training.evaluate_every": 1250, "training.batch.tokens": 2048},
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(TASKS), help="data sets, separated by commas")
    parser.add_argument("--models", type=Path, default=None, help="folder of models, trained where they are not there")
    parser.add_argument("--json", type=Path, default=None, help="a file for all figures")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = given.models or Path(folder)
        found = {name: measured(TASKS[name], models / name) for name in given.only.split(",")}
    show(found)
    if given.json is not None:
        given.json.write_text(json.dumps(found, indent=1) + "\n")


def measured(task: Task, folder: Path) -> dict[str, Any]:
    """Train, calibrate and test one model."""
    train, dev, test = task.pairs()
    if not (folder / "manifest.json").is_file():
        seqloom.train(train, dev, folder, settings={**SETTINGS, **task.settings}, progress=sys.stderr)
    model = seqloom.load(folder, engine="torch").with_confidence(dev)
    assert model.calibration is not None
    add_calibration(folder, model.calibration)
    if not (folder / "model.int8.onnx").is_file():
        export_model(folder, int8=True)
    measure, sources = model.calibration.measure, [source for source, _ in test]
    answers = model.predict(sources, alignments=True)
    small = load_graph(folder, int8=True).predict(sources)
    same = [(one, other) for one, other in zip(answers, small, strict=True) if one.text == other.text]
    shifts = np.abs([(one.confidence or 0) - (other.confidence or 0) for one, other in same])
    return {
        "measure": measure,
        "dev answers": model.calibration.figures.answers,
        "probability": tested(measure, answers, test, [probability(each, measure) for each in answers]),
        "confidence": tested(measure, answers, test, [each.confidence for each in answers]),
        "8 bits": tested(measure, small, test, [each.confidence for each in small]),
        "same answers with 8 bits": len(same),
        "mean shift": float(shifts.mean()),
        "largest shift": float(shifts.max()),
    }


def probability(answer: Prediction, measure: str) -> float:
    """The model's own: of the answer, or for graded measures of a token on average."""
    total = sum(answer.token_log_probs)
    return float(np.exp(total if measure == EXACT else total / len(answer.token_log_probs)))


def tested(
    measure: str, answers: list[Prediction], test: Pairs, confidences: list[float] | list[float | None]
) -> dict[str, Any]:
    """The figures of confidences on test pairs."""
    values = worth(measure, [each.text for each in answers], [target for _, target in test])
    found: Reliability | None = reliability(measure, confidences, values)
    assert found is not None
    return found.to_json()


def show(found: dict[str, dict[str, Any]]) -> None:
    """Markdown tables."""
    kinds = ("probability", "confidence", "8 bits")
    heads = ("data", "answers: dev, test", "calibration error: probability, confidence, 8 bits", "Brier score")
    print("| " + " | ".join([*heads, "shift by 8 bits: mean, largest"]) + " |\n" + "|---" * (len(heads) + 1) + "|")
    for name, values in found.items():
        errors = ", ".join(f"{values[kind]['expected_calibration_error']:.3f}" for kind in kinds)
        scores = ", ".join(f"{values[kind]['brier_score']:.3f}" for kind in kinds)
        counts = f"{values['dev answers']:,}, {values['confidence']['answers']:,}"
        shift = f"{values['mean shift']:.4f}, {values['largest shift']:.3f}"
        print(f"| {name} ({values['measure']}) | {counts} | {errors} | {scores} | {shift} |")
    shares = [each["share"] for each in next(iter(found.values()))["confidence"]["coverage"]]
    print("\n| most confident | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |")
    print("|---" * (len(shares) + 1) + "|")
    for name, values in found.items():
        for kind in kinds[:2]:
            row = " | ".join(f"{100 * each['worth']:.1f}" for each in values[kind]["coverage"])
            print(f"| {name}, by {kind} | {row} |")


if __name__ == "__main__":
    main()
