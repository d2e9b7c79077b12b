"""One run at a time in a folder; whoever dies lets go of it."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pytest
from reversal import begin_run, same_weights

from seqloom.errors import ConfigError, DiskError
from seqloom.training import loop
from seqloom.training.reports import NoticeReport, StepReport
from seqloom.training.states.lock import LOCKS, OWNER, sole_writer

HOLDER = """
import sys
from pathlib import Path
from seqloom.training.states.lock import sole_writer
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


def test_a_group_that_a_launcher_has_started_anew_waits_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = sole_writer(tmp_path / "run")
    monkeypatch.setattr(loop, "HANDOVER", 0.1)
    monkeypatch.setenv("TORCHELASTIC_RESTART_COUNT", "1")
    with holder, pytest.raises(ConfigError, match="another run is writing"):
        next(begin_run(tmp_path / "run"))
    holder = sole_writer(tmp_path / "run")
    holder.__enter__()
    monkeypatch.setattr(loop, "HANDOVER", 60)
    Timer(0.7, holder.__exit__, (None, None, None)).start()
    next(begin_run(tmp_path / "run"))


def test_a_file_system_that_is_out_of_locks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(descriptor: int) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("filelock._unix.lock_fd_nonblocking", refused)
    with pytest.raises(DiskError, match="no locks") as caught, sole_writer(tmp_path / "run"):
        pass
    assert "lock service" in caught.value.hint
    assert "room" not in caught.value.hint


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
