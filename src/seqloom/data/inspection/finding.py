"""One thing in the data that looks wrong, with the settings that mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import Any


class Weight(IntEnum):
    """How much harm a finding probably does, the most first."""

    LAYOUT = 0
    """The wrong columns are read, so that the model learns something else."""
    LEAK = 1
    """Test or dev data are in the training data, so that figures are too good."""
    LOST = 2
    """Pairs or characters are lost."""
    CONTENT = 3
    """Many pairs say nothing, or contradict each other."""
    CHARACTERS = 4
    """Some texts hold odd characters."""
    MINOR = 5
    """Worth a look."""


class Topic(StrEnum):
    """What a finding is about, if the columns that are read may be the reason for it."""

    SEVERAL = "sources with several targets"
    REPEATED = "repeated pairs"
    SHARED = "sources that are in another file, too"
    LENGTHS = "sides of very different lengths"
    LABELS = "unbalanced or rare labels"


@dataclass(frozen=True)
class Finding:
    """A sentence on what looks wrong; `settings`, by dotted name, mend it where settings can.

    The sentence ends so that the settings can follow after a comma. `topic` is what it is about, `explains` the topics
    of findings that are probably there because of this one, and `explained` those of them that were found.
    """

    weight: Weight
    text: str
    settings: Mapping[str, str] = field(default_factory=dict)
    topic: Topic | None = None
    explains: frozenset[Topic] = frozenset()
    explained: tuple[Finding, ...] = ()

    def sentence(self, *, flags: bool = False) -> str:
        """The sentence with the settings; with `flags` as the command line takes them."""
        listed = [f"{name}={value}" for name, value in self.settings.items()]
        mended = " ".join(f"--set {each}" for each in listed) if flags else f"set {' and '.join(listed)}"
        topics = ", ".join(dict.fromkeys(str(each.topic) for each in self.explained))
        reason = f" (probably also the reason for what is not listed: {topics})" if topics else ""
        return f"{self.text}{f', {mended}' if listed else ''}{reason}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file; `explained` are the sentences of the findings that it explains."""
        values = {"kind": self.weight.name.lower(), "text": self.sentence(), "settings": dict(self.settings)}
        explained = [each.sentence() for each in self.explained]
        return {**values, **({"explained": explained} if explained else {})}


def joined(findings: Sequence[Finding]) -> list[Finding]:
    """Findings in their order, without those that one before them explains, which holds them then."""
    left, result = list(findings), []
    for each in findings:
        if each not in left:
            continue
        found = tuple(other for other in left if other.topic in each.explains)
        left = [other for other in left if other not in found]
        result.append(replace(each, explained=found) if found else each)
    return result
