"""Commands whose standard output or error is closed, full, or read by nobody any more, as processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from seqloom.checkpoint import load_model
from seqloom.streams import forgiving
from seqloom.training.reporters import ConsoleReporter
from seqloom.training.reports import NoticeReport
from toy import SETTINGS, copied, write_pairs

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
SILENT = [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full"]


def shell(redirection: str, *arguments: object, unbuffered: bool = False) -> subprocess.CompletedProcess[str]:
    """A command under a redirection of the shell."""
    environment = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHONUNBUFFERED"}
    if unbuffered:
        environment["PYTHONUNBUFFERED"] = "1"
    command = ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "seqloom", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, check=False)


def into_nobody(*arguments: object) -> subprocess.CompletedProcess[str]:
    """A command whose reader of standard output has left before it begins."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "seqloom", *map(str, arguments)]
    try:
        return subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, encoding="utf-8", env=ENVIRONMENT, check=False
        )
    finally:
        os.close(writing)


def training(folder: Path, **changes: object) -> list[str]:
    pairs = write_pairs(folder / "pairs.tsv", copied(60))
    settings = [f"--set={key}={str(value).lower()}" for key, value in {**SETTINGS, **changes}.items()]
    return ["train", "--train", str(pairs), "--output", str(folder / "m"), *settings]


def is_whole(output: Path) -> bool:
    """Whether a run has left a finished model and the whole log."""
    kinds = [json.loads(line)["kind"] for line in (output / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return load_model(output).metrics["training"]["finished"] is True and kinds[-1] == "finish" and "setup" in kinds


@FULL
@pytest.mark.parametrize("redirection", SILENT)
def test_a_run_needs_no_listener(redirection: str, tmp_path: Path) -> None:
    done = shell(redirection, *training(tmp_path, **{"training.epochs": 2}))
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert is_whole(tmp_path / "m")


def test_a_run_goes_on_when_the_reader_of_its_progress_leaves(tmp_path: Path) -> None:
    settings = {"training.epochs": 30, "training.log_every": 1}
    command = [sys.executable, "-m", "seqloom", *training(tmp_path, **settings)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=ENVIRONMENT, encoding="utf-8") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "step" in line:
                break
        process.stderr.close()
        assert process.wait() == 0
    assert is_whole(tmp_path / "m")


@FULL
def test_an_output_file_needs_no_standard_output(toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("ab\nba\n", encoding="utf-8")
    wanted = shell("", "predict", toy_folder, tmp_path / "in.txt").stdout
    for number, redirection in enumerate([">&-", ">/dev/full 2>/dev/full"]):
        output = tmp_path / f"out{number}"
        done = shell(redirection, "predict", toy_folder, tmp_path / "in.txt", "--output", output)
        assert done.returncode == 0, done.stderr
        assert output.read_text(encoding="utf-8") == wanted


@FULL
@pytest.mark.parametrize("unbuffered", [False, True], ids=["buffered", "unbuffered"])
def test_what_a_command_is_asked_for_is_not_lost_in_silence(unbuffered: bool, toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("ab\n" * 3, encoding="utf-8")
    for command in (["predict", toy_folder, tmp_path / "in.txt"], ["--version"]):
        for redirection, reason in ((">/dev/full", "cannot be written: no space left on device"), (">&-", "is closed")):
            done = shell(redirection, *command, unbuffered=unbuffered)
            assert done.returncode == 2
            assert f"error: standard output: {reason}\nhint: " in done.stderr
            assert "Traceback" not in done.stderr
            assert shell(f"{redirection} 2>&-", *command, unbuffered=unbuffered).returncode == 2


def test_tables_into_a_closed_pipe_end_like_other_output(toy_folder: Path, toy_pairs: Path) -> None:
    for command in (["evaluate", toy_folder, toy_pairs], ["--help"]):
        done = into_nobody(*command)
        assert (done.returncode, done.stderr) == (141, "")


def test_closed_standard_input_is_said(toy_folder: Path) -> None:
    done = shell("<&-", "predict", toy_folder)
    assert done.returncode == 2
    assert done.stderr.startswith("error: <stdin>: standard input is closed")


@pytest.mark.slow
@FULL
def test_every_command_in_every_way(both_graphs: Path, toy_pairs: Path, tmp_path: Path) -> None:
    sweep = tmp_path / "s.toml"
    lines = [f"{name} = {json.dumps(value)}" for name, value in {**SETTINGS, "data.train": [str(toy_pairs)]}.items()]
    sweep.write_text(
        "\n".join([*lines, "sweep.trials = 1", '[space]\n"training.seed" = { choices = [1, 2] }\n']), encoding="utf-8"
    )
    (tmp_path / "in.txt").write_text("ab\n" * 3, encoding="utf-8")
    asked: list[list[object]] = [
        ["evaluate", both_graphs, toy_pairs, "--compare", both_graphs],
        ["evaluate", both_graphs, toy_pairs, "--json"],
        ["score", both_graphs, toy_pairs],
        ["show", both_graphs],
        ["reproduce", both_graphs],
        ["data", "report", toy_pairs],
        ["bench", both_graphs, tmp_path / "in.txt", "--json"],
        ["predict", both_graphs, tmp_path / "in.txt", "--engine", "onnx", "--json"],
    ]
    made: list[list[object]] = [
        ["sweep", sweep, "--output", tmp_path / "sweep"],
        ["plot", "attention", both_graphs, "ab", "--output", tmp_path / "a.png"],
        ["plot", "curves", both_graphs, "--output", tmp_path / "c.png"],
    ]
    for command in (*asked, *made):
        quiet = shell("2>&-", *command)
        assert quiet.returncode == shell("", *command).returncode, command
        done = into_nobody(*command)
        assert done.returncode == 141, (command, done.stderr)
        assert "Traceback" not in done.stderr
        for redirection in (">&-", ">/dev/full"):
            done = shell(redirection, *command)
            assert done.returncode == (2 if command in asked else 0), (command, done.stderr)
            assert "standard output" in done.stderr
            assert "Traceback" not in done.stderr


class Failing:
    """A stream that takes nothing."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise OSError(28, "No space left on device")

    def isatty(self) -> bool:
        raise ValueError("I/O operation on closed file")


def test_progress_in_python_may_be_lost_too(tmp_path: Path) -> None:
    closed = (tmp_path / "progress").open("w", encoding="utf-8")
    closed.close()
    streams: list[IO[str]] = [Failing(), closed]  # type: ignore[list-item]
    for stream in streams:
        reporter = ConsoleReporter(stream)  # type: ignore[arg-type]
        reporter.show(NoticeReport("lost"))
        reporter.close()
        safe = forgiving(stream)  # type: ignore[arg-type]
        assert safe.write("four") == 4
        assert forgiving(safe) is safe
