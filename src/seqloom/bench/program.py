"""A process that answers lines when it is asked to and says how long it took: a JSON object a line in both directions.

    ask     {"sources": [[text, [tag, …]], …], "beam": 5, "batch": 32}
    reply   {"seconds": […], "answers": […], "peak_mb": 125.0}, or {"error": {"message", "where", "hint"}}

With a batch of 1 each source is a call of its own with its own seconds; else there is one time for all of them. Peak
memory is what the process has had resident at most since it began, Python and libraries included.
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
    """What a process says after it has answered. `peak_mb` is None where the system does not tell."""

    seconds: list[float]
    answers: list[str]
    peak_mb: float | None


class Program:
    """A running process under a name; as a context, it is ended on leaving."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, encoding="utf-8"
        )

    def ask(self, sources: Sequence[Source], *, beam: int, batch: int) -> Reply:
        """Have all sources answered. Raises what the process has raised, or says that it has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"sources": [(source.text, source.tags) for source in sources], "beam": beam, "batch": batch}
        with suppress(BrokenPipeError):  # it may have said why
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise SeqloomError(
                f"the process of {self.name} has ended with code {self._process.wait()} while it was measured",
                hint="-9 is a process that was killed, mostly for want of memory",
            )
        reply = json.loads(line)
        if "error" in reply:
            raise SeqloomError(**reply["error"])
        return Reply(**reply)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        with suppress(BrokenPipeError), self._process:  # what it was not there to read is lost
            pass
