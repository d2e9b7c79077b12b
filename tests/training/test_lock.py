"""One run at a time in a folder; whoever dies lets go of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from reversal import begin_run, same_weights

from seqloom.errors import ConfigError, DiskError
from seqloom.training.lock import LOCKS, OWNER, sole_writer
from seqloom.training.reports import NoticeReport, StepReport

HOLDER = """
import sys
from pathlib import Path
from seqloom.training.lock import sole_writer
with sole_writer(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""

pytestmark = pytest.mark.usefixtures("unchecked_shapes")


def test_a_second_writer_is_refused_until_the_first_one_is_dead(tmp_path: Path) -> None:
    output = tmp_path / "run"
    command = [sys.executable, "-c", HOLDER, str(output)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        ways: tuple[dict[str, bool], ...] = ({}, {"resume": True}, {"overwrite": True})
        for way in ways:
            with pytest.raises(ConfigError, match=f"process {process.pid} on .*, since 20") as caught:
                next(begin_run(output, **way))
            assert f"kill {process.pid}" in caught.value.hint
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert json.loads((output / OWNER).read_bytes())["pid"] == process.pid
    reports = list(begin_run(output, resume=True, epochs=1))
    texts = [report.text for report in reports if isinstance(report, NoticeReport)]
    assert any("has died" in text and str(process.pid) in text for text in texts)
    assert not any((output / name).exists() for name in LOCKS)


def test_two_runs_in_one_process_are_kept_apart(tmp_path: Path) -> None:
    list(begin_run(tmp_path / "whole"))
    first = begin_run(tmp_path / "run")
    for report in first:
        if isinstance(report, StepReport):
            break
    with pytest.raises(ConfigError, match=f"process {os.getpid()} "):
        next(begin_run(tmp_path / "run", resume=True))
    list(first)
    assert same_weights(tmp_path / "whole", tmp_path / "run")


def test_a_folder_in_which_nothing_was_written_goes_away(tmp_path: Path) -> None:
    with sole_writer(tmp_path / "a" / "new") as before:
        assert before == ""
        assert (tmp_path / "a" / "new" / OWNER).is_file()
    assert not (tmp_path / "a" / "new").exists()
    (tmp_path / "old").mkdir()
    with sole_writer(tmp_path / "old"):
        pass
    assert list((tmp_path / "old").iterdir()) == []
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(DiskError), sole_writer(tmp_path / "file" / "below"):
        pass


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b'{"pid": 1}'])
def test_an_owner_that_cannot_be_read_is_no_owner(tmp_path: Path, content: bytes) -> None:
    (tmp_path / OWNER).write_bytes(content)
    with sole_writer(tmp_path) as before:
        assert before == ""
