"""The corpora of `defaults.py`: training pairs, pairs to select the weights by, and pairs for the figure.

None of them reads a published test set, which rules of default settings must never see.
"""

from __future__ import annotations

import gzip
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seqloom.data import Example, Origin

DATA = Path(os.environ.get("SEQLOOM_DATA", "../shared/data"))
SEED = 1
SELECT, MEASURE = 450, 2500  # pairs set aside of a pool of 9,000: the second number has a standard error of 0.7 at 16 %


@dataclass(frozen=True)
class Corpus:
    """Pairs to train on, to select weights by, and to measure on."""

    train: list[Example]
    select: list[Example]
    measure: list[Example]


def lines(name: str) -> list[list[str]]:
    """The cells of a TSV file of the data folder."""
    path = DATA / name
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [line.split("\t") for line in text.decode("utf-8").split("\n") if line]


def examples(name: str, source: int, target: int, tags: int | None = None) -> list[Example]:
    """The pairs of a TSV file, with their columns, counted from 0."""
    return [
        Example(
            cells[source], cells[target], Origin(name, number), () if tags is None else tuple(cells[tags].split(";"))
        )
        for number, cells in enumerate(lines(name), start=1)
    ]


def shuffled(pairs: list[Example]) -> list[Example]:
    """The pairs in a random order that is always the same, the first one of each source only."""
    firsts: dict[str, Example] = {}
    for pair in pairs:
        firsts.setdefault(pair.source, pair)
    sources = list(firsts)
    random.Random(SEED).shuffle(sources)
    return [firsts[source] for source in sources]


def words(language: str, count: int) -> Corpus:
    """`count` words and their phones; the others of 9,000 measure, so that small differences show."""
    folder = "sigmorphon2021_g2p/medium"
    pool = shuffled([each for part in ("train", "dev") for each in examples(f"{folder}/{language}_{part}.tsv", 0, 1)])
    most = 3600
    rest = pool[most:]
    return Corpus(pool[:count], rest[:SELECT], rest[SELECT : SELECT + MEASURE])


def given(train: list[Example], dev: list[Example]) -> Corpus:
    """Training and dev pairs as they were published: the dev pairs select and measure."""
    return Corpus(train, dev, dev)


def inflection_2020(language: str) -> Corpus:
    """Lemmas with tags, and their forms; most lemmas of the dev pairs are known."""
    name = f"sigmorphon2020_inflection/{language}"
    return given(examples(f"{name}.trn", 0, 1, 2), examples(f"{name}.dev", 0, 1, 2))


def inflection_2023(language: str) -> Corpus:
    """10,000 forms; the lemmas of the dev pairs are new."""
    name = f"sigmorphon2023_inflection/{language}"
    return given(examples(f"{name}.trn", 0, 2, 1), examples(f"{name}.dev", 0, 2, 1))


def sentiment() -> Corpus:
    """SST-2: sentences of film reviews and whether they are positive."""
    return given(examples("sst/sst2.train.tsv", 1, 0), examples("sst/sst2.dev.tsv", 1, 0))


def held_out(name: str, count: int) -> Corpus:
    """Labelled sentences of one file, of which `count` are set aside."""
    pairs = shuffled(examples(f"sentence_classification/{name}.tsv", 1, 0))
    return given(pairs[count:], pairs[:count])


def sentences(count: int) -> Corpus:
    """`count` English sentences of Tatoeba and their German translations."""
    pairs = shuffled(examples("tatoeba_en_de/train.tsv.gz", 0, 1))[:count]
    return given(pairs, shuffled(examples("tatoeba_en_de/dev.tsv", 0, 1))[:1000])


CORPORA: dict[str, Callable[[], Corpus]] = {
    "dutch-3600": lambda: words("dut", 3600),
    "bulgarian-3600": lambda: words("bul", 3600),
    "french-3600": lambda: words("fre", 3600),
    "dutch-800": lambda: words("dut", 800),
    "kannada-inflection": lambda: inflection_2020("kan"),
    "turkish-inflection": lambda: inflection_2023("tur"),
    "sst2": sentiment,
    "rt": lambda: held_out("rt_polarity", 1066),
    "trec": lambda: held_out("trec.train", 500),
    "tatoeba-6000": lambda: sentences(6000),
}
