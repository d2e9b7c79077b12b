"""Files of the cache: readable by whom the umask says, and no part of a killed writer stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqloom.data.whole_files import SETTLED, STALE, whole_file

WRITER = """
import os, sys
from pathlib import Path
from seqloom.data.whole_files import whole_file
with whole_file(Path(sys.argv[1])) as stream:
    stream.write(b"half")
    stream.flush()
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of a file."""
    command = [sys.executable, "-c", WRITER, str(tmp_path / "big.arrow")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def aged(folder: Path, seconds: float) -> Path:
    """The one part in a folder, last written so long ago."""
    (part,) = folder.glob(".*.part")
    os.utime(part, (time.time() - seconds,) * 2)
    return part


def write(folder: Path) -> None:
    with whole_file(folder / "small.txt") as stream:
        stream.write(b"text")


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o007, 0o660)])
def test_the_umask_decides_who_reads(mask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        write(tmp_path)
    finally:
        os.umask(before)
    assert (tmp_path / "small.txt").stat().st_mode & 0o777 == mode


def test_the_part_of_a_killed_writer_is_removed(writer: subprocess.Popen[str], tmp_path: Path) -> None:
    part = aged(tmp_path, SETTLED + 60)
    write(tmp_path)
    assert part.exists()  # it is being written
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    aged(tmp_path, 0)
    write(tmp_path)
    assert part.exists()  # it might be about to be renamed
    aged(tmp_path, SETTLED + 60)
    write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["small.txt"]


def test_a_part_without_a_write_in_a_day_is_removed_and_other_files_stay(tmp_path: Path) -> None:
    others = [tmp_path / name for name in (".notes.part", "film-12345678.part", ".a-12345678.txt")]
    for path in [*others, tmp_path / ".abc-x7_y9z0w.part"]:
        path.touch()
        os.utime(path, (time.time() - STALE - 60,) * 2)
    write(tmp_path)
    assert set(tmp_path.iterdir()) == {*others, tmp_path / "small.txt"}


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), whole_file(tmp_path / "small.txt"):
        raise KeyError
    assert list(tmp_path.iterdir()) == []
