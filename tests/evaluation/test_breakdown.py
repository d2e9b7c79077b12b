"""Which examples are shown together: by tag where each file has one of its own, else by file, or as asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.breakdown import Breakdown, By, Row, kind_of, macro_mean, parts_of
from seqloom.data import Example
from seqloom.data.examples import Origin
from seqloom.errors import ConfigError
from seqloom.losses import Loss
from seqloom.metrics import Score


def examples(*places: tuple[str, str]) -> list[Example]:
    return [Example("a", "A", Origin(file, line), (tag,) if tag else ()) for line, (file, tag) in enumerate(places)]


@pytest.mark.parametrize(
    ("by", "places", "kind"),
    [
        ("auto", [("a", "x"), ("a", "y")], None),  # one file
        ("auto", [("a", "x"), ("b", "y"), ("b", "y")], "tag"),
        ("auto", [("a", "x"), ("b", "x")], "file"),  # all the same
        ("auto", [("a", "x"), ("b", "y"), ("b", "x")], "file"),  # a file with several
        ("auto", [("a", "x"), ("b", "")], "file"),
        ("tag", [("a", "x"), ("a", "")], "tag"),
        ("file", [("a", "x")], "file"),
        ("none", [("a", "x"), ("b", "y")], None),
    ],
)
def test_what_examples_are_divided_by(by: By, places: list[tuple[str, str]], kind: str | None) -> None:
    assert kind_of(examples(*places), by) == kind


def test_figures_by_tag_need_tags() -> None:
    with pytest.raises(ConfigError, match="figures by tag need examples with tags"):
        kind_of(examples(("a", ""), ("b", "")), "tag")


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), min_size=1))
def test_every_example_is_in_one_part(places: list[tuple[str, str]]) -> None:
    for kind in ("tag", "file", None):
        parts = parts_of(examples(*places), kind)
        assert sorted(index for rows in parts.values() for index in rows) == list(range(len(places)))
        assert list(parts) == sorted(parts)


def test_each_part_counts_alike_in_the_macro_mean() -> None:
    rows = [
        Row(name, count, (Score("cer", cer),), Loss(nats, 2, 4))
        for name, count, cer, nats in [("x", 90, 10, 2), ("y", 1, 30, 6)]
    ]
    assert Breakdown("tag", tuple(rows)).macro == {"cer": 20, "loss": 2, "loss_per_character": 1}
    assert macro_mean([{"loss": 1.0, "cer": 3.0}, {"loss": 2.0}]) == {"loss": 1.5, "cer": 3.0}
    assert macro_mean([]) == {}
