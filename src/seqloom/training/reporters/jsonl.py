"""The log: one JSON object on each line, whose `kind` says which report it is."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from seqloom.checkpoint.files import bytes_writer, disk_errors, make_folder, sync, write_file
from seqloom.training.reports import CheckpointReport, FinishReport, Report, ResumeReport, ReturnReport

TRAINED = frozenset({"step", "evaluation", "checkpoint", "skip", "return", "finish"})
"""What happened in training, as against what a process said of itself."""


class JsonlReporter:
    """Appends to a file; what was logged after a state is dropped when the run goes on from it, so nothing is twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream: TextIO | None = None

    def show(self, report: Report) -> None:
        """Write one line at once, so that a killed run leaves its log; with each state it is put on the disk."""
        with disk_errors(self.path):
            if isinstance(report, ResumeReport):
                self._forget(report.step, report.state, TRAINED)
            elif isinstance(report, ReturnReport):  # the skips stay: they are the reason
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
            with contextlib.suppress(OSError):  # a full disk, which the last line has said already
                stream.close()

    def _opened(self) -> TextIO:
        """The file, at the beginning of a line even where a kill left half of one."""
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
        """Drop lines of some `kinds` about what came after a state, and half a line that a kill left behind."""
        self.close()
        if not self.path.exists():
            return
        lines = [line for line in self.path.read_bytes().split(b"\n") if line]
        records = [_read(line) for line in lines]
        saved = _saved(records, step, state)

        def counts(number: int) -> bool:
            return number <= saved and records[number].get("step", 0) <= step

        # skips are later than the state that the run went back to because of them
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
        """Whether the log ends with the end of the run."""
        if not self.path.exists():
            return False
        *_, last = [b"", *self.path.read_bytes().splitlines()]
        return _read(last).get("kind") == FinishReport.kind


def _saved(records: Sequence[dict[str, Any]], step: int, state: str) -> int:
    """The last line that names a state; the number of lines where none does.

    A return to before `step` abandoned what bore that name until then.
    """
    for number in range(len(records) - 1, -1, -1):
        record = records[number]
        if _names(record, state):
            return number
        if record.get("kind") == "return" and record["step"] < step:
            break
    return len(records)


def _names(record: dict[str, Any], state: str) -> bool:
    """Whether a record says that a state was saved, or that the run went on from it."""
    if record.get("kind") == "checkpoint":
        return Path(str(record.get("path"))).name == state
    return record.get("kind") == "resume" and record.get("state") == state


def _read(line: bytes) -> dict[str, Any]:
    """The record of a line; empty where the line is not whole."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) and "kind" in record else {}
