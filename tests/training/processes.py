"""Starting groups of processes with torchrun, as a user does."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reversal import BASE

from seqloom.config import merged

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@contextlib.contextmanager
def group(size: int, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A group at work; its launcher is told to end it where the test goes on without."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(size)]
    command = [*launcher, *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT) as process:
        try:
            yield process
        finally:
            process.terminate()


def launched(size: int, *arguments: object) -> tuple[int, str]:
    """The exit code of a group, and what it said."""
    with group(size, *arguments) as process:
        said = process.communicate()[1]
    return process.returncode, said


def do(size: int, folder: Path, jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Have a group do jobs in a folder; returns what each process saw, by rank."""
    (folder / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    code, said = launched(size, HERE / "worker.py", folder)
    assert code == 0, said
    return [json.loads((folder / f"seen-{rank}.json").read_text(encoding="utf-8")) for rank in range(size)]


def settings(changes: dict[str, Any]) -> dict[str, Any]:
    """The toy run, without dropout; a large eps, or Adam would blow noise up to whole steps."""
    plain = {
        "model": {"dropout": 0, "embedding_dropout": 0},
        "training": {"epochs": 2, "log_every": 1, "optimiser": {"eps": 1e-3}},
    }
    return merged(merged(BASE, plain), changes)


LAWFUL: dict[str, dict[str, Any]] = {
    "lstm-between": settings({"training": {"epochs": 3, "accumulate": 2, "ema": 0.9}}),
    "gru-feed": settings(
        {
            "model": {"cell": "gru", "decoder": {"attend": "feed"}},
            "training": {"epochs": 0, "max_steps": 40, "batch": {"sentences": 2}, "evaluate_every": 15},
        }
    ),
    "layer_norm_lstm-before": settings(
        {
            "model": {"cell": "layer_norm_lstm", "decoder": {"attend": "before"}},
            "text": {"source": {"kind": "bpe", "vocabulary_size": 30, "dropout": 0.3}},
            "training": {"selection": {"on": "cer", "average_best": 2, "limit": 13}},
        }
    ),
    "rnn-none": settings(
        {
            "model": {"cell": "rnn", "decoder": {"attend": "none"}},
            "training": {"schedule": {"kind": "plateau", "warmup": 3}, "selection": {"patience": 1}},
        }
    ),
}
"""Runs over more than one kind of cell, of attending, of cutting batches, of averaging and of stopping. Among two
sentences a batch, the third process has no row at all."""
