"""Time programs in turns, so that other load on the machine affects all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from seqloom.bench.program import Program, Reply
from seqloom.data import Source

BEAM, BATCH = 5, 32
ROUNDS = 3
TRIALS = 8
"""Number of inputs that each program answers as a warm-up, with each kind of search, before it is timed."""


@dataclass
class Timings:
    """Seconds that one program took, and its answers in the order of the inputs."""

    greedy: list[float] = field(default_factory=list)
    """Seconds of greedy search, one input per call."""
    beam: list[float] = field(default_factory=list)
    """Seconds of beam search, one input per call."""
    batches: list[float] = field(default_factory=list)
    """Seconds of beam search over all inputs in batches, once per round."""
    greedy_answers: list[str] = field(default_factory=list)
    beam_answers: list[str] = field(default_factory=list)
    peak_mb: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds of beam search over all inputs in batches: the median of the rounds."""
        return statistics.median(self.batches)


def take_turns(programs: Sequence[Program], sources: Sequence[Source], *, rounds: int = ROUNDS) -> list[Timings]:
    """Let each program answer each source on its own, greedily and with beam search, and all of them in batches.

    There are `rounds` rounds. In each, every program answers a share of the sources one by one and all sources in
    batches.
    """
    found = [Timings(greedy_answers=[""] * len(sources)) for _ in programs]
    for program in programs:
        for beam, batch in ((1, 1), (BEAM, 1), (BEAM, BATCH)):
            program.ask(sources[:TRIALS], beam=beam, batch=batch)
    for number in range(rounds):
        share = slice(number, None, rounds)
        for program, timings in zip(programs, found, strict=True):
            reply = program.ask(sources[share], beam=1, batch=1)
            timings.greedy += reply.seconds
            timings.greedy_answers[share] = reply.answers
        for program, timings in zip(programs, found, strict=True):
            timings.beam += program.ask(sources[share], beam=BEAM, batch=1).seconds
        for program, timings in zip(programs, found, strict=True):
            _in_batches(timings, program.ask(sources, beam=BEAM, batch=BATCH))
    return found


def _in_batches(timings: Timings, reply: Reply) -> None:
    timings.batches += reply.seconds
    timings.beam_answers, timings.peak_mb = reply.answers, reply.peak_mb
