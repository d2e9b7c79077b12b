"""Shapes of batches: memory over thousands of updates, and target tokens a second of processor time, side by side.

    python benchmarks/shapes.py PAIRS [--before FOLDER] [--updates 5000] [--size small] [--core 1]

PAIRS is what `data.train` may name (`train.en,train.de`, `pairs.tsv`); FOLDER is a checkout of an earlier version.
For each way to cut batches (a budget of tokens, a fixed number of rows) and each number format (float32, bfloat16) one
process of each version trains the same network on the same pairs. The processes take turns, `--turn` updates at a time,
each on one thread of the same core, and their own processor time is taken, so that other programs do not decide. Memory
is the resident set; `shapes` counts the different (rows, source length, target length) among all batches so far.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from itertools import product
from pathlib import Path
from typing import Any

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"embedding": 64, "hidden": 128, "decoder": {"layers": 1}},
    "small": {"embedding": 128, "hidden": 256, "decoder": {"layers": 1}},
    "middle": {"embedding": 256, "hidden": 512, "decoder": {"layers": 1}},
}
BATCHES: dict[str, dict[str, int]] = {
    "tokens": {"tokens": 4096},
    "sentences": {"tokens": 0, "sentences": 64},
}
FORMATS = {"float32": "float32-default", "bfloat16": "bfloat16"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Shapes of batches: memory and speed over many updates")
    parser.add_argument("pairs")
    parser.add_argument("--before", type=Path, help="a checkout of an earlier version")
    parser.add_argument("--updates", type=int, default=5000)
    parser.add_argument("--turn", type=int, default=100, help="updates that a process makes before the other's turn")
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--pieces", type=int, default=4000, help="of each side's vocabulary")
    parser.add_argument("--batches", choices=BATCHES, nargs="+", default=list(BATCHES))
    parser.add_argument("--formats", choices=FORMATS, nargs="+", default=list(FORMATS))
    parser.add_argument("--core", default="1")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options)
        return
    here = Path(__file__).resolve().parents[1]
    trees = {"before": options.before.resolve(), "after": here} if options.before else {"after": here}
    print("| batches | format | version | tokens/s, median | shapes | MB after a tenth | a half | the whole | growth |")
    print("|---|---|---|---|---|---|---|---|---|")
    for batches, form in product(options.batches, options.formats):
        for name, turns in side_by_side(options, trees, batches, form).items():
            tenth, half, whole = (turns[len(turns) * part // 10 - 1]["memory"] for part in (1, 5, 10))
            rate = statistics.median(turn["tokens"] / turn["seconds"] for turn in turns[1:] or turns)
            sizes = f"{turns[-1]['shapes']:,} | {tenth:,.0f} | {half:,.0f} | {whole:,.0f} | {whole - tenth:+,.0f}"
            print(f"| {batches} | {form} | {name} | {rate:,.0f} | {sizes} |", flush=True)


def side_by_side(
    options: argparse.Namespace, trees: dict[str, Path], batches: str, form: str
) -> dict[str, list[dict[str, Any]]]:
    """What each version's process says after each of its turns."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in trees}
    workers = {name: started(options, tree, batches, form) for name, tree in trees.items()}
    for _ in range(options.updates // options.turn):
        for name, worker in workers.items():
            assert worker.stdin
            assert worker.stdout
            worker.stdin.write("go\n")
            worker.stdin.flush()
            found[name].append(json.loads(worker.stdout.readline()))
            print(f"{batches} {form} {name}: {found[name][-1]}", file=sys.stderr, flush=True)
    for worker in workers.values():
        worker.communicate()
    return found


def started(options: argparse.Namespace, tree: Path, batches: str, form: str) -> subprocess.Popen[str]:
    """A process that trains by the code of a checkout, a turn for each line that it reads."""
    sizes = ["--size", options.size, "--turn", str(options.turn), "--pieces", str(options.pieces)]
    command = [sys.executable, __file__, options.pairs, "--worker", *sizes, "--batches", batches, "--formats", form]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(tree / "src")}
    return subprocess.Popen(
        ["taskset", "-c", options.core, *command],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def work(options: argparse.Namespace) -> None:
    """Train as `seqloom train` does, a turn for each line of standard input; after each say what it took."""
    from seqloom.data.loader import load_batches  # noqa: PLC0415 - of the version that PYTHONPATH names
    from seqloom.training import Inputs, RunConfig  # noqa: PLC0415
    from seqloom.training.setup import prepare  # noqa: PLC0415
    from seqloom.training.updates.optim import build_optimiser  # noqa: PLC0415
    from seqloom.training.updates.step import Objective, update  # noqa: PLC0415

    kind = {"kind": "bpe", "vocabulary_size": options.pieces}
    training = {"batch": BATCHES[options.batches[0]], "precision": FORMATS[options.formats[0]], "device": "cpu"}
    config = {
        "data": {"train": [options.pairs]},
        "text": {"source": kind, "target": kind},
        "model": SIZES[options.size],
        "training": {**training, "selection": {"limit": 0}},
    }
    prepared = prepare(RunConfig.model_validate(config), Inputs())
    objective = Objective(prepared.precision, 0.1, 1.0)
    optimiser = build_optimiser(prepared.model, prepared.config.training.optimiser)
    stream = load_batches(prepared.train, prepared.sampler)
    shapes: set[tuple[int, ...]] = set()
    for _ in sys.stdin:
        began, tokens, nll = time.process_time(), 0, 0.0
        for _ in range(options.turn):
            _, batch = next(stream)
            done = update(prepared.model.train(), optimiser, [batch], objective)
            tokens, nll = tokens + done.tokens, nll + float(done.nll)
            shapes.add((*batch.source.shape, batch.target_in.size(1)))
        seconds = time.process_time() - began
        found = {
            "tokens": tokens,
            "seconds": seconds,
            "memory": resident(),
            "shapes": len(shapes),
            "loss": nll / tokens,
        }
        print(json.dumps(found), flush=True)
    stream.close()


def resident() -> float:
    """Megabytes of memory that this process holds (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
