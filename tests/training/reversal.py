"""A task small enough to train in a second: strings to their reverse."""

from __future__ import annotations

import random
from collections.abc import Generator
from pathlib import Path
from typing import Any

import torch

from seqloom.checkpoint.tensors import read_tensors
from seqloom.config import merged
from seqloom.training import Inputs, RunConfig, train
from seqloom.training.reports import Report, StepReport

BASE: dict[str, Any] = {
    "plan": {"effort": "none"},
    "search": {"max_length_ratio": 1, "max_length_extra": 1},
    "model": {"embedding": 8, "hidden": 8, "decoder": {"attend": "between"}},
    "training": {
        "epochs": 3,
        "log_every": 4,
        "precision": "float32",
        "device": "cpu",
        "batch": {"tokens": 200},
        "selection": {"limit": 4},
    },
}


def reversed_pairs(count: int = 110, seed: int = 1) -> list[tuple[str, str]]:
    chance = random.Random(seed)
    words = ["".join(chance.choices("abcdef", k=chance.randint(2, 7))) for _ in range(count)]
    return [(word, word[::-1]) for word in words]


def run_config(**training: Any) -> RunConfig:
    return RunConfig.model_validate(merged(BASE, {"training": training}))


def begin_run(output: Path, *, resume: bool = False, overwrite: bool = False, **training: Any) -> Generator[Report]:
    inputs = Inputs(reversed_pairs(), reversed_pairs(30, seed=2))
    return train(run_config(**training), output, inputs=inputs, resume=resume, overwrite=overwrite)


def cut(stream: Generator[Report], updates: int) -> None:
    """Follow a run until an update has been reported, then close it."""
    for report in stream:
        if isinstance(report, StepReport) and report.step >= updates:
            break
    stream.close()


def weights_of(output: Path) -> dict[str, torch.Tensor]:
    return read_tensors(output / "model.safetensors")


def same_weights(first: Path, second: Path) -> bool:
    one, other = weights_of(first), weights_of(second)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
