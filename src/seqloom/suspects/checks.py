"""Checks of pairs that need no model: columns that are swapped, symbols that occur once, targets that contradict.

They compare each pair with all other pairs of the data.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Literal

from seqloom.data.examples import Example
from seqloom.text.choice import Traits

Kind = Literal["swapped", "symbols", "contradiction"]
CERTAIN = log(1000)
"""How much more likely, as a natural logarithm, the characters of a pair must be the other way round: a thousand times,
since few pairs are swapped."""
NAMED = 3


@dataclass(frozen=True)
class Finding:
    """What a check says about a pair: the kind of the finding, a sentence, and how strong it is compared with findings
    of the same kind."""

    kind: Kind
    reason: str
    strength: float


def findings(pairs: Sequence[Example]) -> list[tuple[Finding, ...]]:
    """The findings about each pair, at most one of each kind."""
    checks = (_swapped(pairs), _lone_symbols(pairs), _contradictions(pairs))
    return [tuple(found for found in each if found is not None) for each in zip(*checks, strict=True)]


def _swapped(pairs: Sequence[Example]) -> list[Finding | None]:
    """Pairs whose characters are those of the other side: source and target may have changed places.

    The characters of a side are taken as independent draws; their probabilities are counted on all other pairs, with
    one added to each count. What is compared are the two probabilities of the whole pair, as it stands and swapped.
    """
    counts = [(Counter(pair.source), Counter(pair.target)) for pair in pairs]
    totals = (Counter[str](), Counter[str]())
    for each in counts:
        for total, own in zip(totals, each, strict=True):
            total.update(own)
    known = len(totals[0].keys() | totals[1].keys())
    reason = "source and target may be swapped: each is written with the characters of the other side"
    found: list[Finding | None] = []
    for source, target in counts:
        rest = totals[0].total() - source.total() + known, totals[1].total() - target.total() + known
        ratio = 0.0
        for character in source.keys() | target.keys():
            in_sources = (totals[0][character] - source[character] + 1) / rest[0]
            in_targets = (totals[1][character] - target[character] + 1) / rest[1]
            ratio += (source[character] - target[character]) * log(in_targets / in_sources)
        found.append(Finding("swapped", reason, ratio) if ratio > CERTAIN else None)
    return found


def _lone_symbols(pairs: Sequence[Example]) -> list[Finding | None]:
    """Pairs with characters, or with symbols of a target of few symbols, that no other pair has on that side."""
    closed = Traits.of([pair.target for pair in pairs]).closed
    units = [(set(pair.source), set(pair.target.split() if closed else pair.target)) for pair in pairs]
    counts = [Counter(symbol for each in units for symbol in each[side]) for side in (0, 1)]
    found: list[Finding | None] = []
    for each in units:
        lone = [sorted(symbol for symbol in each[side] if counts[side][symbol] == 1) for side in (0, 1)]
        said = [
            f"{', '.join(map(repr, symbols[:NAMED]))}{' and others' if len(symbols) > NAMED else ''} in the {name}"
            for name, symbols in zip(("source", "target"), lone, strict=True)
            if symbols
        ]
        number = len(lone[0]) + len(lone[1])
        found.append(Finding("symbols", f"no other pair has {' and '.join(said)}", number) if said else None)
    return found


def _contradictions(pairs: Sequence[Example]) -> list[Finding | None]:
    """Pairs whose source stands with another target elsewhere; the rarer its own target, the stronger."""
    groups: defaultdict[tuple[str, tuple[str, ...]], list[int]] = defaultdict(list)
    for number, pair in enumerate(pairs):
        groups[pair.source, pair.tags].append(number)
    found: list[Finding | None] = [None] * len(pairs)
    for numbers in groups.values():
        targets = Counter(pairs[number].target for number in numbers)
        if len(targets) == 1:
            continue
        for number in numbers:
            own = pairs[number].target
            others = [other for other in numbers if pairs[other].target != own]
            first = pairs[others[0]]
            more = f" and {len(others) - 1:,} other lines" if len(others) > 1 else ""
            reason = f"the same source has the target {first.target!r} at {first.origin}{more}"
            found[number] = Finding("contradiction", reason, 1 - targets[own] / len(numbers))
    return found
