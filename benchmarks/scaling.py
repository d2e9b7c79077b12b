"""Training speed of one and of several processes, one thread each, on the same configuration: target tokens a second.

    python benchmarks/scaling.py [--processes 1 2] [--rounds 3] [--updates 60] ARGUMENTS OF seqloom train

Each round times every number of processes once, in turns; the table gives medians and the ratio to the first number.
Batches are those of the whole run, so twice the processes do the same work in shares. Start-up is not counted, nor is
the first report; `log_every` is a tenth of the updates.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
SKIPPED = 1  # reports that count as warming up


def main() -> None:
    parser = argparse.ArgumentParser(description="Training speed of one and of several processes", allow_abbrev=False)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--updates", type=int, default=60)
    options, arguments = parser.parse_known_args()
    rates: dict[int, list[float]] = {size: [] for size in options.processes}
    for number in range(options.rounds):
        for size, found in rates.items():
            found.append(measured(size, options.updates, arguments))
            print(f"round {number + 1}: {size} processes {found[-1]:,.0f}", file=sys.stderr, flush=True)
    base = statistics.median(rates[options.processes[0]])
    print("| processes | target tokens/s, median | lowest | highest | ratio |\n|---|---|---|---|---|")
    for size, found in rates.items():
        median = statistics.median(found)
        print(f"| {size} | {median:,.0f} | {min(found):,.0f} | {max(found):,.0f} | {median / base:.2f} |")


def measured(size: int, updates: int, arguments: list[str]) -> float:
    """The median rate of all reports but the first of a run that does nothing but train."""
    settings = {
        "training.epochs": 0,
        "training.max_steps": updates,
        "training.log_every": max(1, updates // 10),
        "training.evaluate_every": 1_000_000,
        "training.selection.limit": 0,
        "training.schedule.warmup": 0,
    }
    flags = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(size)]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "run"
        command = [sys.executable, *launcher, "-m", "seqloom", "train", *arguments, "--output", str(output), *flags]
        done = subprocess.run(command, env=ENVIRONMENT, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(done.stderr)
        lines = (output / "log.jsonl").read_text(encoding="utf-8").splitlines()
    reports = [report for report in map(json.loads, lines) if report["kind"] == "step"][SKIPPED:]
    return float(statistics.median(report["tokens_per_second"] for report in reports))


if __name__ == "__main__":
    main()
