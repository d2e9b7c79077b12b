"""What a line of a file says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an example stands; lines and rows count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Example:
    """A pair; `references` are further targets that count as right in evaluation."""

    source: str
    target: str
    origin: Origin
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        """Every accepted target, the first one included."""
        return (self.target, *self.references)


@dataclass(frozen=True, slots=True)
class Source:
    """An input to predict from."""

    text: str
    tags: tuple[str, ...] = ()


def group_by_source(examples: Iterable[Example]) -> list[Example]:
    """One example for each distinct source (and tags), whose references are the targets of all its lines."""
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
