"""The log: one JSON object on each line, whose `kind` says which report it is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TextIO

from seqloom.training.reports import Report, ResumeReport


class JsonlReporter:
    """Appends to a file; when a run goes on after some update, lines about later updates are dropped first."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: TextIO | None = None

    def show(self, report: Report) -> None:
        """Write one line at once, so that a killed run leaves its log."""
        if isinstance(report, ResumeReport):
            self._forget_after(report.step)
        if self._stream is None:
            self._stream = self._opened()
        values = {**report.to_json(), "time": round(time.time(), 3)}
        self._stream.write(json.dumps(values, ensure_ascii=False) + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _opened(self) -> TextIO:
        """The file, at the beginning of a line even where a kill left half of one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        torn = self.path.exists() and self.path.read_bytes()[-1:] not in (b"", b"\n")
        stream = self.path.open("a", encoding="utf-8", newline="\n")
        if torn:
            stream.write("\n")
        return stream

    def _forget_after(self, step: int) -> None:
        """Drop lines about later updates, and half a line that a kill left behind."""
        self.close()
        if not self.path.exists():
            return
        kept = [line for line in self.path.read_bytes().split(b"\n") if line and _step_of(line) <= step]
        temporary = self.path.with_suffix(".tmp")
        temporary.write_bytes(b"".join(line + b"\n" for line in kept))
        temporary.replace(self.path)


def _step_of(line: bytes) -> float:
    """The update a line is about; infinite for a line that is not whole."""
    try:
        return float(json.loads(line).get("step", 0))
    except (ValueError, AttributeError, TypeError):
        return float("inf")
