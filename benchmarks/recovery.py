"""What a kill costs: a real run is killed with SIGKILL again and again, resumed each time, and compared with an unbroken one.

    python benchmarks/recovery.py [--kills 20] [--seed 1] [--pairs 20000]

Prints a table of kills (moment, update reached, update resumed from, seconds of training lost, seconds from the start of
the next process to its first new update), whether the models are the same bit for bit and the logs without gaps or
repeats, and what saving states costs at the default interval, one epoch on made-up pairs with default settings.
"""  # noqa: E501

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOMENTS = ("write", "training", "any")
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
SETTINGS = (
    "text.source.kind=character",
    "text.target.kind=character",
    "text.shared=false",
    "model.embedding=16",
    "model.hidden=16",
    "model.dropout=0.2",
    "training.device=cpu",
    "training.precision=float32",
    "training.batch.tokens=300",
    "training.accumulate=2",
    "training.evaluate_every=7",
    "training.checkpoint_every=3",
    "training.log_every=1",
    "training.selection.limit=4",
)
AVERAGED = ("training.selection.average_best=3", "training.schedule.kind=plateau")
MOVING = ("training.ema=0.95",)
PATIENCE = 3600  # seconds after which a process that says nothing is given up


@dataclass(frozen=True)
class Kill:
    """One kill; None where the next process was killed before it said what it went on from, or made an update."""

    moment: str
    reached: int
    resumed: int | None
    lost: float | None
    recovery: float | None


def main() -> None:
    parser = argparse.ArgumentParser(description="What a kill costs")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        train = pairs_file(folder / "pairs.tsv", 1000)
        settings = (*SETTINGS, *AVERAGED, f"training.max_steps={12 * options.kills}", "training.epochs=0")
        follow(command(train, folder / "whole", settings))
        kills = killed_run(train, folder / "killed", settings, options.kills, options.seed)
        print("| kill at | reached | resumed from | s lost | s to the first new update |\n|---|---|---|---|---|")
        for kill in kills:
            numbers = (kill.resumed, kill.lost, kill.recovery)
            shown = " | ".join("killed before" if number is None else f"{number:.4g}" for number in numbers)
            print(f"| {kill.moment} | {kill.reached} | {shown} |")
        print(f"\nsame weights: {same_model(folder / 'whole', folder / 'killed')}")
        print(f"same log: {trained(folder / 'whole') == trained(folder / 'killed')}\n")
        overhead(folder, options.pairs)


def pairs_file(path: Path, count: int, words: tuple[int, int] = (2, 7), letters: str = "abcdef") -> Path:
    """Strings and their reverse."""
    chance = random.Random(0)
    rows = ("".join(chance.choices(letters, k=chance.randint(*words))) for _ in range(count))
    path.write_text("".join(f"{row}\t{row[::-1]}\n" for row in rows), encoding="utf-8")
    return path


def command(train: Path, output: Path, settings: Sequence[str], *more: str) -> list[str]:
    flags = [f"--set={setting}" for setting in settings]
    return [sys.executable, "-m", "seqloom", "train", "--train", str(train), "--output", str(output), *flags, *more]


def follow(arguments: Sequence[str]) -> None:
    done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr


def killed_run(train: Path, output: Path, settings: Sequence[str], kills: int, seed: int) -> list[Kill]:
    """Start the run, kill it `kills` times, each time at another kind of moment, and let it end."""
    chance, done, usual = random.Random(seed), [], 5.0
    before: dict[int, float] = {}
    for number in range(kills + 1):
        began = time.time()
        moment = MOMENTS[number % len(MOMENTS)] if number < kills else ""
        with (output.parent / "stderr").open("wb") as errors:
            arguments = command(train, output, settings, "--resume")
            process = subprocess.Popen(arguments, env=ENVIRONMENT, stdout=errors, stderr=errors)
        if moment:
            kill(process, output, moment, chance, usual)
        else:
            process.wait(PATIENCE)
        assert process.returncode in (0, -signal.SIGKILL), (output.parent / "stderr").read_text(encoding="utf-8")
        resumed, first = recovered(output, began)
        usual = first - began if first else usual
        if number:
            reached, recovery = max(before, default=0), None if first is None else first - began
            lost = None if resumed is None else before.get(reached, 0.0) - before.get(resumed, 0.0)
            done.append(Kill(MOMENTS[(number - 1) % 3], reached, resumed, lost, recovery))
        before = {line["step"]: line["seconds"] for line in records(output) if line["kind"] == "step"}
        if process.returncode == 0:
            break
    return done


def kill(process: subprocess.Popen[bytes], output: Path, moment: str, chance: random.Random, usual: float) -> None:
    """Kill a run while it writes, while it trains, or at any moment; `usual` seconds pass before its first update."""
    began = time.time()
    delay = chance.uniform(0, 1.2 * usual if moment == "any" else 0.5)
    if moment != "any":
        wait(process, lambda: any(line["time"] > began and line["kind"] == "step" for line in records(output)))
    start, skipped = time.time(), chance.randint(0, 6)
    if moment == "write":
        seen: set[tuple[Path, int]] = set()

        def writing() -> bool:
            seen.update(unfinished(output))
            return len(seen) > skipped

        wait(process, writing, pause=0.0)
    else:
        wait(process, lambda: time.time() - start > delay)
    process.kill()
    process.wait(PATIENCE)


def wait(process: subprocess.Popen[bytes], done: Any, pause: float = 0.005) -> None:
    limit = time.time() + PATIENCE
    while process.poll() is None and not done():
        assert time.time() < limit, "the run does not get on"
        time.sleep(pause)


def unfinished(output: Path) -> Iterator[tuple[Path, int]]:
    """Temporary files and folders of states, kept weights and the model, each with its own number."""
    for folder in (output / "resume" / "states", output / "resume" / "kept", output):
        for path in folder.glob(".*.tmp"):
            try:
                yield path, path.stat().st_ino
            except FileNotFoundError:
                continue


def records(output: Path) -> list[dict[str, Any]]:
    """The lines of the log that are whole."""
    path = output / "log.jsonl"
    found = []
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def recovered(output: Path, began: float) -> tuple[int | None, float | None]:
    """The update a process that began at a time went on from, and when its first new update was logged."""
    lines = [line for line in records(output) if line["time"] >= began]
    resumed = next((line["step"] for line in lines if line["kind"] == "resume"), None)
    first = next((line["time"] for line in lines if line["kind"] == "step"), None)
    return resumed, first


def trained(output: Path) -> list[tuple[Any, ...]]:
    """What the log says of the training, apart from times."""
    wanted = ("kind", "step", "loss", "gradient_norm", "learning_rate", "score", "metrics", "best", "chosen")
    kinds = ("step", "evaluation", "finish")
    return [tuple(line.get(name) for name in wanted) for line in records(output) if line["kind"] in kinds]


def same_model(one: Path, other: Path) -> bool:
    return (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()


def overhead(folder: Path, count: int) -> None:
    train = pairs_file(folder / "many.tsv", count, (10, 40), "abcdefghijklmnopqrstuvwxyz")
    settings = ("training.epochs=1", "training.log_every=10", "training.device=cpu")
    follow(command(train, folder / "default", settings))
    lines = records(folder / "default")
    states = [line["seconds"] for line in lines if line["kind"] == "checkpoint"]
    finish = next(line for line in lines if line["kind"] == "finish")
    step = finish["seconds"] / finish["step"]
    share = 100 * sum(states) / finish["seconds"]
    print(
        f"default settings, {count:,} pairs, one epoch: {finish['step']} updates of {1000 * step:.0f} ms, evaluation "
        f"counted; {len(states)} states of {1000 * max(states):.0f} ms at most, {share:.2f} % of the time"
    )


if __name__ == "__main__":
    main()
