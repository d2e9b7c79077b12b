"""Places in reports: names of files that are told apart, and long ones that keep their line."""

from __future__ import annotations

import pytest

from seqloom.cli.printing import short_place, told_apart


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ([], []),
        (["a/train.tsv", "b/test.tsv"], ["train.tsv", "test.tsv"]),
        (["a/x.tsv", "b/x.tsv"], ["a/x.tsv", "b/x.tsv"]),
        (["d/a/in,d/a/out", "d/b/in,d/b/out"], ["a/in,a/out", "b/in,b/out"]),
        (["x/in,x/one", "x/in,x/two"], ["in,one", "in,two"]),
        (["same.tsv", "same.tsv"], ["same.tsv", "same.tsv"]),
    ],
)
def test_files_have_as_few_folders_as_tell_them_apart(files: list[str], names: list[str]) -> None:
    assert told_apart(files) == names


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("a/train.tsv:7", "train.tsv:7"),
        ("d/icelandic-icepahc.train.tsv:21131", "icelandic…train.tsv:21131"),
        ("no-line-at-all-but-a-long-name.tsv", "no-line-at-all-but-a-long-name.tsv"),
    ],
)
def test_a_long_place_keeps_its_line(where: str, shown: str) -> None:
    assert short_place(where, 25) == shown
    assert len(shown) <= 25 or ":" not in shown
