"""Values for what is read from data: training pairs, inputs to predict from, and where they came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Origin:
    """The file and the line (or row) of an example; lines and rows count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Example:
    """A pair of source and target; `references` are further targets that count as correct in evaluation."""

    source: str
    target: str
    origin: Origin
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """All accepted targets: `target` and the references."""
        return (self.target, *self.references)


@dataclass(frozen=True, slots=True)
class Source:
    """An input to predict from, with its tags."""

    text: str
    tags: tuple[str, ...] = ()


def group_by_source(examples: Iterable[Example]) -> list[Example]:
    """Join examples with the same source and tags into one, whose references are the targets of all of them."""
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    first: dict[tuple[str, tuple[str, ...]], Example] = {}
    for example in examples:
        key = (example.source, example.tags)
        first.setdefault(key, example)
        groups.setdefault(key, []).extend(example.targets)
    return [
        replace(example, references=tuple(target for target in dict.fromkeys(groups[key]) if target != example.target))
        for key, example in first.items()
    ]
