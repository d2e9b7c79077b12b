"""The measurements behind the default settings: for each rule, the variants that were compared.

    SEQLOOM_DATA=FOLDER python benchmarks/defaults.py [--only RULE,...] [--corpora NAME,...] [--json FILE]

`defaults.toml` names for each rule its corpora, the settings that all variants share, and the variants. Every variant
is trained on every corpus (`defaults_corpora.py`) on one thread and measured on pairs that it has not seen; published
test sets are not read. A corpus whose files are missing is skipped, which is said. A Markdown table goes to standard
output, a row as soon as it is measured, and all rows with all their settings to the JSON file. The whole takes
hours; `--updates` shortens every run, to see that all is well.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from defaults_corpora import CORPORA, Corpus

import seqloom

STUDIES = Path(__file__).with_name("defaults.toml")
HEADER = "| rule | corpus | variant | updates | minutes | weights from | figures |\n|---|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Study:
    """What is compared for one rule.

    `base` are the settings of all variants, `variants` those in which they differ, by dotted names; `measures` are
    names of metrics, the first one also selects the weights.
    """

    rule: str
    corpora: Sequence[str]
    measures: Sequence[str]
    base: Mapping[str, Any]
    variants: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Row:
    """What one variant reached on one corpus; `chosen` says which weights were taken."""

    rule: str
    corpus: str
    variant: str
    settings: Mapping[str, Any]
    updates: int
    minutes: float
    chosen: str
    figures: Mapping[str, float]

    def markdown(self) -> str:
        """A line of the table."""
        figures = ", ".join(f"{name} {value:.2f}" for name, value in self.figures.items())
        cells = (self.rule, self.corpus, self.variant, f"{self.updates:,}", f"{self.minutes:.1f}", self.chosen, figures)
        return f"| {' | '.join(cells)} |"


def read_studies(path: Path = STUDIES) -> list[Study]:
    """The studies of a TOML file, in its order."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    shared = tables.pop("shared", {})
    return [
        Study(rule, table["corpora"], table["measures"], {**shared, **table["base"]}, table["variants"])
        for rule, table in tables.items()
    ]


def chosen(studies: Sequence[Study], names: str) -> list[Study]:
    """The studies that are named, with commas between them; all of them if none is."""
    wanted = [name for name in names.split(",") if name]
    if unknown := set(wanted) - {study.rule for study in studies}:
        raise SystemExit(f"no rule {', '.join(sorted(unknown))}; there are {', '.join(each.rule for each in studies)}")
    return [study for study in studies if not wanted or study.rule in wanted]


def measured(study: Study, name: str, corpus: Corpus, variant: str, updates: int) -> Row:
    """Train one variant on one corpus and measure it."""
    settings = {
        "training.selection.on": study.measures[0],
        "training.selection.metrics": list(study.measures),
        **study.base,
        **study.variants[variant],
    }
    if updates:
        settings |= {"training.max_steps": updates, "training.epochs": 0, "training.evaluate_every": updates}
    start = time.monotonic()
    model = seqloom.train(corpus.train, corpus.select, settings=settings)
    minutes = (time.monotonic() - start) / 60
    scores = model.evaluate(corpus.measure, metrics=list(study.measures)).scores
    figures = {score.name: score.value for score in scores}
    made = model.metrics
    return Row(study.rule, name, variant, settings, made["training"]["step"], minutes, made["chosen"], figures)


def rows(
    studies: Sequence[Study], corpora: Mapping[str, Callable[[], Corpus]], only: Sequence[str] = (), updates: int = 0
) -> Iterator[Row]:
    """The rows of the table; corpora whose files are missing are skipped with a word on standard error."""
    for study in studies:
        for name in study.corpora:
            if only and name not in only:
                continue
            try:
                corpus = corpora[name]()
            except FileNotFoundError as error:
                print(f"{study.rule}: {name} is skipped, as {error.filename} is not there", file=sys.stderr)
                continue
            for variant in study.variants:
                yield measured(study, name, corpus, variant, updates)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="names of rules, with commas between them")
    parser.add_argument("--corpora", default="", help="names of corpora, with commas between them")
    parser.add_argument("--updates", type=int, default=0, help="so many updates in every run instead of the rule's")
    parser.add_argument("--studies", type=Path, default=STUDIES, help="the TOML file with the variants")
    parser.add_argument("--json", type=Path, help="a file for all rows with their settings")
    given = parser.parse_args(arguments)
    torch.set_num_threads(1)
    studies = chosen(read_studies(given.studies), given.only)
    wanted = [name for name in given.corpora.split(",") if name]
    if unknown := {*wanted, *(name for study in studies for name in study.corpora)} - set(CORPORA):
        raise SystemExit(f"no corpus {', '.join(sorted(unknown))}; there are {', '.join(CORPORA)}")
    print(HEADER)
    found: list[Row] = []
    for row in rows(studies, CORPORA, wanted, given.updates):
        print(row.markdown(), flush=True)
        found.append(row)
        if given.json:  # after each row, as the next one may take long
            given.json.write_text(json.dumps([asdict(each) for each in found], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
