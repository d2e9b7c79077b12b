"""Cut short at any moment, a folder holds the old files or the new ones, never a mixture."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from seqloom.checkpoint import files
from seqloom.checkpoint.files import (
    STAGED,
    finish_staged,
    place_of,
    text_writer,
    write_file,
    write_folder,
    write_sibling,
)
from seqloom.errors import SeqloomError

NAMES = ("a", "b", "c")


class Killed(BaseException):
    """Stands for the end of the process."""


def seen(folder: Path) -> str:
    return "".join(place_of(folder, name).read_text(encoding="utf-8") for name in NAMES)


@pytest.mark.parametrize("moment", range(20))
def test_a_kill_at_any_rename_leaves_one_version(moment: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    write_folder(folder, {name: text_writer("1") for name in NAMES})
    calls = []

    def counted(path: Path, target: Path, real: object) -> Path:
        calls.append(path)
        if len(calls) > moment:
            raise Killed
        return real(path, target)  # type: ignore[operator, no-any-return]

    rename, replace = Path.rename, Path.replace
    monkeypatch.setattr(Path, "rename", lambda path, target: counted(path, target, rename))
    monkeypatch.setattr(Path, "replace", lambda path, target: counted(path, target, replace))
    killed = False
    try:
        write_folder(folder, {name: text_writer("2") for name in NAMES})
    except Killed:
        killed = True
    monkeypatch.undo()
    assert killed == (moment < 1 + len(NAMES))
    assert seen(folder) == ("111" if moment == 0 else "222")
    write_folder(folder, {"a": text_writer("3")})
    assert seen(folder) == ("311" if moment == 0 else "322")
    assert not (folder / STAGED).exists()


def test_a_writer_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write_folder(folder, {name: text_writer("1") for name in NAMES})

    def full(path: Path) -> None:
        raise OSError(28, os.strerror(28))

    with pytest.raises(SeqloomError, match="no space left"):
        write_folder(folder, {"a": text_writer("2"), "b": full})
    assert sorted(path.name for path in folder.iterdir()) == list(NAMES)
    assert seen(folder) == "111"
    with pytest.raises(SeqloomError, match="no space left"):
        write_sibling(tmp_path / "new", {"a": full})
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_names_to_remove_go_after_the_exchange(tmp_path: Path) -> None:
    write_folder(tmp_path, {name: text_writer("1") for name in NAMES})
    write_folder(tmp_path, {"a": text_writer("2")}, remove=frozenset({"a", "b"}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "c"]
    finish_staged(tmp_path)


@pytest.mark.parametrize(
    "write",
    [
        lambda folder: write_folder(folder, {"a": text_writer("1")}),
        lambda folder: write_sibling(folder, {"a": text_writer("1")}),
        lambda folder: write_file(folder / "a", text_writer("1")),
    ],
    ids=["folder", "sibling", "file"],
)
def test_new_folders_are_on_the_disk_themselves(
    write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, real = [], files.sync

    def sync(path: Path) -> None:
        synced.append(path)
        real(path)

    monkeypatch.setattr(files, "sync", sync)
    write(tmp_path / "one" / "two")
    assert {tmp_path, tmp_path / "one"} <= set(synced)
    synced.clear()
    write(tmp_path / "one" / "three")
    assert tmp_path not in synced


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(SeqloomError, match="cannot be written"):
        write_folder(tmp_path / "file" / "below", {"a": text_writer("1")})
