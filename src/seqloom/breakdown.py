"""Figures by language or by file: which examples belong together, a row of figures for each part, and their mean.

    macro mean = (1 / P) Σ_p figure_p over the P parts        micro total = the figure of all examples together

The macro mean counts each language alike, however many examples it has; shared tasks on many languages rank by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from seqloom.data import Example
from seqloom.errors import ConfigError
from seqloom.losses import Loss
from seqloom.metrics import Score

By = Literal["auto", "tag", "file", "none"]
"""What figures can be shown by."""
Kind = Literal["tag", "file"]
"""What the parts of the examples are called by."""


@dataclass(frozen=True)
class Row:
    """The figures of the examples with one tag, or of one file."""

    name: str
    count: int
    scores: tuple[Score, ...]
    loss: Loss

    @property
    def figures(self) -> dict[str, float]:
        """The metrics and the losses, by name."""
        scores = {score.name: score.value for score in self.scores}
        return {**scores, "loss": self.loss.per_token, "loss_per_character": self.loss.per_character}


@dataclass(frozen=True)
class Breakdown:
    """A row of figures for each part of the examples; `kind` says whether the parts are tags or files."""

    kind: Kind
    rows: tuple[Row, ...]

    @property
    def macro(self) -> dict[str, float]:
        """The mean of each figure over the rows, each of which counts alike."""
        return macro_mean([row.figures for row in self.rows])

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        rows = [{"name": row.name, "count": row.count, **row.figures} for row in self.rows]
        return {"kind": self.kind, "rows": rows, "macro_mean": self.macro}


def macro_mean(figures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each figure over all parts that have it."""
    names = dict.fromkeys(name for each in figures for name in each)
    having = {name: [each[name] for each in figures if name in each] for name in names}
    return {name: sum(values) / len(values) for name, values in having.items()}


def kind_of(examples: Iterable[Example], by: By) -> Kind | None:
    """What the examples are divided by; None where they are not divided.

    `auto` is settled here: `tag` if the examples are of several files and each file has one first tag, but not all the
    same; `file` if they are of several files otherwise. Raises `ConfigError` where tags are asked for and there are
    none.
    """
    if by == "none":
        return None
    if by == "file":
        return "file"
    tags: dict[str, set[str]] = {}
    for example in examples:
        tags.setdefault(example.origin.file, set()).add(first_tag(example))
    every = set().union(*tags.values())
    if by == "tag":
        if not any(every):
            raise ConfigError(
                "figures by tag need examples with tags (evaluation.by = tag), and there are none",
                hint="data.tags names a column of tags, data.tag_from_name takes one from the name of each file",
            )
        return "tag"
    if len(tags) < 2:
        return None
    alike = all(len(each) == 1 for each in tags.values())
    return "tag" if alike and len(every) > 1 and "" not in every else "file"


def first_tag(example: Example) -> str:
    """The first tag of an example; empty if it has none."""
    return example.tags[0] if example.tags else ""


def part_of(example: Example, kind: Kind | None) -> str:
    """The name of the part that an example belongs to; empty where there is one part only."""
    if kind is None:
        return ""
    return first_tag(example) if kind == "tag" else example.origin.file


def parts_of(examples: Sequence[Example], kind: Kind | None) -> dict[str, list[int]]:
    """The indices of the examples of each part, in the order of the names."""
    parts: dict[str, list[int]] = {}
    for index, example in enumerate(examples):
        parts.setdefault(part_of(example, kind), []).append(index)
    return dict(sorted(parts.items()))
