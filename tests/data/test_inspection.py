"""What a report counts, against counting by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.data import DataConfig, Example, Origin, inspect, inspection_values
from seqloom.data.inspection import inspection as room
from seqloom.data.inspection.counters import Lengths, oddity
from seqloom.errors import DataError


def write(path: Path, pairs: list[tuple[str, str]]) -> str:
    path.write_bytes("".join(f"{source}\t{target}\n" for source, target in pairs).encode())
    return str(path)


def report(*entries: str, against: tuple[str, ...] = (), **values: object) -> dict[str, Any]:
    found = inspection_values(inspect(entries, DataConfig.model_validate(values), against))
    json.dumps(found)
    return found


def said(values: dict[str, Any], *words: str) -> bool:
    return any(all(word in warning for word in words) for warning in values["warnings"])


@settings(max_examples=50, deadline=None)
@given(slices=st.lists(st.lists(st.integers(1, 60), min_size=1, max_size=30), min_size=1, max_size=4))
def test_lengths_are_those_of_all_texts(slices: list[list[int]]) -> None:
    tally = Lengths()
    lines = 0
    for lengths in slices:
        tally.add(lengths, [Origin("f", lines + place) for place in range(len(lengths))])
        lines += len(lengths)
    every = np.concatenate(slices)
    values = tally.summary()
    assert values["mean"] == pytest.approx(every.mean())
    for name, share in (("median", 0.5), ("p95", 0.95), ("p99", 0.99)):
        assert values[name] == np.quantile(every, share, method="inverted_cdf")
    assert values["longest_at"] == f"f:{every.argmax()}"


def test_repeats_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "SLICE", 2)
    pairs = [("a", "A"), ("b", "B"), ("a", "A"), ("a", "C"), ("b", "B"), ("a", "A"), ("c", "C")]
    values = report(write(tmp_path / "p.tsv", pairs))
    assert (values["pairs"], values["duplicates"]) == (7, 3)
    assert (values["distinct_sources"], values["sources_with_several_targets"]) == (3, 1)
    assert said(values, "3 of 7 pairs were there before", "drop_duplicates")
    assert said(values, "1 of 3 distinct sources have different targets")


def test_tags_are_part_of_an_input(tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("go\twent\tPST\ngo\tgone\tPTCP\n")
    assert report(str(tmp_path / "p.tsv"), tags="3")["sources_with_several_targets"] == 0
    assert report(str(tmp_path / "p.tsv"), header="no", target="3")["sources_with_several_targets"] == 1
    (tmp_path / "q.tsv").write_text("go\tgoing\tPRS\ngo\twent\tPST\nsee\tsaw\tPST\n")
    (found,) = report(str(tmp_path / "p.tsv"), against=(str(tmp_path / "q.tsv"),), tags="3")["against"]
    assert (found["sources_seen"], found["texts_seen"], found["pairs_seen"]) == (1, 2, 1)


def test_overlap_with_test_data_is_said(tmp_path: Path) -> None:
    train = write(tmp_path / "train.tsv", [(f"s{n}", f"t{n}") for n in range(50)])
    test = write(tmp_path / "test.tsv", [("s3", "t3"), ("s3", "other"), ("s7", "ö"), ("né", "t3"), ("é", "ö")])
    values = report(train, against=(test, train))
    assert values["pairs"] == 50
    first, second = values["against"]
    assert (first["pairs"], first["sources_seen"], first["pairs_seen"]) == (5, 3, 1)
    assert first["unknown_characters"] == {"source": ["n", "é"], "target": ["e", "h", "o", "r", "ö"]}
    assert (second["sources_seen"], second["pairs_seen"], second["unknown_characters"]) == (50, 50, {})
    assert (first["texts_seen"], second["texts_seen"]) == (3, 50)
    assert said(values, "3 of 5 sources in", "test.tsv are in", "train.tsv")
    assert said(values, "1 of 5 pairs in", "test.tsv")
    assert said(values, "2 characters of the sources", "é (U+00E9)")


def test_what_cannot_be_read_is_counted_not_refused(tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_bytes(b"a\tA\n \tB\nc\n\xff\tD\nd\tD\n")
    values = report(str(tmp_path / "p.tsv"))
    assert (values["pairs"], values["bad_lines"], values["empty"]) == (2, 3, 1)
    assert said(values, "3 lines cannot be read, 1 of them with an empty side", "p.tsv:2")
    (tmp_path / "none.tsv").write_bytes(b"\n")
    with pytest.raises(DataError, match=r"none\.tsv:1: must have 2 columns, not an empty line"):
        report(str(tmp_path / "none.tsv"))
    (tmp_path / "none.tsv").write_bytes(b"")
    with pytest.raises(DataError, match=r"none\.tsv: there must be at least one pair"):
        report(str(tmp_path / "none.tsv"))
    (tmp_path / "none.tsv").write_bytes("слово\tответ\n".encode("cp1251") * 9)
    with pytest.raises(DataError, match=r"none\.tsv:1: must be UTF-8, not byte .*\nhint: data\.encoding=cp1251 reads"):
        report(str(tmp_path / "none.tsv"))


def test_odd_characters_are_found_where_they_are(tmp_path: Path) -> None:
    pairs = [("fine", "e\u0301"), ("a\0b", "é"), ("a\u200bb", "\ufffd"), ("x\u00a0y", "\x07\x08"), ("b\0c", "A\ue000")]
    values = report(write(tmp_path / "p.tsv", pairs))
    odd = values["odd_characters"]
    assert {kind: each["texts"] for kind, each in odd["source"].items()} == {
        "NUL": 2,
        "invisible characters": 1,
        "unusual spaces": 1,
    }
    assert odd["source"]["NUL"]["first"].endswith("p.tsv:2")
    assert set(odd["target"]) == {"replacement characters", "control characters", "private characters"}
    assert said(values, "2 of 5 sources hold NUL")
    assert said(values, "mixed Unicode forms", "1 texts have composed", "1 others do not")
    assert not said(report(write(tmp_path / "q.tsv", [("né", "é")])), "mixed")


@pytest.mark.parametrize("character", [*"aß机🙂 é", "\u0301"])
def test_ordinary_characters_are_not_odd(character: str) -> None:
    assert oddity(character) == ""


def test_unlike_lengths_are_said(tmp_path: Path) -> None:
    values = report(write(tmp_path / "p.tsv", [("ab", "abcd"), ("a", "a" * 10), ("abc", "ab")]))
    assert values["length_ratio"]["largest"] == 10
    assert values["length_ratio"]["median"] == 2
    assert values["length_ratio"]["largest_at"].endswith(":2")
    assert said(values, "1 of 3 pairs have one side more than 9 times as long", "p.tsv:2")


def test_nothing_wrong_is_nothing_said(tmp_path: Path) -> None:
    file = write(tmp_path / "p.tsv", [("good", "gut"), ("day", "Tag")])
    assert report(file)["warnings"] == []


def test_texts_are_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any time the examples of one slice live, and no others."""
    monkeypatch.setattr(room, "SLICE", 10)
    alive: list[int] = []
    living = 0

    class Watched(Example):
        __slots__ = ("__weakref__",)

        def __del__(self) -> None:
            nonlocal living
            living -= 1

    def examples(*_: object) -> Any:
        nonlocal living
        for number in range(200):
            living += 1
            alive.append(living)
            yield Watched(f"s{number}", "t", Origin("f", number))

    monkeypatch.setattr(room, "read_examples", examples)
    assert inspect(["f"], DataConfig()).count == 200
    assert max(alive) <= 21
