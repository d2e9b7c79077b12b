"""Findings on the pairs themselves: lost lines, contradictions, repetitions, labels, odd characters, overlap."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from seqloom.data.inspection.finding import Finding, Topic, Weight
from seqloom.data.inspection.inspection import Inspection, Repeats

LISTED = 20
"""How many characters a finding lists; all are counted."""
UNLIKE = 9
"""A pair with one side this many times as long as the other is probably wrong (the limit of Moses' cleaning script)."""
FORMS = ("composed", "decomposed")
DAMAGED = frozenset({"NUL", "replacement characters", "control characters", "unassigned characters"})
"""Kinds of odd characters that are hardly ever meant."""
FEWEST = 20
"""With fewer pairs nothing is said of what most of them are like."""
IDENTICAL = 0.95
"""From this share of pairs with the same text on both sides on, they are probably a mistake."""
AMBIGUOUS, REPEATED = 0.05, 0.1
"""From these shares of sources with several targets, and of repeated pairs, on they count more."""
LARGEST, TIMES, RARE = 0.7, 10, 5
"""Labels are unbalanced where the largest has this share, or so many times the pairs of the smallest; a label with
fewer than so many pairs is rare."""


def pair_findings(found: Inspection, repeats: Repeats) -> Iterator[Finding]:
    """The findings on the pairs of an inspection, in no order."""
    yield from _overlaps(found)
    if found.read.bad_count:
        yield _lost(found)
    if found.count >= FEWEST and found.identical >= IDENTICAL * found.count:
        text = f"{found.identical:,} of {found.count:,} targets are the same text as their source"
        yield Finding(Weight.CONTENT, f"{text}: see whether data.source and data.target name the right columns")
    yield from _labels(found)
    yield from _repeated(found, repeats)
    for side, texts in found.characters.items():
        for kind, number in sorted(texts.odd.items()):
            text = f"{number:,} of {found.count:,} {side}s hold {kind} (first: {texts.first[kind]})"
            yield Finding(Weight.CHARACTERS if kind in DAMAGED else Weight.MINOR, text)
    composed, decomposed = (sum(getattr(c, form) for c in found.characters.values()) for form in FORMS)
    if composed and decomposed:
        said = f"{composed:,} texts have composed letters (NFC), {decomposed:,} others do not"
        text = f"mixed Unicode forms: {said}; text.source.unicode and text.target.unicode make them one"
        yield Finding(Weight.MINOR, text)
    unlike = int(np.count_nonzero(found.ratios > UNLIKE))
    if unlike and not found.labels:  # a label is always shorter than its text
        said = f"have one side more than {UNLIKE} times as long as the other (most: {found.unlike_at})"
        text = f"{unlike:,} of {found.count:,} pairs {said}; see data.max_length_ratio"
        yield Finding(Weight.MINOR, text, topic=Topic.LENGTHS)


def _overlaps(found: Inspection) -> Iterator[Finding]:
    for each in found.against:
        if each.sources:
            text = _shared(each.sources, each.count, f"sources in {each.file} are in {found.name}, too")
            yield Finding(Weight.LEAK, text, topic=Topic.SHARED)
        if each.pairs:
            yield Finding(
                Weight.LEAK, _shared(each.pairs, each.count, f"pairs in {each.file} are in {found.name}, too")
            )
        for side, characters in each.unknown.items():
            listed = " ".join(shown_character(character) for character in characters[:LISTED])
            more = " …" if len(characters) > LISTED else ""
            count = _of(len(characters), "character")
            text = f"{count} of the {side}s in {each.file} never in {found.name}: {listed}{more}"
            yield Finding(Weight.LOST, text)


def _lost(found: Inspection) -> Finding:
    empty = f", {found.read.empty:,} of them with an empty side" if found.read.empty else ""
    first = found.read.bad[0]
    lines = _of(found.read.bad_count, "line")
    return Finding(Weight.LOST, f"{lines} cannot be read{empty} (first: {first.where}: {first.reason})")


def _labels(found: Inspection) -> Iterator[Finding]:
    """Labels of which there is one only, that are unbalanced, or rare."""
    labels = found.labels.most_common()
    if not labels:
        return
    (largest, most), (smallest, least) = labels[0], labels[-1]
    if len(labels) == 1:
        yield Finding(Weight.CONTENT, f"all {found.count:,} targets are {largest!r}: there is nothing to learn")
        return
    if most >= LARGEST * found.count or most >= TIMES * least:
        yield Finding(
            Weight.CONTENT,
            f"the labels are unbalanced: {largest!r} has {most:,} of {found.count:,} pairs, {smallest!r} {least:,}; "
            "accuracy says little of the small ones; to choose the model by the mean over all labels",
            {"training.selection.on": "macro_f1"},
            topic=Topic.LABELS,
        )
    if rare := [f"{label!r} ({count:,})" for label, count in reversed(labels) if count < RARE]:
        more = f" and {len(rare) - RARE:,} more" if len(rare) > RARE else ""
        said = f"{_of(len(rare), 'label')} with fewer than {RARE} pairs: {', '.join(rare[:RARE])}{more}"
        yield Finding(Weight.MINOR, said, topic=Topic.LABELS)


def _repeated(found: Inspection, repeats: Repeats) -> Iterator[Finding]:
    if repeats.duplicates:
        often = repeats.duplicates >= REPEATED * found.count
        text = (
            f"{repeats.duplicates:,} of {found.count:,} pairs were there before; data.drop_duplicates leaves them out"
        )
        yield Finding(Weight.CONTENT if often else Weight.MINOR, text, topic=Topic.REPEATED)
    if repeats.ambiguous:
        often = bool(found.labels) or repeats.ambiguous >= AMBIGUOUS * len(repeats.sources)
        text = f"{repeats.ambiguous:,} of {len(repeats.sources):,} distinct sources have different targets"
        if found.contradictions:
            worst = found.contradictions[0]
            text += f" (most: {worst.shown()})"
        yield Finding(Weight.CONTENT if often else Weight.MINOR, text, topic=Topic.SEVERAL)


def _shared(part: int, count: int, what: str) -> str:
    return f"{part:,} of {count:,} {what} ({100 * part / count:.3g} %)"


def _of(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"


def shown_character(character: str) -> str:
    """A character with its code point, or the code point alone where it cannot be seen."""
    code = f"U+{ord(character):04X}"
    return f"{character} ({code})" if character.isprintable() and not character.isspace() else code
