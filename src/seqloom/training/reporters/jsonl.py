"""The log of a run: one JSON object per line, whose `kind` is the type of report."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from seqloom.checkpoint.files import bytes_writer, disk_errors, make_folder, sync, write_file
from seqloom.training.reports import CheckpointReport, FinishReport, Report, ResumeReport, ReturnReport, StageReport

TRAINED = frozenset({"step", "evaluation", "checkpoint", "skip", "return", "finish"})
"""The kinds of report about training itself; the others are about the process that trained."""


class JsonlReporter:
    """Appends reports to a file.

    When a run is resumed, what was logged after the state that it is resumed from is removed, so that nothing is logged
    twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: TextIO | None = None

    def show(self, report: Report) -> None:
        """Write one line at once, so that a killed run leaves its log; with each saved state the file is synchronised
        to disk. What a run does before it begins is not logged: there may be no folder yet."""
        if isinstance(report, StageReport):
            return
        with disk_errors(self.path):
            if isinstance(report, ResumeReport):
                self._forget(report.step, report.state, TRAINED)
            elif isinstance(report, ReturnReport):  # skips stay in the log: they are why the run goes back
                self._forget(report.step, report.state, TRAINED - {"skip", "return"})
            elif isinstance(report, FinishReport) and self._finished():
                return
            if self._stream is None:
                self._stream = self._opened()
            values = {**report.to_json(), "time": round(time.time(), 3)}
            self._stream.write(json.dumps(values, ensure_ascii=False, allow_nan=False) + "\n")
            self._stream.flush()
            if isinstance(report, CheckpointReport):
                os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            stream, self._stream = self._stream, None
            with contextlib.suppress(OSError):  # the disk is full, and writing the last line has already raised that
                stream.close()

    def _opened(self) -> TextIO:
        """Open the file for appending, and end a line that a killed process left incomplete."""
        make_folder(self.path.parent)
        there = self.path.exists()
        torn = there and self.path.read_bytes()[-1:] not in (b"", b"\n")
        stream = self.path.open("a", encoding="utf-8", newline="\n")
        if torn:
            stream.write("\n")
        if not there:
            sync(self.path.parent)
        return stream

    def _forget(self, step: int, state: str, kinds: frozenset[str]) -> None:
        """Remove lines of these `kinds` that were logged after a state was saved, and lines that are incomplete."""
        self.close()
        if not self.path.exists():
            return
        lines = [line for line in self.path.read_bytes().split(b"\n") if line]
        records = [_read(line) for line in lines]
        saved = _saved(records, step, state)

        def counts(number: int) -> bool:
            return number <= saved and records[number].get("step", 0) <= step

        # skips before this line have later update numbers than the state that the run went back to; they are kept
        returned = max(
            (n for n, record in enumerate(records) if record.get("kind") == "return" and counts(n)), default=0
        )

        def holds(number: int) -> bool:
            kind = records[number].get("kind")
            reason = kind == "skip" and number < returned
            return kind is not None and (kind not in kinds or reason or counts(number))

        kept = [line for number, line in enumerate(lines) if holds(number)]
        write_file(self.path, bytes_writer(b"".join(line + b"\n" for line in kept)))

    def _finished(self) -> bool:
        """Whether the last line of the log is the report that the run finished."""
        if not self.path.exists():
            return False
        *_, last = [b"", *self.path.read_bytes().splitlines()]
        return _read(last).get("kind") == FinishReport.kind


def _saved(records: Sequence[dict[str, Any]], step: int, state: str) -> int:
    """Return the number of the last line that names a state, or the number of all lines where none does.

    A line before the run went back to an update before `step` is about an abandoned state of the same name: it does not
    count.
    """
    for number in range(len(records) - 1, -1, -1):
        record = records[number]
        if _names(record, state):
            return number
        if record.get("kind") == "return" and record["step"] < step:
            break
    return len(records)


def _names(record: dict[str, Any], state: str) -> bool:
    """Whether a record says that a state was saved, or that the run was resumed from it."""
    if record.get("kind") == "checkpoint":
        return Path(str(record.get("path"))).name == state
    return record.get("kind") == "resume" and record.get("state") == state


def _read(line: bytes) -> dict[str, Any]:
    """Return the record in a line of the log; empty where the line is incomplete."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) and "kind" in record else {}
