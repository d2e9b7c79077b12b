"""When a search may stop: exact match, time, and answers below greedy search, under three rules.

    SEQLOOM_DATA=FOLDER python benchmarks/stopping.py [--updates 1200] [--only dates,names-ar-en] [--json FILE]

Trains a small model on each of four data sets (dates in words, made here; words to phones and names in other scripts,
from the data folder) and answers its dev set greedily and with a beam of 5, on one thread: until the beam is full of
finished hypotheses, as Seqloom 0.1.0 did; by the default rule; with search.exhaustive. `below greedy` counts answers of
a beam that the model holds less likely, by the normalised score, than the greedy one: a search that stops
too early makes them. Times are of the processor, the shortest of three turns. A Markdown table goes to standard output.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch

import seqloom
from seqloom.search import step

DATA = Path(os.environ.get("SEQLOOM_DATA", "../shared/data"))
FULL_BEAM = "beam 5, until the beam is full"
SEARCHES = {
    "greedy": {"search.beam": 1},
    FULL_BEAM: {"search.beam": 5},
    "beam 5": {"search.beam": 5},
    "beam 5, exhaustive": {"search.beam": 5, "search.exhaustive": True},
}
SETTINGS = {
    "model.embedding": 96,
    "model.hidden": 192,
    "model.encoder.layers": 1,
    "model.decoder.layers": 1,
    "model.decoder.attend": "after",
    "text.source.kind": "character",
    "training.batch.tokens": 1024,
    "training.epochs": 100,
    "training.optimiser.learning_rate": 2e-3,
    "training.schedule.warmup": 100,
    "training.evaluate_every": 300,
    "training.selection.limit": 100,
}
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

Pairs = list[tuple[str, str]]


class Task(NamedTuple):
    """Training and dev pairs, and the tokens of the targets."""

    pairs: Callable[[], tuple[Pairs, Pairs]]
    target: str


class Row(NamedTuple):
    """What one kind of search did on one dev set."""

    task: str
    search: str
    exact_match: float
    seconds: float
    below_greedy: int


def dates() -> tuple[Pairs, Pairs]:
    """Days between 1950 and 2010 in three spellings, and in digits."""
    draw = random.Random(1)
    made: dict[str, str] = {}
    while len(made) < 3400:
        year, month, day = draw.randint(1950, 2010), draw.randint(1, 12), draw.randint(1, 28)
        name = MONTHS[month - 1]
        spelt = draw.choice([f"{name} {day}, {year}", f"{day} {name} {year}", f"{name[:3]} {day} {year}"])
        made[spelt] = f"{year}-{month:02}-{day:02}"
    pairs = list(made.items())
    return pairs[:3000], pairs[3000:]


def files(train: str, dev: str, *, longest: int = 10**9) -> Callable[[], tuple[Pairs, Pairs]]:
    """The first pairs of two files of the data folder."""

    def read(name: str, count: int) -> Pairs:
        lines = (DATA / name).read_text(encoding="utf-8").splitlines()[:count]
        return [(line.split("\t")[0], line.split("\t")[1]) for line in lines]

    return lambda: (read(train, longest), read(dev, 1500))


G2P, NAMES, WIKI = "sigmorphon2020_g2p", "google_ar2en", "wikidata_transliteration/hebrew"
TASKS = {
    "dates": Task(dates, "character"),
    "phones-ady": Task(files(f"{G2P}/train/ady_train.tsv", f"{G2P}/dev/ady_dev.tsv"), "word"),
    "names-ar-en": Task(files(f"{NAMES}/train.tsv", f"{NAMES}/dev.tsv"), "character"),
    "names-en-he": Task(files(f"{WIKI}.train.tsv", f"{WIKI}.dev.tsv", longest=12_000), "word"),
}


@contextmanager
def rule(search: str) -> Iterator[None]:
    """The package's own rule or, inside, the one that ends a search with a full beam."""
    own = step._done
    try:
        if search == FULL_BEAM:
            step._done = lambda *given: own(*given) | (given[1].scores[:, -1] > -torch.inf)
        yield
    finally:
        step._done = own


def rows(name: str, task: Task, updates: int) -> list[Row]:
    """Train a model and try each kind of search."""
    train, dev = task.pairs()
    settings = {**SETTINGS, "text.target.kind": task.target, "training.max_steps": updates}
    with tempfile.TemporaryDirectory() as folder:
        model = seqloom.train(train, dev, Path(folder) / "model", settings=settings, progress=sys.stderr)
    sources, wanted = zip(*dev, strict=True)
    found: list[Row] = []
    greedy: list[float] = []
    for search, changes in SEARCHES.items():
        chosen = model.with_settings(changes)
        seconds: list[float] = []
        for _ in range(3):
            start = time.process_time()
            with rule(search):
                answers = chosen.predict(list(sources))
            seconds.append(time.process_time() - start)
        greedy = greedy or [each.score for each in answers]
        below = sum(each.score < score - 1e-5 for each, score in zip(answers, greedy, strict=True))
        exact = 100 * sum(each.text == text for each, text in zip(answers, wanted, strict=True)) / len(wanted)
        found.append(Row(name, search, exact, min(seconds), below))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--updates", type=int, default=1200)
    parser.add_argument("--only", default="", help="names of tasks, with commas")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    torch.set_num_threads(1)
    print("| task | search | exact match, % | processor seconds | below greedy |\n|---|---|---|---|---|")
    found: list[Row] = []
    for name, task in TASKS.items():
        if given.only and name not in given.only.split(","):
            continue
        for row in rows(name, task, given.updates):
            found.append(row)
            cells = (row.task, row.search, f"{row.exact_match:.2f}", f"{row.seconds:.2f}", str(row.below_greedy))
            print(f"| {' | '.join(cells)} |", flush=True)
    if given.json:
        given.json.write_text(json.dumps([row._asdict() for row in found], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
