"""How fast a model answers on this machine, how much memory it takes, by each engine that there is for it. No torch."""

from __future__ import annotations

from seqloom.bench.engines import Offer, offers
from seqloom.bench.interleaved import BATCH, BEAM, Timings, take_turns
from seqloom.bench.measure import Speed, measure
from seqloom.bench.program import Program, Reply

__all__ = ["BATCH", "BEAM", "Offer", "Program", "Reply", "Speed", "Timings", "measure", "offers", "take_turns"]
