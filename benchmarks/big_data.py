"""Millions of pairs: memory and seconds of preparing them, of starting again, and of making batches.

    python benchmarks/big_data.py [--pairs 5000000] [--shards 8] [--batches 3000] [--updates 50] [--folder FOLDER]

Writes shards of made-up text (two vocabularies of 50,000 words by Zipf's law, about 14 words a side), then starts
four processes one after the other, each on one thread: the first prepares a run (tokenizers of 8,000 BPE pieces from a
sample, text encoded into the cache, some pairs set aside, the batches of an epoch planned), the second does the same
again, the third also makes batches, the fourth trains the model of multi30k-pieces.toml (12 million weights) for some
updates. Memory is what `seqloom.training.setup.prepare` adds to a process in which the libraries are loaded: `private`
is its own, `mapped` counts the pages of the cache, which the system takes back when it needs them.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.config import merged, read_toml
from seqloom.data.loader import load_batches
from seqloom.training import Inputs, RunConfig, train
from seqloom.training.reports import SetupReport, StepReport
from seqloom.training.setup import prepare

TYPES, SLICE = 50_000, 50_000
STAGES = ("prepare", "again", "batches", "train")
TRAINER = Path(__file__).with_name("multi30k-pieces.toml")
WINDOW = 10
"""Updates whose pace is averaged; the first of these windows is left out."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Millions of pairs")
    parser.add_argument("--pairs", type=int, default=5_000_000)
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--batches", type=int, default=3000)
    parser.add_argument("--updates", type=int, default=50, help="of the model that is trained; two times 10 or more")
    parser.add_argument("--folder", type=Path, help="where to leave the files; by default a temporary folder")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.updates < 2 * WINDOW:
        parser.error(f"--updates must be at least {2 * WINDOW}")
    if options.stage:
        torch.set_num_threads(1)
        print(json.dumps(trained(options) if options.stage == "train" else stage(options)))
        return
    with tempfile.TemporaryDirectory(prefix="seqloom-big-") as temporary:
        options.folder = options.folder or Path(temporary)
        began = time.perf_counter()
        size = generate(options.folder, options.pairs, options.shards)
        taken = time.perf_counter() - began
        print(f"{options.pairs:,} pairs, {size / 1e6:,.0f} MB in {options.shards} shards, written in {taken:.0f} s")
        counts = ["--batches", str(options.batches), "--updates", str(options.updates)]
        found = {}
        for name in STAGES:
            command = [sys.executable, __file__, "--stage", name, "--folder", str(options.folder), *counts]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found[name] = json.loads(done.stdout)
            print(f"{name}: {found[name]}", flush=True)
        times = found["batches"]["batches"]["target tokens a second"] / found["train"]["target tokens a second"]
        print(f"batches are made {times:.0f} times as fast as they are learnt from")
        cached = sum(path.stat().st_size for path in (options.folder / "cache").iterdir())
        print(f"cache: {cached / 1e6:,.0f} MB")


def generate(folder: Path, pairs: int, shards: int) -> int:
    """Writes the shards that are not there yet; returns their bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(1)
    words = [vocabulary(chance), vocabulary(chance)]
    weights = 1 / np.arange(1, TYPES + 1) ** 1.05
    reached = np.cumsum(weights / weights.sum())
    counts = np.diff(np.linspace(0, pairs, shards + 1).astype(int))
    for number, count in enumerate(counts.tolist()):
        path = folder / f"shard-{number:03}.tsv"
        if path.exists():
            continue
        with path.with_suffix(".part").open("w", encoding="utf-8") as stream:
            for start in range(0, count, SLICE):
                lengths = 1 + chance.poisson(13, min(SLICE, count - start))
                others = np.maximum(1, lengths + chance.integers(-2, 3, len(lengths)))
                sides = [texts(chance, *each, reached) for each in zip(words, (lengths, others), strict=True)]
                stream.writelines(f"{source}\t{target}\n" for source, target in zip(*sides, strict=True))
        path.with_suffix(".part").rename(path)
    return sum(path.stat().st_size for path in folder.glob("shard-*.tsv"))


def vocabulary(chance: np.random.Generator) -> NDArray[np.object_]:
    """Distinct made-up words, the short ones first."""
    letters = np.array(list("etaoinshrdlucmfwypvbgkjqxz"))
    weights = 1 / np.arange(1, 27)
    found: set[str] = set()
    while len(found) < TYPES:
        drawn = chance.choice(letters, size=(10_000, 10), p=weights / weights.sum())
        lengths = chance.integers(2, 11, 10_000)
        found |= {"".join(row[:length]) for row, length in zip(drawn.tolist(), lengths.tolist(), strict=True)}
    return np.array(sorted(found, key=lambda word: (len(word), word))[:TYPES], object)


def texts(
    chance: np.random.Generator, words: NDArray[np.object_], lengths: NDArray[np.int64], reached: NDArray[np.float64]
) -> list[str]:
    """Texts of so many words each."""
    drawn = words[np.minimum(np.searchsorted(reached, chance.random(int(lengths.sum()))), TYPES - 1)].tolist()
    ends = np.cumsum(lengths).tolist()
    return [" ".join(drawn[end - length : end]) for end, length in zip(ends, lengths.tolist(), strict=True)]


def settings(options: argparse.Namespace) -> dict[str, Any]:
    """What all stages share; the files are cached however small they are."""
    pieces = {"kind": "bpe", "vocabulary_size": 8000}
    cache = {"cache": str(options.folder / "cache"), "cache_above_mb": 0}
    return {
        "data": {"train": [f"{options.folder}/shard-*.tsv"], **cache},
        "text": {"source": pieces, "target": pieces},
        "model": {"embedding": 64, "hidden": 64},
        "training": {"precision": "float32", "device": "cpu"},
    }


def stage(options: argparse.Namespace) -> dict[str, Any]:
    """One process's part."""
    with measured() as figures:
        prepared = prepare(RunConfig.model_validate(settings(options)), Inputs())
    result: dict[str, Any] = {"pairs": len(prepared.train), "prepared": figures}
    if options.stage == "batches":
        with measured() as batches:
            began = time.perf_counter()
            stream = load_batches(prepared.train, prepared.sampler)
            tokens = sum(next(stream)[1].tokens for _ in range(options.batches))
            stream.close()
            seconds = time.perf_counter() - began
        batches["target tokens"] = tokens
        batches["target tokens a second"] = round(tokens / seconds)
        result["batches"] = batches
    return result


def trained(options: argparse.Namespace) -> dict[str, Any]:
    """How fast a model learns from the same pairs, in the fastest precision of this machine."""
    run = {"device": "cpu", "max_steps": options.updates, "log_every": WINDOW}
    shared = settings(options)
    own = {"data": {**shared["data"], "dev_count": 0}, "text": shared["text"], "training": run}
    output = options.folder / "run"
    reports = list(train(RunConfig.model_validate(merged(read_toml(TRAINER), own)), output, overwrite=True))
    shutil.rmtree(output)
    (setup,) = (each for each in reports if isinstance(each, SetupReport))
    rates = [each.tokens_per_second for each in reports if isinstance(each, StepReport)]
    return {
        "weights": setup.parameters,
        "precision": setup.precision,
        "updates": options.updates,
        "target tokens a second": round(statistics.median(rates[1:])),
    }


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Seconds by the clock and of processor time, and megabytes at the peak beyond those at the beginning."""
    figures: dict[str, float] = {}
    peaks = memory()
    base, done = dict(peaks), threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            for name, value in memory().items():
                peaks[name] = max(peaks[name], value)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    began, used = time.perf_counter(), time.process_time()
    yield figures
    figures["seconds"] = round(time.perf_counter() - began, 2)
    figures["processor seconds"] = round(time.process_time() - used, 2)
    done.set()
    watcher.join()
    for name, value in peaks.items():
        figures[f"{name} MB"] = round(value - base[name])
    figures["at the beginning MB"] = round(sum(base.values()))


def memory() -> dict[str, float]:
    """Megabytes of this process now: its own, and mapped from files (Linux)."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    return {name: int(lines[key].split()[0]) / 1e3 for name, key in (("private", "RssAnon"), ("mapped", "RssFile"))}


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
