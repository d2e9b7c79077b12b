"""How long it takes a fresh Python to import Seqloom and load an exported folder.

    python benchmarks/loading.py MODEL [--int8] [--runs 15]

Each run is a process of its own that uses ONNX Runtime. Printed are the median and the least of all runs, in seconds:
`import` and `load` are what the two statements take, `process` is the program from its start to its end, on the clock
and of the processor. Files lie in the operating system's cache.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

from seqloom.checkpoint.format import GRAPH, GRAPH_INT8

PROGRAM = """
import json, sys, time
def now(): return time.perf_counter(), time.process_time()
began = now()
import seqloom
imported = now()
seqloom.load(sys.argv[1], engine="onnx", int8=json.loads(sys.argv[2]))
loaded = now()
print(json.dumps([began, imported, loaded]))
"""
Pair = tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description="Time to import Seqloom and load an exported model")
    parser.add_argument("model", type=Path)
    parser.add_argument("--int8", action="store_true", help="the graph with weights of 8 bits")
    parser.add_argument("--runs", type=int, default=15)
    given = parser.parse_args()
    graph = given.model / (GRAPH_INT8 if given.int8 else GRAPH)
    timed(given.model, int8=given.int8)  # the first one fills the cache
    runs = [timed(given.model, int8=given.int8) for _ in range(given.runs)]
    print(f"{graph}, {graph.stat().st_size / 1e6:.1f} MB, {given.runs} processes: median (least), s")
    for part in ("import", "load", "both", "process"):
        clock, processor = zip(*(run[part] for run in runs), strict=True)
        print(f"{part:8} clock {shown(clock)}  processor {shown(processor)}")


def timed(model: Path, *, int8: bool) -> dict[str, Pair]:
    """Seconds on the clock and of the processor, by part."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-c", PROGRAM, str(model), json.dumps(int8)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    whole, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    start, imported, loaded = json.loads(done.stdout)
    processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "import": between(start, imported),
        "load": between(imported, loaded),
        "both": between(start, loaded),
        "process": (whole, processor),
    }


def between(first: Pair, second: Pair) -> Pair:
    return second[0] - first[0], second[1] - first[1]


def shown(values: tuple[float, ...]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f})"


if __name__ == "__main__":
    main()
