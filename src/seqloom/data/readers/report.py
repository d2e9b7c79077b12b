"""What reading met: lines, examples, and the lines that could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from seqloom.data.examples import Origin
from seqloom.errors import DataError

LISTED = 100
"""How many bad lines are listed; all are counted."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that was left out, and why."""

    where: str
    reason: str


@dataclass
class ReadReport:
    """Filled while reading; `bad` holds the first hundred of `bad_count` bad lines, `parts` the pairs of each entry."""

    on_bad_line: Literal["error", "skip"] = "error"
    examples: int = 0
    bad_count: int = 0
    bad: list[BadLine] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)

    def refuse(self, origin: Origin, reason: str, hint: str = "") -> None:
        """Raises `DataError`, or counts and lists the line where bad lines are skipped."""
        if self.on_bad_line == "error":
            raise DataError(reason, where=str(origin), hint=hint or 'data.on_bad_line = "skip" leaves bad lines out')
        self.bad_count += 1
        if len(self.bad) < LISTED:
            self.bad.append(BadLine(str(origin), reason))

    def summary(self) -> str:
        """One line for people."""
        if not self.bad_count:
            return f"{self.examples:,} pairs read"
        first = self.bad[0]
        read = f"{self.examples:,} pairs read, {self.bad_count:,} bad lines left out"
        return f"{read} (first: {first.where}: {first.reason})"

    def to_values(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "examples": self.examples,
            "bad_count": self.bad_count,
            "bad": [[line.where, line.reason] for line in self.bad],
            "parts": self.parts,
        }

    @staticmethod
    def from_values(values: Mapping[str, Any]) -> ReadReport:
        """The report that `to_values` wrote."""
        bad = [BadLine(where, reason) for where, reason in values["bad"]]
        return ReadReport("skip", int(values["examples"]), int(values["bad_count"]), bad, list(values["parts"]))
