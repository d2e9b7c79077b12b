"""What becomes of a group when a process dies, is told to stop, or meets an error; through the command line."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import ENVIRONMENT, HERE, group, launched, settings
from reversal import reversed_pairs, weights_of

from seqloom.config import build, to_toml
from seqloom.training import RunConfig, train
from seqloom.training.reports import FinishReport
from toy import write_pairs

pytestmark = pytest.mark.timeout(900)  # several starts of several processes, on a machine that may be busy
LIMIT = 60.0
"""Seconds in which a group must be gone; a few on a machine that has time."""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A run of far more updates than a test waits for."""
    data = {"train": [str(write_pairs(tmp_path / "pairs.tsv", reversed_pairs()))]}
    path = tmp_path / "run.toml"
    values = {**settings({"training": {"epochs": 10_000, "evaluate_every": 1_000_000}}), "data": data}
    path.write_text(to_toml(build(RunConfig, values)), encoding="utf-8")
    return path


@contextlib.contextmanager
def begun(config: Path, output: Path, *more: object) -> Iterator[subprocess.Popen[str]]:
    """A group of two that has done some updates."""
    with group(2, "-m", "seqloom", "train", config, "--output", output, *more) as process:
        while updates_now(output, resumed="--resume" in more) < 4:
            assert process.poll() is None, process.communicate()[1]
            time.sleep(0.05)
        yield process


def updates_now(output: Path, *, resumed: bool) -> int:
    """How many updates a run has logged, or has logged since it was resumed."""
    if not (output / "log.jsonl").exists():
        return 0
    lines = (output / "log.jsonl").read_text(encoding="utf-8").splitlines()
    kinds = [found[1] for line in lines if (found := re.match(r'\{"kind": "(\w+)"', line))]
    starts = [place for place, kind in enumerate(kinds) if kind == "resume"]
    return kinds[starts[-1] if starts else 0 :].count("step") if starts or not resumed else 0


def ended(process: subprocess.Popen[str]) -> tuple[str, float]:
    """The rest of what a group says, and how long it took to end."""
    assert process.stderr is not None
    before = time.monotonic()
    said = process.stderr.read()
    assert process.wait() != 0
    return said, time.monotonic() - before


def worker(process: subprocess.Popen[str], rank: int) -> int:
    """The process id of a worker."""
    mark = f"\0RANK={rank}\0".encode()
    (found,) = (child for child in children(process) if mark in Path(f"/proc/{child}/environ").read_bytes())
    return found


def children(process: subprocess.Popen[Any]) -> list[int]:
    """The process ids of a launcher's workers."""
    said = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    return [child for child in map(int, said.split()) if b"\0RANK=" in Path(f"/proc/{child}/environ").read_bytes()]


def logged(output: Path, kind: str) -> list[dict[str, Any]]:
    lines = (output / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [values for values in map(json.loads, lines) if values["kind"] == kind]


def test_a_killed_worker_ends_the_group_which_then_resumes_stops_and_finishes(config: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    with begun(config, output) as process:
        os.kill(worker(process, 1), signal.SIGKILL)
        said, seconds = ended(process)
    assert seconds < LIMIT, said
    assert said.count("error: another process of this run was lost") == 1
    (last,) = logged(output, "step")[-1:]

    with begun(config, output, "--resume") as process:
        process.send_signal(signal.SIGTERM)
        said, seconds = ended(process)
    assert seconds < LIMIT, said
    assert logged(output, "resume")[-1]["step"] >= last["step"]
    (interrupt,) = logged(output, "interrupt")
    steps = [line["step"] for line in logged(output, "step")]
    assert steps == list(range(1, interrupt["step"] + 1))
    assert interrupt["hint"].startswith("torchrun --nproc-per-node 2 -m seqloom train")
    assert said.count("which is saved") == 1
    assert not (output / "run.lock").exists()

    wanted = build(RunConfig, settings({"training": {"epochs": 0, "max_steps": interrupt["step"] + 2}}))
    wanted = wanted.replace(data=wanted.data.replace(train=(str(tmp_path / "pairs.tsv"),)))
    given = wanted.replace(training=wanted.training.replace(evaluate_every=1_000_000))
    *_, finish = train(given, output, resume=True)
    assert isinstance(finish, FinishReport)
    assert finish.step == interrupt["step"] + 2
    assert weights_of(output)


def agent(config: Path, output: Path, port: int) -> subprocess.Popen[bytes]:
    """A machine of the elastic group of docs/guides/many-processes.md, which is quicker to begin alone."""
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes", "1:2", "--nproc-per-node", "1"]
    command += [
        "--max-restarts",
        "10",
        "--rdzv-id",
        "run1",
        "--rdzv-backend",
        "c10d",
        "--rdzv-conf",
        "last_call_timeout=5",
    ]
    command += ["--rdzv-endpoint", f"localhost:{port}"]
    command += ["-m", "seqloom", "train", str(config), "--output", str(output), "--resume"]
    with (output.parent / "said.txt").open("ab") as said:
        environment = {**ENVIRONMENT, "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
        return subprocess.Popen(command, stderr=said, stdout=said, env=environment)


def happened(output: Path, text: str, since: int = 0) -> int:
    """Waits until the log says something and an update follows; the size that the log then has."""
    log, until = output / "log.jsonl", time.monotonic() + 180
    while time.monotonic() < until:
        said = log.read_text(encoding="utf-8") if log.exists() else ""
        if '"kind": "step"' in said[said.find(text, since) :] and said.find(text, since) >= 0:
            return len(said)
        time.sleep(0.2)
    raise AssertionError((output.parent / "said.txt").read_text(encoding="utf-8"))


@pytest.mark.slow
def test_a_machine_joins_late_and_is_lost_and_the_first_goes_on(config: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    values = build(RunConfig, tomllib.loads(config.read_text(encoding="utf-8")))
    training = values.training.replace(log_every=50, checkpoint_every=200)
    config.write_text(to_toml(values.replace(training=training)), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    with agent(config, output, port) as first:
        try:
            happened(output, "setup")
            with agent(config, output, port) as second:
                try:
                    happened(output, "going on with 2 instead of 1 processes")
                    (child,) = children(second)
                finally:
                    second.kill()
            os.kill(child, signal.SIGKILL)
            happened(output, "going on with 1 instead of 2 processes")
            resumed = logged(output, "resume")[-1]["step"]
            assert resumed > 0
        finally:
            first.terminate()
        assert first.wait(LIMIT) != 0
    (interrupt,) = logged(output, "interrupt")[-1:]
    assert interrupt["step"] > resumed
    *_, finish = train(values.replace(training=training.replace(max_steps=interrupt["step"] + 2)), output, resume=True)
    assert isinstance(finish, FinishReport)
    assert finish.step == interrupt["step"] + 2


@pytest.mark.parametrize(("where", "kind"), [("1", "data"), ("all", "bug")])
def test_an_error_ends_the_group_and_is_shown_once(where: str, kind: str, config: Path, tmp_path: Path) -> None:
    before = time.monotonic()
    code, said = launched(2, HERE / "failing.py", where, kind, "train", config, "--output", tmp_path / "run")
    assert time.monotonic() - before < 3 * LIMIT
    assert code != 0
    assert said.count("made up") == 1, said
    assert "was lost" not in said
    assert [line["step"] for line in logged(tmp_path / "run", "step")] == [1, 2]
    assert ("error: made up\nhint: none\n" in said) == (kind == "data")
