"""How fast a model answers on this machine, how much memory it takes, by each engine that there is for it. No torch."""

from __future__ import annotations

from seqloom.bench.measure import Speed, measure
from seqloom.bench.offers import Offer, offers
from seqloom.bench.program import Program, Reply
from seqloom.bench.turns import BATCH, BEAM, Timings, take_turns

__all__ = ["BATCH", "BEAM", "Offer", "Program", "Reply", "Speed", "Timings", "measure", "offers", "take_turns"]
