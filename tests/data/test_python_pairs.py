"""Pairs and inputs given in Python: texts are taken, anything else is refused with its number and its type."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seqloom.data import Example, Origin, ReadReport, Source, given_files, inputs_as_sources, pairs_as_examples
from seqloom.errors import DataError

GOOD = ("abc", "cba")


class Frame:
    """What is asked of a data frame: it has columns, and going through it gives their names."""

    columns = ("source", "target")

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)


def read(pairs: Any, report: ReadReport | None = None) -> list[tuple[str, str]]:
    return [(each.source, each.target) for each in pairs_as_examples(pairs, report or ReadReport())]


@pytest.mark.parametrize(
    "pairs",
    [
        [GOOD, GOOD],
        (GOOD, GOOD),
        [list(GOOD), list(GOOD)],
        iter([GOOD, GOOD]),
        [(np.str_("abc"), np.str_("cba"))] * 2,
        np.array([GOOD, GOOD]),
        [Example(*GOOD, Origin("f", 1))] * 2,
    ],
    ids=["tuples", "in a tuple", "lists", "iterator", "numpy texts", "numpy array", "examples"],
)
def test_pairs_of_texts_are_taken(pairs: Any) -> None:
    found = read(pairs)
    assert found == [GOOD, GOOD]
    assert all(type(text) is str for pair in found for text in pair)


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("ab", float("nan")), "the target must be text, not float nan"),
        ((math.nan, "ab"), "the source must be text, not float nan"),
        (("ab", 3), "the target must be text, not int 3"),
        (("ab", True), "the target must be text, not bool True"),
        (("ab", np.float32(0.5)), "the target must be text, not float32 0.5"),
        (("ab", None), "the target must be text, not None"),
        ((b"ab", "ab"), "the source must be text, not bytes b'ab'"),
        (("ab", ["ab"]), "the target must be text, not list of 1"),
        (("ab",), "must be a pair of texts (source, target), not tuple of 1"),
        (("ab", "cd", "ef"), "must be a pair of texts (source, target), not tuple of 3"),
        ("ab", "must be a pair of texts (source, target), not str 'ab'"),
        ("hello", "must be a pair of texts (source, target), not str 'hello'"),
        (b"ab", "must be a pair of texts (source, target), not bytes b'ab'"),
        (None, "must be a pair of texts (source, target), not None"),
        (7, "must be a pair of texts (source, target), not int 7"),
        ({"a", "b"}, "must be a pair of texts (source, target), not set"),
        (Source("ab"), "must be a pair of texts (source, target), not Source"),
        (Example("ab", 3, Origin("f", 1)), "must be text, not int 3"),  # type: ignore[arg-type]
        (Example("ab", "ab", Origin("f", 1), "tag"), "tags and references must be tuples"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_pair_of_texts_is_refused_by_number_and_type(pair: Any, words: str) -> None:
    with pytest.raises(DataError) as caught:
        read([GOOD, pair])
    assert caught.value.message.startswith(words)
    assert caught.value.where == "pairs:2"


@pytest.mark.parametrize("missing", [math.nan, None, 3])
def test_sides_that_are_not_text_are_skipped_where_that_is_asked_for(missing: object) -> None:
    report = ReadReport("skip")
    assert read([GOOD, ("ab", missing), GOOD], report) == [GOOD, GOOD]
    assert (report.bad_count, report.bad[0].where) == (1, "pairs:2")


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ({"abc": "cba"}, r"not dict\nhint: give list\(pairs.items\(\)\)"),
        (Frame(), r'not a table \(Frame\)\nhint: choose its columns: list\(zip\(table\["source"\]'),
        ({"train": [("a", "b")], "test": []}, r"hint: choose a part of it, such as data\['train'\]"),
        (b"ab", "not bytes"),
        (3, "not int 3"),
        (["a.tsv", "b.tsv"], "hint: a list of files is read where the files are there"),
        ([(b"a", "b")], r'hint: convert it: text.decode\("utf-8"\)'),
    ],
)
def test_the_hint_says_how_to_give_it(pairs: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read(pairs)


def test_files_are_known_by_being_there(tmp_path: Path) -> None:
    for name in ("a.tsv", "b.tsv", "a.en", "a.de"):
        (tmp_path / name).touch()
    names = [str(tmp_path / "a.tsv"), str(tmp_path / "b.tsv")]
    assert given_files(names) == names
    assert given_files([Path(name) for name in names]) == names
    assert given_files([*names, "missing.tsv"]) == [*names, "missing.tsv"]
    assert given_files([f"{tmp_path}/a.en,{tmp_path}/a.de"]) == [f"{tmp_path}/a.en,{tmp_path}/a.de"]
    assert given_files([f"{tmp_path}/*.tsv"]) == [f"{tmp_path}/*.tsv"]
    assert given_files(Path("missing.tsv")) == ["missing.tsv"]
    assert given_files(["hello", "world"]) == given_files([GOOD]) == given_files([]) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("abc", "tag"), "must be a text, not tuple of 2"),
        (3, "must be a text, not int 3"),
        (math.nan, "must be a text, not float nan"),
        (None, "must be a text, not None"),
        (b"abc", "must be a text, not bytes b'abc'"),
        ({"source": "abc"}, "must be a text, not dict"),
        (["abc"], "must be a text, not list of 1"),
        (Source(3), "must be text, not int 3"),  # type: ignore[arg-type]
        (Source("abc", "X"), "tags and references must be tuples"),  # type: ignore[arg-type]
        ("\ud800", "must be valid Unicode"),
    ],
)
def test_what_is_no_input_is_refused_by_number_and_type(line: Any, words: str) -> None:
    with pytest.raises(DataError) as caught:
        list(inputs_as_sources(["abc", np.str_("d"), line]))
    assert caught.value.message.startswith(words)
    assert caught.value.where == "inputs:3"


@pytest.mark.parametrize("lines", [b"abc", 3, None, {"abc": 1}, Path("words.txt"), Frame()])
def test_inputs_are_given_in_a_list(lines: Any) -> None:
    with pytest.raises(DataError, match=r"inputs: must be a list of texts, not"):
        list(inputs_as_sources(lines))


def test_inputs_are_looked_at_one_by_one() -> None:
    """So that answers can be streamed."""
    asked = []

    def lines() -> Iterator[str]:
        for text in "ab":
            asked.append(text)
            yield text

    sources = inputs_as_sources(lines())
    assert next(sources) == Source("a")
    assert asked == ["a"]
