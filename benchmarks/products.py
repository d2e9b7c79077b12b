"""What a graph's search takes beyond its matrix products: time of the whole over time of the products alone.

    python benchmarks/products.py MODEL FILE [--count 100] [--rounds 3] [--core 1] [--json FILE]

MODEL is an exported folder, FILE holds inputs. For each graph and each search (greedy and beam 5 one by one, beam 5 in
batches of 32), every call of the graph is traced by ONNX Runtime: which products with a constant matrix it makes, with
how many rows, how often. The same products are then made alone, with the same weights, by small graphs in which a Loop
repeats those that are made equally often in the order of the graph, so that as much memory is read as in the search.
Both are timed in turns, one thread, in ms an input; Python around the calls is left out. A recurrent layer's node
counts as a product with all positions of the source and one with each of them, a direction. Products of two values that
depend on the input (attention's) are not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
from products_alone import Call, Part, Repeats, parts_of

from seqloom import load
from seqloom.bench import offers
from seqloom.bench.interleaved import BATCH, BEAM
from seqloom.data import Source, read_sources
from seqloom.runtime_model import RuntimeModel

CHUNK = 32
"""Calls traced by one session: it keeps no more than a million events."""
SEARCHES = {"greedy": (1, 1), f"beam {BEAM}": (BEAM, 1), f"beam {BEAM} × {BATCH}": (BEAM, BATCH)}
KINDS = ("once", "position", "step")


class Recorder:
    """A session that keeps what it is asked, and how long it took."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self.session, self.seconds = session, 0.0
        self.asked: list[tuple[Sequence[str], dict[str, Any]]] = []

    def run(self, outputs: Sequence[str], feed: dict[str, Any]) -> Any:
        self.asked.append((outputs, feed))
        began = time.perf_counter()
        found = self.session.run(outputs, feed)
        self.seconds += time.perf_counter() - began
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Time of a search over time of its matrix products")
    parser.add_argument("model", type=Path)
    parser.add_argument("file")
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--core", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    rows = list(measured(options))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    head = ("graph", "search", "whole, ms", "products, ms", *(f"of these {kind}" for kind in KINDS), "whole : products")
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print("| " + " | ".join(f"{value:.2f}" if isinstance(value, float) else value for value in row.values()) + " |")


def measured(options: argparse.Namespace) -> Iterator[dict[str, str | float]]:
    """The rows of the table."""
    for offer in offers(options.model, "onnx")[0]:
        model = load(options.model, engine="onnx", int8=offer.int8)
        sources = list(islice(read_sources(options.file, model.config.data.of_inputs({})), options.count))
        graph, parts = parts_of(onnx.load(options.model / offer.file))
        for search, (beam, batch) in SEARCHES.items():
            chosen = model.with_settings([f"search.beam={beam}", "search.n_best=1", f"search.batch={batch}"])
            print(f"{offer.name}, {search}", file=sys.stderr, flush=True)
            whole, alone = compared(chosen, sources, graph, parts, batch, options.rounds)
            scale = 1000 / len(sources)
            products = sum(alone.values())
            yield {
                "graph": offer.name,
                "search": search,
                "whole_ms": whole * scale,
                "products_ms": products * scale,
                **{f"{kind}_ms": alone[kind] * scale for kind in KINDS},
                "ratio": whole / products,
            }


def compared(
    model: RuntimeModel,
    sources: list[Source],
    graph: onnx.ModelProto,
    parts: dict[str, list[Part]],
    batch: int,
    rounds: int,
) -> tuple[float, dict[str, float]]:
    """Seconds of the whole and of its products by kind, medians over the rounds."""
    session = model.engine._session
    model.engine._session = recorder = Recorder(session)
    repeats = Repeats()
    whole: list[float] = []
    alone: dict[str, list[float]] = {kind: [] for kind in KINDS}
    try:
        answer(model, sources, batch)
        calls = traced(graph, parts, recorder.asked)
        repeats.run(calls)
        for _ in range(rounds):
            recorder.seconds = 0.0
            answer(model, sources, batch)
            whole.append(recorder.seconds)
            seconds = repeats.run(calls)
            for kind in KINDS:
                alone[kind].append(seconds.get(kind, 0.0))
    finally:
        model.engine._session = session
    return statistics.median(whole), {kind: statistics.median(found) for kind, found in alone.items()}


def answer(model: RuntimeModel, sources: list[Source], batch: int) -> None:
    for _ in model.stream(sources, window=1 if batch == 1 else len(sources)):
        pass


def traced(
    graph: onnx.ModelProto, parts: dict[str, list[Part]], asked: Sequence[tuple[Sequence[str], dict[str, Any]]]
) -> list[list[Call]]:
    """The products of each call of the graph."""
    found: list[list[Call]] = []
    for start in range(0, len(asked), CHUNK):
        with tempfile.TemporaryDirectory() as folder:
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL  # nodes keep names
            options.enable_profiling = True
            options.profile_file_prefix = f"{folder}/trace"
            session = onnxruntime.InferenceSession(
                graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
            )
            for outputs, feed in asked[start : start + CHUNK]:
                session.run(outputs, feed)
            events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
        found += calls_of(events, parts)
    assert len(found) == len(asked)
    return found


def calls_of(events: list[dict[str, Any]], parts: dict[str, list[Part]]) -> Iterator[list[Call]]:
    """The products of each run among a session's events."""
    runs = sorted((each["ts"], each["ts"] + each["dur"]) for each in events if each["name"] == "model_run")
    kernels = sorted(
        (each["ts"], name, next(iter(each["args"]["input_type_shape"][0].values())))
        for each in events
        if each["name"].endswith("_kernel_time") and (name := each["name"].removesuffix("_kernel_time")) in parts
    )
    for began, ended in runs:
        inside = [(name, shape) for at, name, shape in kernels if began <= at <= ended]
        yield [part.call(shape) for name, shape in inside for part in parts[name]]


if __name__ == "__main__":
    main()
