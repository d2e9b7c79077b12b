"""One thing in the data that looks wrong, with the settings that mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
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


@dataclass(frozen=True)
class Finding:
    """A sentence on what looks wrong; `settings`, by dotted name, mend it where settings can.

    The sentence ends so that the settings can follow after a comma.
    """

    weight: Weight
    text: str
    settings: Mapping[str, str] = field(default_factory=dict)

    def sentence(self, *, flags: bool = False) -> str:
        """The sentence with the settings; with `flags` as the command line takes them."""
        if not self.settings:
            return self.text
        listed = [f"{name}={value}" for name, value in self.settings.items()]
        mended = " ".join(f"--set {each}" for each in listed) if flags else f"set {' and '.join(listed)}"
        return f"{self.text}, {mended}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {"kind": self.weight.name.lower(), "text": self.sentence(), "settings": dict(self.settings)}
