"""Unchanged files are not read again; changed ones are, however well the change is hidden."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from seqloom.data import digests
from seqloom.data.digests import INDEX, Contents, content_digests
from seqloom.errors import DataError


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two files that count as quiet although they were just written."""
    monkeypatch.setattr(digests, "QUIET", -(1 << 60))
    paths = [tmp_path / name for name in "ab"]
    for path in paths:
        path.write_text(f"text of {path.name}")
    return [str(path) for path in paths]


def right(files: list[str]) -> list[str]:
    return [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files]


def test_unchanged_files_are_not_read(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert content_digests(files, tmp_path / "cache") == right(files)
    monkeypatch.setattr(digests, "opened", None)
    assert content_digests(files[::-1], tmp_path / "cache") == right(files)[::-1]
    with pytest.raises(TypeError):
        content_digests(files, tmp_path / "another")


def test_without_a_folder_nothing_is_remembered(files: list[str], tmp_path: Path) -> None:
    assert content_digests(files, None) == right(files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_hidden_changes_are_seen(files: list[str], tmp_path: Path) -> None:
    content_digests(files, tmp_path / "cache")
    path, times = Path(files[0]), Path(files[0]).stat()
    path.write_text("TEXT OF a")  # as long as before, and with its old time
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert content_digests(files, tmp_path / "cache") == right(files)
    other = tmp_path / "other"
    other.write_text("text of B")
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(files[1])
    assert content_digests(files, tmp_path / "cache") == right(files)


def listed(cache: Path) -> dict[str, Any]:
    """What is remembered of each file."""
    files: dict[str, Any] = json.loads((cache / INDEX).read_text())["files"]
    return files


def test_fresh_files_are_not_trusted_yet(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    content_digests([str(tmp_path / "a")], tmp_path / "cache")
    assert not (tmp_path / "cache" / INDEX).exists()


def test_a_damaged_index_is_written_anew_without_what_is_gone(files: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    content_digests(files, cache)
    Path(files[0]).unlink()
    (tmp_path / "c").write_text("c")
    content_digests([str(tmp_path / "c")], cache)
    assert sorted(Path(place).name for place in listed(cache)) == ["b", "c"]
    for damaged in ("{", "[]", '{"x": 1}', "\x00", '{"sha256": "", "files": {}}', "[" * 100_000):
        (cache / INDEX).write_text(damaged)
        said: list[str] = []
        assert content_digests(files[1:], cache, said.append) == right(files[1:])
        assert said == [f"{cache / INDEX}: a damaged file of the cache was left out; it is made anew"]
    assert list(listed(cache)) == files[1:]


def test_what_cannot_be_read_or_written(files: list[str], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        content_digests([str(tmp_path / "none")], tmp_path / "cache")
    assert content_digests(files, Path(files[0])) == right(files)  # no folder: nothing is remembered, nothing fails


def test_a_remembered_file_that_cannot_be_looked_for_is_forgotten(files: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    content_digests(files[:1], cache)
    known = listed(cache)
    unreachable = f"{tmp_path}/{'x' * 300}"  # no such name is possible: an error other than that there is no file
    digests._write(cache / INDEX, {unreachable: known[files[0]]})
    assert content_digests(files, cache) == right(files)
    assert list(listed(cache)) == files


@pytest.mark.parametrize("value", ["none", "ab", "g" * 64, None, 7])
def test_what_is_no_hash_is_not_believed(value: object, files: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    content_digests(files, cache)
    known = json.loads((cache / INDEX).read_text())
    known["files"] = {place: [stamp, value] for place, (stamp, _) in known["files"].items()}
    (cache / INDEX).write_text(json.dumps(known))
    assert content_digests(files, cache) == right(files)


def test_contents_show_what_happened_in_between(files: list[str], tmp_path: Path) -> None:
    before = Contents.of(files, None)
    before.check(Contents.of(files, None))
    with pytest.raises(DataError, match="b: files came or went while they were read"):
        before.check(Contents.of(files[:1], None))
    kept = tmp_path / "kept"
    Path(files[1]).rename(kept)
    Path(files[1]).write_text("other")
    with pytest.raises(DataError, match=r"b: the file changed while it was read(.|\n)*hint: "):
        before.check(Contents.of(files, None))
    kept.replace(files[1])
    assert Contents.of(files, None).digests == before.digests
    with pytest.raises(DataError, match="b: the file changed"):
        before.check(Contents.of(files, None))
