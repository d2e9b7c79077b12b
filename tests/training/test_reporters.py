"""What people and programs read of a run."""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seqloom.live import duration
from seqloom.training.reporters import ConsoleReporter, JsonlReporter, follow, standard_reporters
from seqloom.training.reports import (
    CheckpointReport,
    EvalReport,
    FinishReport,
    InterruptReport,
    NoticeReport,
    Report,
    ResumeReport,
    ReturnReport,
    Sample,
    SetupReport,
    SkipReport,
    StageReport,
    StepReport,
)

SETUP = SetupReport("out", 1000, 100, {"source symbols": 30, "target symbols": 40}, 12_345, "cpu", "bfloat16", 3, 30)
STEP = StepReport(1, 10, 30, 1.5, 4.48, 12_000.0, 1e-3, 0.7, 0.012, 61.0, 122.0)
EVALUATION = EvalReport(1, 10, 1.25, 3.49, {"bleu": 20.5}, "loss", 1.25, True, 0.4)
FINISH = FinishReport("out", 3, 30, "3 epochs done", "the best weights, after update 30", 200.0, 99, {"loss": 1.0})
SAVED = CheckpointReport(10, "out/resume/states/00000010-00000010", 0.1)
SKIP = SkipReport(2, 11, None, float("1e30"), 1, {"pairs.tsv": (3, 8, 9, 14), "more.tsv": (2, 5)})
RETURN = ReturnReport(1, 10, "00000010-00000010", 15, 1, 0.5)
REPORTS: list[Report] = [
    NoticeReport("source text: characters"),
    SETUP,
    ResumeReport(1, 5),
    STEP,
    EVALUATION,
    CheckpointReport(10, "out/resume/states/x", 0.1),
    FINISH,
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO) -> str:
    follow(REPORTS, [ConsoleReporter(stream)])
    return stream.getvalue()


def test_plain_lines_where_there_is_no_terminal() -> None:
    text = shown(io.StringIO())
    assert "\x1b" not in text
    lines = text.splitlines()
    assert lines[0] == "source text: characters"
    assert "12,345 weights" in lines[1]
    assert lines[2] == "going on after update 5"
    assert lines[3] == "epoch 1  step 10  dev loss 1.250  ppl 3.49  bleu 20.50  (best)  2 min 02 s left"
    end = "finished after 3 min 20 s: 3 epochs done, 30 updates; the model has the best weights, after update 30"
    assert lines[4] == end


def test_remarks_on_the_dev_answers_stand_beside_the_figures() -> None:
    stream, remarks = io.StringIO(), {"answers": 20, "at_limit": 3, "unknown": 0, "cut": 1}
    follow([replace(EVALUATION, decoded=20, beam=5, remarks=remarks)], [ConsoleReporter(stream)])
    assert "(answers at the length limit: 3, inputs without their end: 1; of 20)  (best)" in stream.getvalue()


def test_no_color_means_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in shown(Terminal())


def test_a_terminal_gets_a_live_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "160")
    text = shown(Terminal())
    assert "\x1b" in text
    assert "12,000 tokens/s" in text
    assert "bleu 20.50" in text


def test_plain_logs_have_a_line_for_each_evaluation_and_one_where_there_was_none_for_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("seqloom.training.reporters.console.time.monotonic", lambda: now[0])
    stream, steps = io.StringIO(), [replace(STEP, step=number) for number in (11, 12, 13)]
    reporter = ConsoleReporter(stream)
    reporter.show(EVALUATION)
    for step, seconds in zip(steps, (30, 61, 90), strict=True):
        now[0] = seconds
        reporter.show(step)
    assert [line.split("  ")[1] for line in stream.getvalue().splitlines()] == ["step 10", "2 min 02 s left"]
    assert "step 12/30" in stream.getvalue()


def test_what_is_done_before_the_first_update_is_said_and_not_logged(tmp_path: Path) -> None:
    stream, path = io.StringIO(), tmp_path / "log.jsonl"
    follow([StageReport("reading the pairs")], [ConsoleReporter(stream), JsonlReporter(path)])
    assert stream.getvalue() == "reading the pairs …\n"
    assert not path.exists()


def test_details_are_logged_and_not_shown(tmp_path: Path) -> None:
    stream, log = io.StringIO(), tmp_path / "log.jsonl"
    said = [NoticeReport("in short"), NoticeReport("at length", detail=True)]
    follow(said, [ConsoleReporter(stream), JsonlReporter(log)])
    assert stream.getvalue() == "in short\n"
    assert [json.loads(line)["text"] for line in log.read_text().splitlines()] == ["in short", "at length"]


def test_what_is_done_after_the_last_update_has_its_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal there is a bar; anywhere else a line says once what is being done."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    now = [0.0]
    stages = [StageReport("answering", done, 300) for done in (0, 100, 200)]
    terminal = Terminal()
    reporter = ConsoleReporter(terminal)
    monkeypatch.setattr("seqloom.live.monotonic", lambda: now[0])
    for seconds, stage in zip((0, 30, 60), stages, strict=True):
        now[0] = seconds
        reporter.show(stage)
        assert reporter._bar is not None
        reporter._bar._progress.refresh()
    reporter.close()
    assert "answering  1 min 00 s left  100/300" in terminal.getvalue()
    assert "answering  30 s left  200/300" in terminal.getvalue()
    stream = io.StringIO()
    follow(stages, [ConsoleReporter(stream)])
    assert stream.getvalue() == "answering …\n"


def test_samples_stand_beside_the_truth_and_in_the_log(tmp_path: Path) -> None:
    samples = Sample("cat", "K AE T", "K AE T"), Sample("dog", "", "D AO G"), Sample("long " * 30, "x", "y")
    stream, path = io.StringIO(), tmp_path / "log.jsonl"
    follow([replace(EVALUATION, samples=samples)], [ConsoleReporter(stream), JsonlReporter(path)])
    lines = stream.getvalue().splitlines()[1:]
    assert lines[:2] == ["  cat → K AE T  (right)", "  dog → nothing  (truth: D AO G)"]
    assert lines[2].startswith("  long long")
    assert lines[2].endswith("… → x  (truth: y)")
    assert json.loads(path.read_text())["samples"][1] == {"source": "dog", "answer": "", "target": "D AO G"}


PROGRESS = """
import sys, time
from seqloom.training.reporters import ConsoleReporter, follow
from seqloom.training.reports import SetupReport, StageReport, StepReport

def run():
    yield StageReport("reading the pairs")
    time.sleep(0.3)
    yield SetupReport("out", 1000, 100, {"source symbols": 30, "target symbols": 40}, 12345, "cpu", "bfloat16", 3, 30)
    for step in (5, 10, 15, 25):
        yield StepReport(1 + (step - 1) // 10, step, 30, 1.5, 4.48, 12000.0, 1e-3, 0.7, 0.012, 61.0, 122.0)
        time.sleep(0.3)

follow(run(), [ConsoleReporter(sys.stderr)])
"""


@pytest.mark.parametrize("columns", [80, 40])
def test_a_terminal_keeps_the_time_left_in_view(columns: int) -> None:
    """In a terminal of this width, every line of the bar is no wider and ends with nothing cut off."""
    pty = pytest.importorskip("pty")
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(columns), "LINES": "24", "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen([sys.executable, "-c", PROGRESS], stderr=follower, env=environment) as process:
        os.close(follower)
        shown = b""
        with contextlib.suppress(OSError):  # the end of a pseudo-terminal
            while part := os.read(leader, 65536):
                shown += part
    os.close(leader)
    assert process.returncode == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    lines = [line for line in re.split(r"[\r\n]+", text) if line.strip()]
    bars = [line for line in lines if "epoch" in line]
    assert any("reading the pairs" in line for line in lines)
    assert bars
    assert all("2 min 02 s left" in line and len(line.rstrip()) <= columns for line in bars)
    assert {found for line in bars for found in re.findall(r"epoch (\d)/3", line)} == {"1", "2", "3"}
    assert any("loss 1.500" in line for line in bars) == (columns == 80)


def test_the_log_is_json_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "run" / "log.jsonl"
    last = follow(REPORTS, [JsonlReporter(path)])
    assert last is FINISH
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    kinds = [line["kind"] for line in lines]
    assert kinds == ["notice", "setup", "resume", "step", "evaluation", "checkpoint", "finish"]
    assert lines[3]["tokens_per_second"] == 12_000.0
    assert lines[4]["metrics"] == {"bleu": 20.5}


def test_a_resumed_log_forgets_what_did_not_count(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    follow([STEP, EVALUATION], [JsonlReporter(path)])
    with path.open("a", encoding="utf-8") as stream:
        stream.write('{"kind": "step", "st')
    follow([SETUP, ResumeReport(1, 5), STEP, InterruptReport(1, 10, "…")], [JsonlReporter(path)])
    kinds = [json.loads(line)["kind"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert kinds == ["setup", "resume", "step", "interrupt"]


def kinds_of(path: Path) -> list[str]:
    return [json.loads(line)["kind"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_was_logged_after_a_state_is_forgotten_even_of_the_same_update(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    before = CheckpointReport(10, "out/resume/states/00000010-00000000", 0.1)
    follow([STEP, before, EVALUATION, InterruptReport(1, 10, "…")], [JsonlReporter(path)])
    follow([ResumeReport(1, 10, "00000010-00000000"), EVALUATION, SAVED], [JsonlReporter(path)])
    assert kinds_of(path) == ["step", "checkpoint", "interrupt", "resume", "evaluation", "checkpoint"]
    follow([ResumeReport(1, 10, "00000010-00000000"), EVALUATION], [JsonlReporter(path)])
    assert kinds_of(path) == ["step", "checkpoint", "interrupt", "resume", "resume", "evaluation"]


def test_a_return_forgets_what_was_abandoned_but_not_its_reason(tmp_path: Path) -> None:
    path, later = tmp_path / "log.jsonl", replace(STEP, step=12)
    follow([STEP, EVALUATION, SAVED, SKIP, later, RETURN], [JsonlReporter(path)])
    assert kinds_of(path) == ["step", "evaluation", "checkpoint", "skip", "return"]
    follow([ResumeReport(1, 10, "00000010-00000010"), SKIP], [JsonlReporter(path)])
    assert kinds_of(path) == ["step", "evaluation", "checkpoint", "resume", "skip"]


def test_the_skips_before_a_return_stay_when_the_run_is_resumed_after_it(tmp_path: Path) -> None:
    path, resumed = tmp_path / "log.jsonl", ResumeReport(1, 12, "00000012-00000010")
    later, further = replace(STEP, step=12), replace(SKIP, step=13)
    follow([STEP, SAVED, later, resumed, SKIP, further, RETURN, SKIP, later], [JsonlReporter(path)])
    follow([resumed], [JsonlReporter(path)])
    assert kinds_of(path) == ["step", "checkpoint", "resume", "skip", "skip", "return", "skip", "step", "resume"]
    follow([ResumeReport(1, 10, "00000010-00000010")], [JsonlReporter(path)])
    assert kinds_of(path) == ["step", "checkpoint", "resume", "resume", "resume"]


def test_what_is_no_number_is_null_in_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    follow([replace(EVALUATION, loss=math.nan, score=math.inf, metrics={"cer": -math.inf})], [JsonlReporter(path)])

    def refused(name: str) -> None:
        raise AssertionError(name)

    record = json.loads(path.read_bytes(), parse_constant=refused)
    assert (record["loss"], record["score"], record["metrics"]) == (None, None, {"cer": None})


def test_the_log_is_on_the_disk_with_each_state_and_when_it_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, synced, real = tmp_path / "run" / "log.jsonl", [], os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        real(descriptor)

    monkeypatch.setattr("os.fsync", fsync)
    reporter = JsonlReporter(path)
    reporter.show(STEP)
    assert synced == [str(tmp_path), str(path.parent)]
    reporter.show(SAVED)
    assert synced[2:] == [str(path)]
    reporter.show(ResumeReport(1, 5))
    assert synced[3:] == [str(path.with_name(".log.jsonl.tmp")), str(path.parent)]
    reporter.close()


def test_the_end_is_logged_once(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for _ in range(3):
        follow([FINISH], [JsonlReporter(path)])
    assert kinds_of(path) == ["finish"]


def test_skips_and_returns_are_said() -> None:
    stream = io.StringIO()
    follow([SKIP, RETURN], [ConsoleReporter(stream)])
    skip, back = stream.getvalue().splitlines()
    assert skip == (
        "update 11 skipped: loss not finite; pairs pairs.tsv:3, pairs.tsv:8, pairs.tsv:9, pairs.tsv:14, more.tsv:2 "
        "and 1 more, all in the log"
    )
    assert "back to the state after update 10, from update 15" in back
    assert "learning rate × 0.5" in back


def test_a_reporter_that_fails_closes_the_run() -> None:
    closed = []

    def run() -> Iterator[Report]:
        try:
            yield STEP
        finally:
            closed.append(1)

    class Broken(ConsoleReporter):
        def show(self, report: Report) -> None:
            raise OSError(28, "no space left on device")

    stream = run()
    with pytest.raises(OSError, match="no space"):
        follow(stream, [Broken(io.StringIO())])
    assert closed == [1]


def test_tensorboard_writes_events(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    reporters = standard_reporters(tmp_path, io.StringIO(), tensorboard=True)
    assert len(reporters) == 3
    assert not (tmp_path / "tensorboard").exists()  # who only asks for a folder that is taken leaves nothing in it
    follow(REPORTS, reporters)
    assert list((tmp_path / "tensorboard").glob("events.*"))


def test_curves_of_a_run_that_went_back_and_on_have_each_update_once(tmp_path: Path) -> None:
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")

    def steps(numbers: range, loss: float) -> list[Report]:
        return [replace(STEP, step=number, loss=loss) for number in numbers]

    back = replace(RETURN, step=3)
    for reports in (
        steps(range(1, 9), 9.0),  # of a run that another one replaces
        [SETUP, *steps(range(1, 7), 1.0), back, *steps(range(4, 8), 2.0)],
        [ResumeReport(1, 5), replace(EVALUATION, step=6), *steps(range(6, 9), 3.0)],
    ):
        follow(reports, standard_reporters(tmp_path, tensorboard=True)[1:])
    events = accumulator.EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    points = [(event.step, event.value) for event in events.Scalars("train/loss")]
    assert points == [*((n, 1.0) for n in (1, 2, 3)), *((n, 2.0) for n in (4, 5)), *((n, 3.0) for n in (6, 7, 8))]


@pytest.mark.parametrize(("seconds", "text"), [(7.6, "8 s"), (59.4, "59 s"), (65, "1 min 05 s"), (7800, "2 h 10 min")])
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text
