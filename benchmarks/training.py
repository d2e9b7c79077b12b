"""Training speed beside the peers, in one run: target tokens a second on one pinned core.

    python benchmarks/training.py PIECES [--peers FOLDER] [--onmt COMMAND] [--rounds 3] [--updates 60] [--core 1]

PIECES holds train.en, train.de, val.en, val.de as space-separated pieces and vocab.txt (benchmarks/README.md). Each
round times every program once; the table gives medians and ratios. Start-up is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

HERE = Path(__file__).resolve().parent
SETTINGS: dict[str, list[str]] = {
    "Seqloom": [],
    "Seqloom, input feeding": ["model.decoder.attend=feed"],
}
SKIPPED = 1  # reports that count as warming up


def main() -> None:
    parser = argparse.ArgumentParser(description="Training speed beside the peers")
    parser.add_argument("pieces", type=Path)
    parser.add_argument("--peers", type=Path, help="folder of the hand-written plain_torch.py")
    parser.add_argument("--onmt", type=Path, help="OpenNMT-py's onmt_train; its onmt.yaml lies in the peers' folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=60)
    parser.add_argument("--core", default="1")
    options = parser.parse_args()
    programs: dict[str, Callable[[], float]] = {
        name: partial(seqloom, options, settings) for name, settings in SETTINGS.items()
    }
    if options.peers:
        programs["hand-written, input feeding"] = partial(plain, options)
    if options.peers and options.onmt:
        programs["OpenNMT-py, input feeding"] = partial(onmt, options)
    rates: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(options.rounds):
        for name, measure in programs.items():
            rates[name].append(measure())
            print(f"round {number + 1}: {name} {rates[name][-1]:,.0f}", file=sys.stderr, flush=True)
    base = statistics.median(rates["hand-written, input feeding"] if options.peers else rates["Seqloom"])
    print("| program | target tokens/s, median | lowest | highest | ratio |\n|---|---|---|---|---|")
    for name, found in rates.items():
        median = statistics.median(found)
        print(f"| {name} | {median:,.0f} | {min(found):,.0f} | {max(found):,.0f} | {median / base:.2f} |")


def pinned(options: argparse.Namespace, command: list[str], folder: Path | None = None) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    full = ["taskset", "-c", options.core, *command]
    done = subprocess.run(full, env=environment, check=True, capture_output=True, text=True, cwd=folder)
    return done.stdout + done.stderr


def seqloom(options: argparse.Namespace, settings: list[str]) -> float:
    """Tokens over seconds of all reports but the first."""
    files = {side: f"{options.pieces / side}.en,{options.pieces / side}.de" for side in ("train", "val")}
    with tempfile.TemporaryDirectory() as folder:
        chosen = [f"training.max_steps={options.updates}", "training.evaluate_every=1000000", *settings]
        flags = [part for setting in chosen for part in ("--set", setting)]
        sides = ["--train", files["train"], "--dev", files["val"]]
        config = str(HERE / "multi30k-pieces.toml")
        pinned(options, [sys.executable, "-m", "seqloom", "train", config, *sides, "--output", folder + "/run", *flags])
        lines = (Path(folder) / "run" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    reports = [report for report in map(json.loads, lines) if report["kind"] == "step"][SKIPPED:]
    return float(statistics.median(report["tokens_per_second"] for report in reports))


def plain(options: argparse.Namespace) -> float:
    """The rate that the hand-written baseline prints for its steps from the tenth on."""
    command = [sys.executable, str(options.peers / "plain_torch.py"), "--data", str(options.pieces)]
    printed = pinned(options, [*command, "--max-steps", str(options.updates)])
    return float(re.findall(r'"steady_tok_s": ([0-9.]+)', printed)[-1])


def onmt(options: argparse.Namespace) -> float:
    """Target tokens over seconds of OpenNMT-py's reports from the eleventh step on."""
    with tempfile.TemporaryDirectory() as folder:
        steps = ["-train_steps", str(options.updates), "-save_model", f"{folder}/model"]
        printed = pinned(options, [str(options.onmt), "-config", "onmt.yaml", *steps], options.peers)
    line = r"Step (\d+)/.*bsz:\s*\d+/\s*(\d+)/.*/\s*(\d+) tok/s"
    reports = [(int(step), int(tokens), int(rate)) for step, tokens, rate in re.findall(line, printed)][SKIPPED:]
    return sum(tokens for _, tokens, _ in reports) / sum(tokens / rate for _, tokens, rate in reports)


if __name__ == "__main__":
    main()
