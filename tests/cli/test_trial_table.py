"""The table of a sweep's trials, read on a terminal of 80 columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.cli import tables
from seqloom.plots.labels import named, shortest
from seqloom.sweeps import SweepResults, TrialResult

FEW: dict[str, Any] = {"model.hidden": 256, "training.optimiser.learning_rate": 0.00123456}
MANY: dict[str, Any] = {
    **FEW,
    "model.attention": {"kind": "additive", "heads": 2},
    "model.encoder.layers": 2,
    "model.decoder.layers": 1,
    "training.batch.tokens": 4000,
}


def printed(settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    monkeypatch.setenv("COLUMNS", "80")
    trials = (
        TrialResult(0, "done", 1.23456, settings, 20, 3.25),
        TrialResult(1, "failed", None, settings, 0, 0.5, error="attention dot needs equal widths, not 8 and 12"),
        TrialResult(2, "running", None, settings, 1, 0.0, place="far:/data/search"),
    )
    tables.trials(SweepResults("sweep", "exact_match", True, trials, 0, Path("out")))
    return capsys.readouterr().out.splitlines()


def test_few_settings_make_one_line_a_trial(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head, *lines, failed, running = printed(FEW, monkeypatch, capsys)
    assert head.split() == ["trial", "state", "exact_match", "hidden", "learning_rate", "evaluations", "seconds"]
    assert [line.split() for line in lines] == [
        ["0", "done", "1.235", "256", "0.001235", "20", "3.2", "best"],
        ["1", "failed", "256", "0.001235", "0", "0.5"],
        ["2", "running", "256", "0.001235", "1", "0.0"],
    ]
    assert failed == "trial 1 failed: attention dot needs equal widths, not 8 and 12"
    assert running == "trial 2 running on far:/data/search"


def test_many_settings_make_some_lines_a_trial(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(MANY, monkeypatch, capsys)
    assert lines[:7] == [
        "trial 0 done, exact_match 1.235 (best), 20 evaluations, 3.2 s",
        "  hidden          256",
        "  learning_rate   0.001235",
        "  attention       additive, heads 2",
        "  encoder.layers  2",
        "  decoder.layers  1",
        "  tokens          4000",
    ]
    assert max(map(len, lines)) <= 80


def test_values_are_named_as_they_are_written() -> None:
    assert named({"kind": "additive", "heads": 2}) == "additive, heads 2"
    assert named({"kind": "adamw", "betas": [0.9, 0.98], "inner": {"rate": 0.100001}}) == (
        "adamw, betas 0.9, 0.98, inner rate 0.1"
    )
    assert [named(each) for each in (True, 3, 1e-7, "dot")] == ["True", "3", "1e-07", "dot"]


@given(st.sets(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join)))
def test_short_names_are_ends_that_no_other_name_has(names: set[str]) -> None:
    short = shortest(names)
    assert set(short) == names
    assert len(set(short.values())) == len(names)
    for name, end in short.items():
        assert name == end or name.endswith(f".{end}")
        if name != end:
            assert not any(f".{other}".endswith(f".{end}") for other in names - {name})
