"""Tags of words that mark spans: BIO and BIOES are recognised, checked, and decoded into spans; frames as text.

    BIO      B-X begins a span of the type X, I-X continues it, O is outside of all
    BIOES    besides, E-X ends a span of several words, and S-X is one of a single word

(Ramshaw & Marcus 1995; Tjong Kim Sang & Veenstra 1999, where BIO is IOB2.) Spans are decoded as CoNLL's program
conlleval does it, which also gives tags that break the scheme a meaning: an I-X after O begins a span.

A frame is a label for a whole text and a tag for each of its words; as text it is `PlayMusic: O B-song I-song`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Scheme = Literal["none", "BIO", "BIOES"]
OUTSIDE = "O"
FORM = re.compile(r"([BIES])-(.+)", re.DOTALL)
MARK = ": "
"""What ends the label in the text of a frame."""


@dataclass(frozen=True)
class Span:
    """Words `start` to `end` - 1, counted from 0, that have a type together; `text` holds the words.

    `probability` is that of its least probable tag; None where it is not known.
    """

    type: str
    start: int
    end: int
    text: str = ""
    probability: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        values = {"type": self.type, "start": self.start, "end": self.end, "text": self.text}
        return values if self.probability is None else {**values, "probability": round(self.probability, 4)}


@dataclass(frozen=True)
class Legal:
    """Which of C tags may be first, which may follow which (row after column is `follows[row][column]`: the tag of the
    column after that of the row), and which may be last."""

    first: tuple[bool, ...]
    follows: tuple[tuple[bool, ...], ...]
    last: tuple[bool, ...]


def scheme_of(tags: Collection[str]) -> Scheme:
    """The scheme of a set of tags: none where there is another tag than O and those of BIOES, or nothing but O."""
    prefixes = {_cut(tag)[0] for tag in tags}
    if "" in prefixes or not prefixes & set("BIES"):
        return "none"
    return "BIOES" if prefixes & set("ES") else "BIO"


def follows(before: str, after: str, scheme: Scheme) -> bool:
    """Whether a tag may come after another; an empty text stands for the beginning and the end of the words."""
    one, first = _cut(before or OUTSIDE)
    two, second = _cut(after or OUTSIDE)
    if scheme == "none":
        return True
    if scheme == "BIO":
        return two != "I" or (one in ("B", "I") and first == second)
    if one in ("B", "I"):
        return two in ("I", "E") and first == second
    return two not in ("I", "E")


def breaks(tags: Sequence[str], scheme: Scheme) -> list[int]:
    """The places of tags that may not stand where they do; the number of tags stands for an end that is none."""
    around = ["", *tags, ""]
    return [place for place in range(len(tags) + 1) if not follows(around[place], around[place + 1], scheme)]


def legal(tags: Sequence[str], scheme: Scheme) -> Legal:
    """What may follow what in a scheme."""
    return Legal(
        tuple(follows("", tag, scheme) for tag in tags),
        tuple(tuple(follows(one, two, scheme) for two in tags) for one in tags),
        tuple(follows(tag, "", scheme) for tag in tags),
    )


def spans_of(tags: Sequence[str]) -> list[tuple[str, int, int]]:
    """The spans in the tags of one text, as (type, start, end), in their order; `end` is the place after the last word.

    As in conlleval, a span ends before B, S or O, after E and S, and where the type changes.
    """
    found = []
    begun, before, kind = 0, OUTSIDE, ""
    for place, tag in enumerate([*tags, OUTSIDE]):
        prefix, own = _lenient(tag)
        changes = own != kind
        if before != OUTSIDE and (before in ("E", "S") or prefix in ("B", "S", OUTSIDE) or changes):
            found.append((kind, begun, place))
        if prefix in ("B", "S") or (prefix != OUTSIDE and (changes or before in ("E", "S", OUTSIDE))):
            begun = place
        before, kind = prefix, own
    return found


def frame_text(label: str, tags: str) -> str:
    """The text of a frame, of its label and its tags with spaces between them."""
    return f"{label}{MARK}{tags}"


def frame_parts(text: str) -> tuple[str, str]:
    """The label and the tags in the text of a frame; the label is empty where there is none."""
    label, found, tags = text.partition(MARK)
    return (label.strip(), tags) if found else ("", text)


def _cut(tag: str) -> tuple[str, str]:
    """The prefix of a tag and its type; the prefix is empty where the tag is of no scheme."""
    if tag == OUTSIDE:
        return OUTSIDE, ""
    found = FORM.fullmatch(tag)
    return (found[1], found[2]) if found else ("", tag)


def _lenient(tag: str) -> tuple[str, str]:
    """The same, where a tag of no scheme is outside of all spans."""
    prefix, kind = _cut(tag)
    return (prefix, kind) if prefix else (OUTSIDE, "")
