"""Tags in BIO and BIOES: which scheme they have, where they break it, and which spans they mark."""

from __future__ import annotations

import random

import pytest

from seqloom.tag_scheme import Span, breaks, legal, scheme_of, spans_of

FIXTURE = [
    ("O O O", []),
    ("B-X I-X O B-Y", [("X", 0, 2), ("Y", 3, 4)]),
    ("B-X B-X I-X", [("X", 0, 1), ("X", 1, 3)]),
    ("I-X I-X O I-Y", [("X", 0, 2), ("Y", 3, 4)]),  # IOB1, which is read all the same
    ("B-X I-Y I-Y", [("X", 0, 1), ("Y", 1, 3)]),
    ("S-X B-X E-X O", [("X", 0, 1), ("X", 1, 3)]),
    ("B-X I-X E-X I-X", [("X", 0, 3), ("X", 3, 4)]),
    ("E-X E-X", [("X", 0, 1), ("X", 1, 2)]),
    ("S-X I-X", [("X", 0, 1), ("X", 1, 2)]),
    ("B-a-b I-a-b B-a", [("a-b", 0, 2), ("a", 2, 3)]),
    ("", []),
]
"""Tags and the spans in them, verified by hand, and found alike by seqeval 1.2.2 (`get_entities`)."""


def conlleval(tags: list[str]) -> list[tuple[str, int, int]]:
    """The spans as in conlleval.pl (Sang & Buchholz 2000): its `endOfChunk` and `startOfChunk`, line by line."""
    found, begun = [], 0
    before, kind = "O", ""
    for place, tag in enumerate([*tags, "O"]):
        now, _, own = tag.partition("-")
        ends = (
            (before == "B" and now in "BSO")
            or (before == "I" and now in "BSO")
            or before in ("E", "S")
            or (before != "O" and kind != own)
        )
        starts = now in ("B", "S") or (before in ("E", "S", "O") and now in ("E", "I")) or (now != "O" and kind != own)
        if ends:
            found.append((kind, begun, place))
        if starts:
            begun = place
        before, kind = now, own
    return found


@pytest.mark.parametrize(("text", "spans"), FIXTURE)
def test_spans_are_those_of_conlleval(text: str, spans: list[tuple[str, int, int]]) -> None:
    assert spans_of(text.split()) == spans == conlleval(text.split())


def test_random_tags_have_the_spans_of_conlleval() -> None:
    chance = random.Random(1)
    tags = ["O", *(f"{prefix}-{kind}" for prefix in "BIES" for kind in ("X", "Y", "X-Y"))]
    for _ in range(2000):
        drawn = chance.choices(tags, k=chance.randint(0, 7))
        assert spans_of(drawn) == conlleval(drawn), drawn


def test_a_tag_of_no_scheme_is_outside() -> None:
    assert spans_of(["NOUN", "B-X", "VERB"]) == [("X", 1, 2)]


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("O B-X I-X", "BIO"),
        ("B-X", "BIO"),
        ("O I-X", "BIO"),
        ("O B-X E-X", "BIOES"),
        ("S-X O", "BIOES"),
        ("O", "none"),
        ("NOUN VERB", "none"),
        ("O B-X NOUN", "none"),
        ("", "none"),
    ],
)
def test_schemes_are_recognised(tags: str, scheme: str) -> None:
    assert scheme_of(tags.split()) == scheme


def test_breaks_are_named_by_their_places() -> None:
    assert breaks(["O", "I-X", "O"], "BIO") == [1]
    assert breaks(["B-X", "I-Y"], "BIO") == [1]
    assert breaks(["I-X", "I-X"], "BIO") == [0]
    assert breaks(["B-X", "I-X", "E-X", "S-Y", "O"], "BIOES") == []
    assert breaks(["B-X", "O"], "BIOES") == [1]
    assert breaks(["O", "B-X"], "BIOES") == [2]  # the end
    assert breaks(["B-X", "E-X", "E-X"], "BIOES") == [2]
    assert breaks(["I-X", "O"], "none") == []


@pytest.mark.parametrize("scheme", ["BIO", "BIOES"])
def test_what_is_legal_is_what_breaks_nothing(scheme: str) -> None:
    """Among all tags of three words, those that are legal step by step are those without a break."""
    tags = [tag for tag in ("O", "B-X", "I-X", "E-X", "S-X", "B-Y", "I-Y") if scheme == "BIOES" or tag[0] in "OBI"]
    allowed = legal(tags, scheme)  # type: ignore[arg-type]
    count = len(tags)
    for path in ((i, j, k) for i in range(count) for j in range(count) for k in range(count)):
        steps = allowed.first[path[0]] and allowed.follows[path[0]][path[1]] and allowed.follows[path[1]][path[2]]
        assert (steps and allowed.last[path[2]]) == (not breaks([tags[place] for place in path], scheme))  # type: ignore[arg-type]


def test_a_span_is_plain_in_json() -> None:
    assert Span("X", 1, 3, "a b", 0.98765).to_json() == {
        "type": "X",
        "start": 1,
        "end": 3,
        "text": "a b",
        "probability": 0.9877,
    }
    assert "probability" not in Span("X", 0, 1).to_json()
