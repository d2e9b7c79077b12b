"""What an example is: a generator of pairs by rules, and how its files are used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

Row = tuple[str, ...]
"""Source, target and, in some examples, tags."""


@dataclass(frozen=True)
class Example:
    """A data set that is made by rules.

    `rows` makes rows one after the other, without end or until nothing new is left; the same random numbers give the
    same rows. Rows with the same `key`, by default the source, come into the same file, so that what is tested was not
    seen in training. `inputs` names the file of inputs to predict from, and `options` are what `seqloom train` needs
    to read the files.
    """

    name: str
    title: str
    rules: str
    rows: Callable[[Random], Iterator[Row]]
    count: int
    key: Callable[[Row], str] = lambda row: row[0]
    inputs: str = "inputs.txt"
    options: tuple[str, ...] = ()
