"""What a model folder holds beside weights, codecs and settings, and what a new model made of its weights lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

from seqloom.confidence import AnyCalibration
from seqloom.lexicon import KnownAnswers
from seqloom.search.shortlist import Shortlist

COMMANDS = {
    "exceptions": "seqloom exceptions",
    "memory": "seqloom memorise",
    "shortlist": "seqloom shortlist",
    "calibration": "seqloom calibrate",
}
"""The parts that a model has of its own, each with the command that gives it to a model."""


class HasParts(Protocol):
    """A model, stored or at work."""

    @property
    def shortlist(self) -> Shortlist | None:
        """The target words for each source word."""

    @property
    def calibration(self) -> AnyCalibration | None:
        """How probable its answers are right."""

    @property
    def known(self) -> KnownAnswers:
        """What it knows without its network."""


def own_parts(model: HasParts) -> tuple[str, ...]:
    """The names, as in `COMMANDS`, of the parts that a model has."""
    there = {
        "exceptions": bool(model.known.exceptions),
        "memory": bool(model.known.memory),
        "shortlist": model.shortlist is not None,
        "calibration": model.calibration is not None,
    }
    return tuple(name for name in COMMANDS if there[name])


def left_behind(parts: Mapping[str, Collection[str]]) -> Iterator[str]:
    """A sentence for each part that a new model does not take over; `parts` has the names of those of each model."""
    for part, command in COMMANDS.items():
        owners = [name for name, own in parts.items() if part in own]
        if owners:
            yield f"not taken over: {part} of {', '.join(owners)}; the new model gets its own by {command}"
