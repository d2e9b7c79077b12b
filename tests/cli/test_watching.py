"""A command says at a terminal what it does and how far it is, and nothing elsewhere."""

from __future__ import annotations

import io

import pytest

from seqloom.cli.watching import if_seen, watched


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error is a terminal of 80 columns."""
    stream = Terminal()
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr("sys.stderr", stream)
    return stream


def test_a_terminal_is_told_what_is_done_and_how_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, now = at_terminal(monkeypatch), [0.0]
    with watched("loading model") as watch:
        assert if_seen(watch) is not None
        assert "loading model" in terminal.getvalue(), "from the first moment"
        monkeypatch.setattr("seqloom.live.monotonic", lambda: now[0])
        watch("finding answers", 0, 400)
        now[0] = 20.0
        watch("finding answers", 100, 400)
    assert "finding answers  1 min 00 s left  100/400" in terminal.getvalue()


def test_a_line_that_is_no_terminal_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (io.StringIO(), None):
        monkeypatch.setattr("sys.stderr", stream)
        with watched("loading model") as watch:
            watch("finding answers", 1, 2)
            assert if_seen(watch) is None
        assert stream is None or not stream.getvalue()


def test_no_color_means_nothing_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = at_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    with watched("loading model") as watch:
        watch("finding answers", 1, 2)
    assert not terminal.getvalue()
