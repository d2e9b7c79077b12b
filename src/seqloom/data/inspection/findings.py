"""The results of an inspection as plain values and as warnings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from seqloom.data.inspection.inspection import Inspection, Repeats, repeats_of

LISTED = 20
"""How many characters a warning lists; all are counted."""
UNLIKE = 9
"""A pair with one side this many times as long as the other is probably wrong (the limit of Moses' cleaning script)."""
FORMS = ("composed", "decomposed")


def inspection_values(found: Inspection) -> dict[str, Any]:
    """All results of an inspection as plain values for JSON."""
    repeats = repeats_of(found)
    median, p95, p99 = (float(each) for each in np.quantile(found.ratios, (0.5, 0.95, 0.99)))
    return {
        "files": list(found.entries),
        "pairs": found.count,
        "bad_lines": found.read.bad_count,
        "empty": found.read.empty,
        "duplicates": repeats.duplicates,
        "distinct_sources": len(repeats.sources),
        "sources_with_several_targets": repeats.ambiguous,
        "lengths": {name: lengths.summary() for name, lengths in found.lengths.items()},
        "length_ratio": {
            "median": median,
            "p95": p95,
            "p99": p99,
            "largest": float(found.ratios.max()),
            "largest_at": found.unlike_at,
        },
        "odd_characters": {
            side: {kind: {"texts": count, "first": each.first[kind]} for kind, count in sorted(each.odd.items())}
            for side, each in found.characters.items()
        },
        "against": [
            {
                "file": each.file,
                "pairs": each.count,
                "sources_seen": each.sources,
                "pairs_seen": each.pairs,
                "unknown_characters": {side: list(characters) for side, characters in each.unknown.items()},
            }
            for each in found.against
        ],
        "read": found.read.to_values(),
        "notes": [*found.read.sentences(), *(note for each in found.against for note in each.notes)],
        "warnings": list(_warnings(found, repeats)),
    }


def _warnings(found: Inspection, repeats: Repeats) -> Iterator[str]:
    """A sentence for each thing that looks wrong, the most serious first."""
    for each in found.against:
        if each.sources:
            yield _shared(each.sources, each.count, f"sources in {each.file} are in {found.name}, too")
        if each.pairs:
            yield _shared(each.pairs, each.count, f"pairs in {each.file} are in {found.name}, too")
        for side, characters in each.unknown.items():
            listed = " ".join(_shown(character) for character in characters[:LISTED])
            more = " …" if len(characters) > LISTED else ""
            count = _of(len(characters), "character")
            yield f"{count} of the {side}s in {each.file} never in {found.name}: {listed}{more}"
    if found.read.bad_count:
        empty = f", {found.read.empty:,} of them with an empty side" if found.read.empty else ""
        first = found.read.bad[0]
        lines = _of(found.read.bad_count, "line")
        yield f"{lines} cannot be read{empty} (first: {first.where}: {first.reason})"
    for side, texts in found.characters.items():
        for kind, number in sorted(texts.odd.items()):
            yield f"{number:,} of {found.count:,} {side}s hold {kind} (first: {texts.first[kind]})"
    composed, decomposed = (sum(getattr(c, form) for c in found.characters.values()) for form in FORMS)
    if composed and decomposed:
        said = f"{composed:,} texts have composed letters (NFC), {decomposed:,} others do not"
        yield f"mixed Unicode forms: {said}; text.source.unicode and text.target.unicode make them one"
    if repeats.duplicates:
        said = "data.drop_duplicates leaves them out"
        yield f"{repeats.duplicates:,} of {found.count:,} pairs were there before; {said}"
    if repeats.ambiguous:
        yield f"{repeats.ambiguous:,} of {len(repeats.sources):,} distinct sources have different targets"
    if unlike := int(np.count_nonzero(found.ratios > UNLIKE)):
        said = f"have one side more than {UNLIKE} times as long as the other (most: {found.unlike_at})"
        yield f"{unlike:,} of {found.count:,} pairs {said}; see data.max_length_ratio"


def _shared(part: int, count: int, what: str) -> str:
    return f"{part:,} of {count:,} {what} ({100 * part / count:.3g} %)"


def _of(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def _shown(character: str) -> str:
    code = f"U+{ord(character):04X}"
    return f"{character} ({code})" if character.isprintable() and not character.isspace() else code
