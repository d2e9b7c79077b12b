"""Cut short at any moment, a folder holds the old files or the new ones, never a mixture."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from seqloom.checkpoint import files
from seqloom.checkpoint.files import (
    STAGED,
    finish_staged,
    output_file,
    place_of,
    text_writer,
    write_file,
    write_folder,
    write_sibling,
)
from seqloom.errors import DiskError, SeqloomError

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


def write_output(path: Path, content: bytes) -> None:
    with output_file(path) as stream:
        stream.write(content)


def test_an_output_keeps_what_was_there_until_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "answers.txt"
    write_output(path, b"old")
    with output_file(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "error", [Killed(), KeyboardInterrupt(), SeqloomError("bad line"), OSError(28, "No space left")]
)
def test_an_output_that_is_cut_short_leaves_the_old_one(error: BaseException, tmp_path: Path) -> None:
    path = tmp_path / "answers.txt"
    path.write_bytes(b"old")

    def cut_short() -> None:
        with output_file(path) as stream:
            stream.write(b"half")
            raise error

    with pytest.raises(DiskError if isinstance(error, OSError) else type(error)):
        cut_short()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_said_with_the_name_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(DiskError, match=r"full: cannot be written: no space left on device"):
        write_output(tmp_path / "full", b"answers")


def test_an_output_follows_links_and_keeps_permissions(tmp_path: Path) -> None:
    real, link, other = tmp_path / "real.txt", tmp_path / "link.txt", tmp_path / "other.txt"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    os.link(real, other)
    write_output(link, b"new")
    assert link.is_symlink()
    assert (real.read_bytes(), real.stat().st_mode & 0o777) == (b"new", 0o640)
    assert other.read_bytes() == b"old"
    (tmp_path / "dangling").symlink_to(tmp_path / "made.txt")
    write_output(tmp_path / "dangling", b"new")
    assert (tmp_path / "made.txt").read_bytes() == b"new"


def test_a_new_output_may_be_read_by_whom_the_umask_says(tmp_path: Path) -> None:
    write_output(tmp_path / "a.txt", b"")
    (tmp_path / "b.txt").write_bytes(b"")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_an_output_that_cannot_be_renamed_over_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where a container mounts a single file."""
    path = tmp_path / "answers.txt"
    path.write_bytes(b"old and longer")

    def busy(*_: object) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "replace", busy)
    write_output(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_pipes_and_devices_are_written_to_as_it_comes(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_output(pipe, b"answers")
    reader.join()
    assert read == [b"answers"]
    assert pipe.is_fifo()
    write_output(Path("/dev/null"), b"answers")
    assert Path("/dev/null").is_char_device()


def test_an_open_stream_is_written_to_from_where_it_stands(tmp_path: Path) -> None:
    with (tmp_path / "log").open("ab") as stream:
        stream.write(b"first ")
        stream.flush()
        write_output(Path(f"/dev/fd/{stream.fileno()}"), b"second")
    assert (tmp_path / "log").read_bytes() == b"first second"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_what_may_not_be_written_is_said(tmp_path: Path) -> None:
    path = tmp_path / "answers.txt"
    path.write_bytes(b"old")
    path.chmod(0o400)
    with pytest.raises(DiskError, match=r"answers\.txt: cannot be written: permission denied"):
        write_output(path, b"new")
    path.chmod(0o600)
    tmp_path.chmod(0o500)
    try:
        write_output(path, b"new")
    finally:
        tmp_path.chmod(0o700)
    assert path.read_bytes() == b"new"


def test_a_folder_is_no_output(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="cannot be written: is a directory"):
        write_output(tmp_path, b"answers")
