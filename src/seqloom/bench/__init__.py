"""Benchmark of a model: speed and memory of each inference engine on this machine. No module here imports torch."""

from __future__ import annotations

from seqloom.bench.engines import Offer, offers
from seqloom.bench.interleaved import BATCH, BEAM, Timings, take_turns
from seqloom.bench.measure import Speed, measure
from seqloom.bench.program import Program, Reply

__all__ = ["BATCH", "BEAM", "Offer", "Program", "Reply", "Speed", "Timings", "measure", "offers", "take_turns"]
