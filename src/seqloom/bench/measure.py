"""Measure how fast each engine of a model folder is on this machine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from seqloom.bench.engines import Offer, size_of
from seqloom.bench.interleaved import Timings, take_turns
from seqloom.bench.program import Program
from seqloom.checkpoint import format as layout
from seqloom.checkpoint.reading import read_codecs, read_config, read_manifest
from seqloom.codecs import TextCodec
from seqloom.config import build
from seqloom.data import DataConfig, Source, read_sources
from seqloom.data.config import PLAIN
from seqloom.errors import DataError
from seqloom.plugins import files_in_use
from seqloom.text import Tokenizer

POOLS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
"""Environment variables from which libraries read how many threads they may use."""


@dataclass(frozen=True)
class Speed:
    """The figures of one engine: latency in milliseconds, throughput of beam search (beam of 5, batches of 32), memory,
    file size.

    Latencies are the median and the 99th percentile of one input at a time. `peak_mb` is the memory of a process that
    does nothing else, Python and libraries included, in MB; None where the system does not tell. `disk_mb` is the size
    of the files that the engine reads, in MB.
    """

    engine: str
    inputs: int
    greedy_p50: float
    greedy_p99: float
    beam_p50: float
    beam_p99: float
    sentences_per_second: float
    tokens_per_second: float
    peak_mb: float | None
    disk_mb: float

    @classmethod
    def of(cls, name: str, timings: Timings, tokens: int, size: int) -> Speed:
        """Compute the figures from timings, the number of `tokens` in the answers of beam search, and the `size` in
        bytes."""
        inputs = len(timings.beam_answers)
        greedy, beam = (1000 * np.quantile(each, [0.5, 0.99]) for each in (timings.greedy, timings.beam))
        return cls(
            name,
            inputs,
            greedy_p50=float(greedy[0]),
            greedy_p99=float(greedy[1]),
            beam_p50=float(beam[0]),
            beam_p99=float(beam[1]),
            sentences_per_second=inputs / timings.seconds,
            tokens_per_second=tokens / timings.seconds,
            peak_mb=timings.peak_mb,
            disk_mb=size / 1e6,
        )

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)


def measure(
    folder: Path | str, offered: Sequence[Offer], file: str | None = None, *, count: int = 200, threads: int = 1
) -> list[Speed]:
    """Measure each engine, in a process of its own, with the engines taking turns.

    `threads` is the number of threads of PyTorch, or of batches that a graph computes at a time. Without `file`, the
    inputs are `count` texts of 5 to 25 random symbols of the source vocabulary. Raises DataError where no input has any
    text.
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    codecs = read_codecs(folder, manifest.codecs, read_config(folder))
    inputs = _made_up(codecs.source.tokenizer, count) if file is None else _read(folder, file, count)
    sources = [each for each in inputs if each.text.strip()]
    if not sources:
        raise DataError("there must be at least one line that is not empty", where=file or "")
    with ExitStack() as running:
        programs = [running.enter_context(_started(folder, offer, threads)) for offer in offered]
        timed = take_turns(programs, sources)
    return [
        Speed.of(offer.name, timings, _tokens(codecs.spoken, timings.beam_answers), size_of(manifest, offer))
        for offer, timings in zip(offered, timed, strict=True)
    ]


def pinned(threads: int) -> dict[str, str]:
    """Return the environment variables of this process, with the threads of all libraries limited to this number."""
    return {**os.environ, **dict.fromkeys(POOLS, str(threads))}


def worker(folder: Path, offer: Offer, threads: int = 1) -> list[str]:
    """The command of an engine's process, which has the plugins of this one."""
    job = json.dumps([str(folder), offer.engine, offer.int8, threads, files_in_use()])
    return [sys.executable, "-P", "-m", "seqloom.bench", job]


def _started(folder: Path, offer: Offer, threads: int) -> Program:
    here = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # the same modules as in this process
    return Program(offer.name, worker(folder, offer, threads), {**pinned(threads), **here})


def _read(folder: Path, file: str, count: int) -> list[Source]:
    values = {**read_config(folder).get("data", {}), **PLAIN}  # as `of_inputs` has it, and no plugin is asked for
    config = build(DataConfig, values, where=str(folder / layout.CONFIG))
    return list(islice(read_sources(file, config), count))


def _made_up(tokenizer: Tokenizer, count: int) -> list[Source]:
    chance = np.random.default_rng(1)
    rows = [
        chance.integers(tokenizer.reserved, max(tokenizer.size, tokenizer.reserved + 1), size=chance.integers(5, 26))
        for _ in range(count)
    ]
    return [Source(text) for text in tokenizer.decode([row.tolist() for row in rows])]


def _tokens(target: TextCodec | None, answers: Sequence[str]) -> int:
    """Return the number of target tokens in the answers, end marks included; a label is one."""
    return len(answers) if target is None else sum(map(len, target.encode(answers))) + len(answers)
