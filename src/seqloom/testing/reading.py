"""The laws of readers."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqloom.config import build, to_toml
from seqloom.data import DataConfig, Example
from seqloom.data.readers import ReadReport, read_examples, read_sources
from seqloom.errors import DataError
from seqloom.testing.comparing import READER, SETTINGS, broken, failures_are_told, require


@failures_are_told
def check_reader(
    name: str, file: Path | str, pairs: Sequence[tuple[str, str]] | None = None, **settings: Any
) -> list[Example]:
    """Try the laws of readers on one of `READERS`, whose plugin must be in use, with a good file of its format.

    `pairs` are what the file holds, in order; `settings` are further ones of `[data]`. The reader streams `Example`s
    whose texts are neither empty nor broken Unicode, whose origins are the file and lines or rows that count upwards
    from 1; it counts them in its report; it reads the file alike a second time and as inputs to predict from; and it
    refuses a missing file by a `DataError`. Raises `AssertionError` where a law is broken; returns the examples.
    """
    where, path = f"reader {name}", str(file)
    config = build(DataConfig, {**settings, "format": name})
    found = build(DataConfig, tomllib.loads(to_toml(config, comments=True)))
    require(SETTINGS, where, found == config, f"{config!r} comes back as {found!r}")
    report = ReadReport(config.on_bad_line)
    stream = read_examples([path], config, report)
    require(READER, where, iter(stream) is stream, "examples must come one after the other, not as a list")
    examples = list(stream)
    require(READER, where, bool(examples), f"{path} must give examples, not none")
    strange = next((each for each in examples if not isinstance(each, Example)), None)
    require(READER, where, strange is None, f"it must yield values of the class Example, not {strange!r}")
    counted, count = report.examples, len(examples)
    require(READER, where, counted == count, f"its report counts {counted} examples of {count} (see `checked`)")
    empty = next((each for each in examples if not (each.source.strip() and each.target.strip())), None)
    require(READER, where, empty is None, f"{empty!r} has an empty side")
    _origins(where, path, examples)
    if pairs is not None:
        _holds(where, examples, pairs)
    again = list(read_examples([path], config, ReadReport(config.on_bad_line)))
    require(READER, where, again == examples, "it reads the same file otherwise a second time")
    inputs = [each.text for each in read_sources(path, config)]
    require(READER, where, inputs == [each.source for each in examples], "inputs to predict from are not its sources")
    try:
        list(read_examples([f"{path}.missing"], config, ReadReport(config.on_bad_line)))
    except DataError:
        return examples
    raise broken(READER, where, "a missing file must be refused by a DataError")


def _origins(where: str, path: str, examples: Sequence[Example]) -> None:
    """Refuse examples that do not say where they stand."""
    lines = [each.origin.line for each in examples]
    upwards = lines == sorted(lines) and lines[0] >= 1
    require(READER, where, upwards, f"lines must count upwards from 1, not {lines[:8]}")
    elsewhere = next((each.origin.file for each in examples if each.origin.file != path), None)
    require(READER, where, elsewhere is None, f"origins must name {path}, not {elsewhere}")


def _holds(where: str, examples: Sequence[Example], pairs: Sequence[tuple[str, str]]) -> None:
    """Refuse examples that are not the pairs that the file holds."""
    for number, (each, pair) in enumerate(zip(examples, pairs, strict=False), start=1):
        held = (each.source, each.target)
        require(READER, where, held == tuple(pair), f"pair {number} is {held!r}, not {tuple(pair)!r}")
    require(READER, where, len(examples) == len(pairs), f"it gives {len(examples)} pairs, not {len(pairs)}")
