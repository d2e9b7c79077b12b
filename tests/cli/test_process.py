"""The command as a process of its own: exit codes, streams, signals, and how fast it starts."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest

import seqloom
from seqloom.training.provenance.reproduction import reproduction
from toy import SETTINGS, copied, write_pairs

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "LC_ALL": "C"}


def run(*arguments: object, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "seqloom", *map(str, arguments)],
        input=text,
        capture_output=True,
        encoding="utf-8",
        env=ENVIRONMENT,
        check=False,
    )


def test_exit_codes_and_streams() -> None:
    version = run("--version")
    assert version.returncode == 0
    assert version.stdout.startswith("seqloom ")
    missing = run("show", "nowhere")
    assert missing.returncode == 2
    assert missing.stdout == ""
    assert missing.stderr.startswith("error: nowhere: ")
    assert run("nonsense").returncode == 2


def test_text_is_utf8_in_any_locale() -> None:
    assert run("show", "ñowhere").stderr.startswith("error: ñowhere: ")


def test_a_reader_that_goes_away_is_no_error(toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("ab\n" * 5000, encoding="utf-8")
    command = [sys.executable, "-m", "seqloom", "predict", str(toy_folder), str(tmp_path / "in.txt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 141


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_the_old_answers(number: signal.Signals, code: int, toy_folder: Path, tmp_path: Path) -> None:
    """The command waits for more inputs, with some answers given."""
    output = tmp_path / "answers.txt"
    output.write_text("old\n", encoding="utf-8")
    command = [sys.executable, "-m", "seqloom", "predict", str(toy_folder), "--window=1", "--output", str(output)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdin is not None
        process.stdin.write(b"ab\ncd\n")
        process.stdin.flush()
        while not any(part.stat().st_size for part in tmp_path.glob(".answers-*.part")):
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait() == code
    assert output.read_text(encoding="utf-8") == "old\n"
    assert list(tmp_path.iterdir()) == [output]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGUSR1], ids=lambda number: number.name)
def test_a_signal_saves_and_ends_with_130(number: signal.Signals, tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path / "pairs.tsv", copied(400))
    settings = [f"--set={key}={str(value).lower()}" for key, value in SETTINGS.items()]
    command = [sys.executable, "-m", "seqloom", "train", "--train", str(pairs), "--output", str(tmp_path / "m")]
    command += [*settings, "--set=training.epochs=10000", "--set=training.log_every=1"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=ENVIRONMENT, encoding="utf-8") as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "step" in line:
                break
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait() == 130
    assert "--resume" in rest
    assert rest.count("stopped after update") == 1
    assert "Traceback" not in rest


def test_a_process_that_waits_for_others_says_so_and_hears_control_c(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    left = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost", "MASTER_PORT": str(port), "LOCAL_RANK": "0"}
    pairs = write_pairs(tmp_path / "pairs.tsv", copied(40))
    command = [sys.executable, "-m", "seqloom", "train", "--train", str(pairs), "--output", str(tmp_path / "m")]
    environment = {**ENVIRONMENT, **left}
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, encoding="utf-8") as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "process 0 of 2: waiting for the others\n"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


@pytest.mark.parametrize(
    ("code", "seconds"),
    [(["-c", "import seqloom"], 0.2), (["-m", "seqloom", "--help"], 0.3), (["-m", "seqloom", "train", "--help"], 0.3)],
    ids=["import", "help", "command help"],
)
def test_starting_is_instant(code: list[str], seconds: float) -> None:
    """Processor time, the best of five, with half as much again for a machine that is busy with other tests."""
    best = float("inf")
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *code], capture_output=True, check=True, env=ENVIRONMENT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert best < 1.5 * seconds


def test_the_package_and_the_help_need_neither_torch_nor_numpy() -> None:
    heavy = {"torch", "numpy", "rich", "pydantic"}
    code = f"import sys, seqloom, seqloom.cli.main; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8")
    assert done.stdout.strip() == "[]"


def test_the_command_of_reproduce_trains_the_same_model_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_pairs(Path("pairs.tsv"), copied(200))
    settings = {**SETTINGS, "training.epochs": 2, "training.precision": "auto"}
    seqloom.train("pairs.tsv", output="m", settings=settings)
    (command,) = reproduction("m").commands
    script = f'seqloom() {{ {sys.executable} -m seqloom "$@"; }}\n{command}'
    subprocess.run(["sh", "-c", script], env=ENVIRONMENT, capture_output=True, check=True)
    first, again = (Path(name, "model.safetensors").read_bytes() for name in ("m", "m-again"))
    assert first == again


def test_a_terminal_is_told_what_is_waited_for(toy_folder: Path) -> None:
    child = pexpect.spawn(
        sys.executable, ["-m", "seqloom", "predict", str(toy_folder)], env=ENVIRONMENT, encoding="utf-8", timeout=120
    )
    child.expect("type inputs, one a line; each is answered at once; Ctrl-D ends")
    child.setecho(False)
    child.sendline("abc")
    child.expect("abc\r?\n")
    child.sendline("dd")
    child.expect("dd\r?\n")
    child.sendeof()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_nothing_is_said_where_no_terminal_waits(toy_folder: Path) -> None:
    assert run("predict", toy_folder, text="ab\n").stderr == ""
