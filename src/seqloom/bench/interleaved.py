"""Programs timed in turns, so that whatever else the machine does meets all of them alike."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from seqloom.bench.program import Program, Reply
from seqloom.data import Source

BEAM, BATCH = 5, 32
ROUNDS = 3
TRIALS = 8
"""Inputs answered each way before the clock counts."""


@dataclass
class Timings:
    """Seconds of one program, and the answers of both searches in the order of the inputs."""

    greedy: list[float] = field(default_factory=list)
    """Greedy search, one input a call."""
    beam: list[float] = field(default_factory=list)
    """Beam search, one input a call."""
    batches: list[float] = field(default_factory=list)
    """Beam search over all inputs in batches, once a round."""
    greedy_answers: list[str] = field(default_factory=list)
    beam_answers: list[str] = field(default_factory=list)
    peak_mb: float | None = None

    @property
    def seconds(self) -> float:
        """Of beam search over all inputs in batches: the median of the rounds."""
        return statistics.median(self.batches)


def take_turns(programs: Sequence[Program], sources: Sequence[Source], *, rounds: int = ROUNDS) -> list[Timings]:
    """Each program answers each source alone, greedily and with a beam, and `rounds` times all of them in batches.

    A round takes a share of the sources one by one, and all of them in batches.
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
