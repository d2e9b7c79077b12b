"""How fast a model answers on this machine: one input at a time, and in batches."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch

from seqloom.api import Model
from seqloom.data import Source, read_sources
from seqloom.errors import DataError
from seqloom.prediction import Prediction

BEAM, BATCH = 5, 32
TRIALS = 8
"""Inputs answered before the clock is started."""


@dataclass(frozen=True)
class Speed:
    """One way of decoding. `p50` and `p99` are milliseconds for one input; None where inputs share a batch."""

    name: str
    inputs: int
    sentences_per_second: float
    tokens_per_second: float
    p50: float | None = None
    p99: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def measure_decoding(model: Model, file: str | None = None, *, count: int = 200, threads: int = 1) -> list[Speed]:
    """Greedy search one by one, then a beam of 5 in batches of 32, on the same inputs; 0 threads are torch's choice.

    Without a file the inputs are random symbols of the source vocabulary, 5 to 25 each.
    """
    sources = _made_up(model, count) if file is None else list(islice(read_sources(file, model.config.data), count))
    sources = [source for source in sources if source.text.strip()]
    if not sources:
        raise DataError("there must be at least one line that is not empty", where=file or "")
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        return [_one_by_one(model, sources), _in_batches(model, sources)]
    finally:
        torch.set_num_threads(before)


def _one_by_one(model: Model, sources: Sequence[Source]) -> Speed:
    greedy = model.with_settings(["search.beam=1", "search.n_best=1"])
    list(greedy.stream(sources[:TRIALS], window=1))
    times, answers = [], []
    for source in sources:
        began = time.perf_counter()
        answers += list(greedy.stream([source], window=1))
        times.append(time.perf_counter() - began)
    seconds = sum(times)
    p50, p99 = (float(value) * 1000 for value in np.quantile(times, [0.5, 0.99]))
    return Speed(
        "greedy, one by one", len(sources), len(sources) / seconds, _tokens(model, answers) / seconds, p50, p99
    )


def _in_batches(model: Model, sources: Sequence[Source]) -> Speed:
    wide = model.with_settings([f"search.beam={BEAM}", "search.n_best=1", f"search.batch={BATCH}"])
    list(wide.stream(sources[:TRIALS]))
    began = time.perf_counter()
    answers = list(wide.stream(sources))
    seconds = time.perf_counter() - began
    name = f"beam {BEAM}, batches of {BATCH}"
    return Speed(name, len(sources), len(sources) / seconds, _tokens(model, answers) / seconds)


def _tokens(model: Model, answers: Sequence[Prediction]) -> int:
    """Target tokens, end marks counted."""
    return sum(map(len, model.target_tokenizer.encode([answer.text for answer in answers]))) + len(answers)


def _made_up(model: Model, count: int) -> list[Source]:
    tokenizer = model.source_tokenizer
    chance = np.random.default_rng(1)
    rows = [
        chance.integers(tokenizer.reserved, max(tokenizer.size, tokenizer.reserved + 1), size=chance.integers(5, 26))
        for _ in range(count)
    ]
    return [Source(text) for text in tokenizer.decode([row.tolist() for row in rows])]
