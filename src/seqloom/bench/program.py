"""A process that answers requests and measures how long it takes; each request and each reply is one line of JSON.

    ask     {"sources": [[text, [tag, …]], …], "beam": 5, "batch": 32}
    reply   {"seconds": […], "answers": […], "peak_mb": 125.0}, or {"error": {"message", "where", "hint"}}

With a batch of 1, each source is a call of its own and has its own time; otherwise there is one time for all of them.
`peak_mb` is the largest resident memory of the process since it started, Python and libraries included.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from seqloom.data import Source
from seqloom.errors import SeqloomError


@dataclass(frozen=True)
class Reply:
    """The reply of a process: seconds of each call, answers, and peak memory in MB (None where the system does not
    tell)."""

    seconds: list[float]
    answers: list[str]
    peak_mb: float | None


class Program:
    """A named running process; used as a context manager, it is ended on leaving."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, encoding="utf-8"
        )

    def ask(self, sources: Sequence[Source], *, beam: int, batch: int) -> Reply:
        """Have all sources answered; raises SeqloomError with the error of the process, or where the process has
        ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"sources": [(source.text, source.tags) for source in sources], "beam": beam, "batch": batch}
        with suppress(BrokenPipeError):  # the process has ended; its error may still be read below
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SeqloomError(
                f"the process of {self.name} has ended with code {self._process.wait()} while it was measured",
                hint="code -9 means that it was killed, usually for lack of memory",
            )
        reply = json.loads(line)
        if "error" in reply:
            raise SeqloomError(**reply["error"])
        return Reply(**reply)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        with suppress(BrokenPipeError), self._process:  # requests that it did not read any more are lost
            pass
