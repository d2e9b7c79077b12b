"""Writes the files of an example into a folder."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from random import Random

from seqloom.errors import ConfigError, DiskError, suggestion
from seqloom.examples.base import Example, Row
from seqloom.examples.dates import DATES
from seqloom.examples.english import SPELLING
from seqloom.examples.german import TRANSLATION
from seqloom.examples.requests import TAGS
from seqloom.examples.russian import TRANSLITERATION
from seqloom.examples.spanish import G2P
from seqloom.examples.tickets import LABELS
from seqloom.examples.turkish import INFLECTION

EXAMPLES: Mapping[str, Example] = {
    each.name: each for each in (G2P, LABELS, TAGS, DATES, TRANSLATION, INFLECTION, SPELLING, TRANSLITERATION)
}
"""The examples by name."""
TESTED, INPUTS = 0.1, 20
"""The share of the pairs that dev and test data have each, and the number of inputs to predict from."""
WARNING = "Made by rules: good figures on it prove nothing about real data."


def example(name: str) -> Example:
    """The example with this name; raises a `ConfigError` if there is none."""
    if name not in EXAMPLES:
        raise ConfigError(f"there is no example {name!r}", hint=suggestion(name, EXAMPLES))
    return EXAMPLES[name]


def parts(name: str, seed: int = 1) -> dict[str, list[Row]]:
    """The rows of an example in its parts train, dev, test and inputs; the same seed gives the same rows.

    No row comes twice, and no source of one part is in another.
    """
    chosen = example(name)
    chance = Random(f"{name} {seed}")
    tested = int(TESTED * chosen.count)
    sizes = {"test": tested, "dev": tested, "inputs": INPUTS, "train": chosen.count}
    wanted = sum(sizes.values())
    groups: dict[str, dict[str, Row]] = {}
    found = 0
    for row in chosen.rows(chance):
        group = groups.setdefault(chosen.key(row), {})
        source = "\t".join((row[0], *row[2:]))
        if source not in group:
            group[source] = row
            found += 1
        if found == wanted + wanted // 5:  # more than wanted: groups are not divided
            break
    keys = list(groups)
    chance.shuffle(keys)
    result: dict[str, list[Row]] = {}
    for part, size in sizes.items():
        rows: list[Row] = []
        while keys and len(rows) < size:
            rows += groups[keys.pop()].values()
        chance.shuffle(rows)
        result[part] = rows[:size]
    return result


def write(name: str, folder: str | os.PathLike[str], *, seed: int = 1) -> Path:
    """Write an example into a folder: train.tsv, dev.tsv, test.tsv, inputs to predict from, and README.md.

    The names are g2p, labels, tags, dates, translation, inflection, spelling and transliteration. All are made by
    rules, and prove nothing about real data. Another `seed` makes other pairs. Raises a `ConfigError` for an unknown
    name, and a `DiskError` if one of the files is there already.
    """
    chosen, folder = example(name), Path(folder)
    made = parts(name, seed)
    texts = {f"{part}.tsv": _lines(made[part]) for part in ("train", "dev", "test")}
    texts[chosen.inputs] = _lines([(row[0], *row[2:]) for row in made["inputs"]])
    texts["README.md"] = readme(chosen, folder, {part: len(rows) for part, rows in made.items()})
    there = [file for file in texts if (folder / file).exists()]
    if there:
        raise DiskError(
            f"{there[0]} is there already", where=str(folder), hint="name another folder, or take these files away"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, text in texts.items():
            with (folder / file).open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
    except OSError as error:
        raise DiskError(f"cannot be written: {error.strerror or error}", where=str(folder)) from None
    return folder


def commands(name: str, folder: str | os.PathLike[str]) -> list[str]:
    """The commands that train, measure and ask a model of the example in this folder."""
    chosen, place = example(name), Path(folder)
    train, dev, test, inputs, model = (
        shlex.quote(str(place / file)) for file in ("train.tsv", "dev.tsv", "test.tsv", chosen.inputs, "model")
    )
    options = "".join(f" {shlex.quote(each)}" for each in chosen.options)
    return [
        f"seqloom data report {train} --against {test}{options}",
        f"seqloom train {train} --dev {dev} --output {model} --minutes 2{options}",
        f"seqloom evaluate {model} {test}",
        f"seqloom predict {model} {inputs}",
    ]


def readme(chosen: Example, folder: Path, sizes: Mapping[str, int]) -> str:
    """The text that stands beside the files."""
    counts = ", ".join(f"{sizes[part]:,} in {part}.tsv" for part in ("train", "dev", "test"))
    typed = "\n".join(f"    {each}" for each in commands(chosen.name, folder))
    return (
        f"# {chosen.title[0].upper()}{chosen.title[1:]}\n\n{WARNING}\n\n{chosen.rules}\n\n"
        f"Pairs, one a line, with a tab between source and target: {counts}. Inputs to predict from: "
        f"{sizes['inputs']} in {chosen.inputs}.\n\n{typed}\n"
    )


def _lines(rows: list[Row]) -> str:
    return "".join("\t".join(row) + "\n" for row in rows)
