"""A disk that is full: the run says so and stops with its last state whole; with room again it goes on."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from reversal import begin_run, same_weights
from typer.testing import CliRunner

from seqloom.checkpoint.seal import check_seal
from seqloom.cli.main import app
from seqloom.errors import DiskError
from seqloom.training.reporters import JsonlReporter, follow
from seqloom.training.reports import CheckpointReport, Report, StepReport

pytestmark = pytest.mark.usefixtures("unchecked_shapes")
SETTINGS: dict[str, Any] = {
    "log_every": 1,
    "checkpoint_every": 2,
    "evaluate_every": 3,
    "selection": {"average_best": 2, "limit": 4},
}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 512 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "seqloom-test", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command to make a small file system with")
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path, leave: int) -> None:
    """Take all the room but about `leave` bytes."""
    there = os.statvfs(folder)
    (folder / "ballast").write_bytes(bytes(max(0, there.f_bavail * there.f_frsize - leave)))


def newest(output: Path) -> Path:
    return max((output / "resume" / "states").glob("[0-9]*"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run for which there was always room."""
    output = tmp_path_factory.mktemp("whole") / "run"
    list(begin_run(output, **SETTINGS))
    return output


@pytest.mark.parametrize("leave", [0, 4096, 12_000, 30_000])
def test_a_disk_that_fills_up(small_disk: Path, leave: int, whole: Path) -> None:
    output = small_disk / "run"
    stream, saved = begin_run(output, **SETTINGS), list[str]()

    def filled() -> Iterator[Report]:
        for report in stream:
            if isinstance(report, CheckpointReport):
                saved.append(Path(report.path).name)
                if report.step == 4:
                    fill(small_disk, leave)
            yield report

    reporter = JsonlReporter(output / "log.jsonl")
    with pytest.raises(DiskError, match="no space left on device") as caught:
        follow(filled(), [reporter])
    assert "--resume" in caught.value.hint or "log.jsonl" in caught.value.where
    with contextlib.suppress(DiskError):  # it tries to save once more
        stream.close()
    check_seal(newest(output))
    assert newest(output).name >= saved[-1] >= "00000004-00000003"
    assert leave or newest(output).name == "00000004-00000003"
    assert not list(output.rglob("*.tmp"))
    (small_disk / "ballast").unlink()
    follow(begin_run(output, resume=True, **SETTINGS), [JsonlReporter(output / "log.jsonl")])
    assert same_weights(whole, output)


def test_a_disk_that_is_full_from_the_start(small_disk: Path, tmp_path: Path) -> None:
    fill(small_disk, 8192)
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"a{n}\t{n}a\n" for n in range(50)), encoding="utf-8")
    command = ["train", "--train", str(pairs), "--output", str(small_disk / "run"), "--set", "model.hidden=8"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert "no space left on device" in done.output
    assert "hint: " in done.output


def test_each_write_may_fail(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The n-th file that is put on the disk fails, for many n; the run goes on from what is there, all the same."""
    settings = {**SETTINGS, "epochs": 0, "max_steps": 5}
    list(begin_run(tmp_path / "whole", **settings))
    for moment in range(0, 200, 7):
        output, calls = tmp_path / str(moment), iter(range(1000))

        def fsync(descriptor: int, calls: Iterator[int] = calls, moment: int = moment) -> None:
            if next(calls) == moment:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("os.fsync", fsync)
        with contextlib.suppress(DiskError):
            list(begin_run(output, **settings))
        if next(calls) <= moment:  # the run was through before
            break
        for state in (output / "resume" / "states").glob("[0-9]*"):
            check_seal(state)
        list(begin_run(output, resume=True, **settings))
        assert same_weights(tmp_path / "whole", output)
    assert moment > 50


def test_a_log_that_cannot_be_written_stops_the_run_after_it_was_saved(small_disk: Path, tmp_path: Path) -> None:
    log = small_disk / "log.jsonl"
    fill(small_disk, 0)
    stream = begin_run(tmp_path / "run", **SETTINGS)

    def late() -> Iterator[Report]:
        for report in stream:
            if isinstance(report, StepReport) and report.step == 5:
                yield report

    with pytest.raises(DiskError, match="no space left") as caught:
        follow(late(), [JsonlReporter(log)])
    assert caught.value.where == str(log)
    stream.close()
    assert newest(tmp_path / "run").name.startswith("00000005")
