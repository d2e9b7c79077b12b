"""Pictures: written, of the right kind, the same each time; bad input refused. Warnings (missing glyphs) are errors."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot, rcParams
from matplotlib.image import imread

from seqloom.errors import DataError, DependencyError
from seqloom.plots import (
    plot_attention,
    plot_curves,
    plot_length_counts,
    plot_lengths,
    plot_quality_by_length,
    plot_trials,
    read_log,
)
from seqloom.plots.curves import smoothed
from seqloom.plots.labels import named
from seqloom.plots.lengths import bucketed
from seqloom.plots.picture import Picture
from seqloom.plots.style import readable, width
from seqloom.prediction import Prediction


def prediction(source: list[str], target: list[str], *, ends: int = 0) -> Prediction:
    weights = np.random.default_rng(0).random((len(target) + ends, len(source) + ends), dtype=np.float32)
    weights /= weights.sum(axis=1, keepdims=True) if weights.size else 1
    return Prediction("", -1.0, tuple(source), tuple(target), alignment=weights)


def written(plot: Callable[..., Picture], *given: Any, to: Path, **options: Any) -> Path:
    plot(*given, to, **options)
    return to


def records(steps: int) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for step in range(1, steps + 1):
        made.append({"kind": "step", "step": step, "epoch": 1, "loss": 5 / step, "tokens_per_second": 9.0})
        if step % 10 == 0:
            metrics = {"bleu": step / 2, "chrf": float("nan")}
            made.append({"kind": "evaluation", "step": step, "loss": 6 / step, "metrics": metrics, "best": step <= 20})
    return made


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (["x"], ["y"]),
        (list("knowledge"), ["N", "AA1", "L", "AH0", "JH"]),
        (["▁A", "$x$", "a_b^c", "<s>", "\\"], ["", " ", "\n", "\t", "\x00"]),
        (["机场", "我", "\ud800"], ["مرحبا", "สวัสดี", "🙂", "e\u0301"]),
        ([f"word{i}" for i in range(160)], [f"token{i}" for i in range(90)]),
        (["a"], [f"token{i}" for i in range(300)]),
        (["a" * 200, "b"], ["c" * 200]),
    ],
    ids=["1x1", "phones", "signs", "scripts", "long", "many rows", "long tokens"],
)
@pytest.mark.filterwarnings("ignore::seqloom.plots.MissingGlyphWarning")
def test_attention_is_drawn(source: list[str], target: list[str], tmp_path: Path) -> None:
    path = written(plot_attention, prediction(source, target), to=tmp_path / "new" / "map.png", title="机场 $title$")
    height, wide, _ = imread(path).shape
    assert min(height, wide) > 50
    assert max(height, wide) < 4000


@pytest.mark.parametrize(("turned", "sign"), [(False, 1), (True, -1)])
def test_dark_cells_are_where_the_weights_are(turned: bool, sign: int, tmp_path: Path) -> None:
    weights = np.eye(6, dtype=np.float32)[::-1] if turned else np.eye(6, dtype=np.float32)
    made = Prediction("", 0.0, tuple("abcdef"), tuple("uvwxyz"), alignment=weights)
    drawn = imread(written(plot_attention, made, to=tmp_path / "map.png"))[..., :3]
    dark = np.abs(drawn - np.array([0x08, 0x30, 0x6B]) / 255).sum(axis=2) < 0.02
    down, across = np.nonzero(dark)
    assert sign * np.corrcoef(down, across)[0, 1] > 0.8


def test_several_predictions_make_one_picture(tmp_path: Path) -> None:
    several = [prediction(list("abcdefgh"), list("xyz")), prediction(["one"], ["two"]), prediction(["a"], ["b", "c"])]
    one = imread(written(plot_attention, several[:1], to=tmp_path / "one.png"))
    three = imread(written(plot_attention, several, to=tmp_path / "three.png", columns=2))
    assert three.shape[0] > one.shape[0]
    assert three.shape[1] > one.shape[1]


def test_the_end_mark_may_go_unnamed(tmp_path: Path) -> None:
    path = written(plot_attention, prediction(["a"], ["b"], ends=1), to=tmp_path / "map.svg")
    svg = path.read_text(encoding="utf-8")
    assert "<!-- &lt;/s&gt; -->" in svg


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (Prediction("", 0.0, ("a",), ("b",)), "must carry an alignment"),
        (prediction([], []), "at least one row"),
        (prediction(["a"], ["b"], ends=2), "one entry for each target token, not 3 for 1"),
        ([], "at least one prediction"),
    ],
)
def test_predictions_without_a_map_are_refused(
    made: Prediction | list[Prediction], message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message):
        plot_attention(made, tmp_path / "map.png")


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_pictures_are_the_same_each_time_and_leave_settings_alone(suffix: str, tmp_path: Path) -> None:
    before = dict(rcParams)
    first, second = (written(plot_curves, records(40), to=tmp_path / f"{name}{suffix}", title="run") for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    assert dict(rcParams) == before
    assert pyplot.get_fignums() == []


def test_other_kinds_of_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"must end in \.png, \.svg, \.pdf, not 'map\.doc'"):
        plot_curves(records(1), tmp_path / "map.doc")


def test_a_missing_matplotlib_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DependencyError, match=r"pip install .*\[plot\]"):
        plot_curves(records(1), tmp_path / "map.png")


@pytest.mark.parametrize(
    "log",
    [
        records(200),
        records(1),
        [each for each in records(40) if each["kind"] == "evaluation"],
        [{"kind": "step", "step": 1, "loss": None}, {"kind": "step", "step": 2, "loss": float("inf")}],
        [{"kind": "evaluation", "step": 5, "metrics": None, "best": True}, {"kind": "step", "step": 1, "loss": 1.0}],
        [{"kind": "evaluation", "step": 5, "loss": 1.0, "metrics": {"字符": 3.0, "b": 1}, "best": True}],
    ],
    ids=["run", "one step", "evaluations only", "no numbers", "no metrics", "one evaluation"],
)
@pytest.mark.filterwarnings("ignore::seqloom.plots.MissingGlyphWarning")
def test_curves_are_drawn(log: list[dict[str, Any]], tmp_path: Path) -> None:
    assert imread(written(plot_curves, log, to=tmp_path / "curves.png", title="run")).shape[1] > 500


def test_logs_are_read_from_files(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("\n".join(map(json.dumps, records(20))) + '\n{"kind": "st', encoding="utf-8")
    assert len(read_log(path)) == 22
    plot_curves(path, tmp_path / "curves.svg")
    path.write_text('{"kind": "st\n{}\n', encoding="utf-8")
    with pytest.raises(DataError, match=r"log\.jsonl:1: must be a line of JSON"):
        read_log(path)
    path.write_text("[]\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"log\.jsonl:1: must be a JSON object"):
        read_log(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_log(tmp_path / "none.jsonl")
    with pytest.raises(DataError, match="at least one record"):
        plot_curves([{"kind": "start"}], tmp_path / "curves.png")


def test_smoothing_keeps_constants_and_passes_over_gaps() -> None:
    values = np.full(100, 3.0)
    values[[0, 50, 51]] = np.nan
    assert smoothed(values) == pytest.approx(np.full(100, 3.0))
    assert np.isnan(smoothed(np.full(5, np.nan))).all()
    assert smoothed(np.arange(101.0))[50] == pytest.approx(50)


@pytest.mark.filterwarnings("ignore::seqloom.plots.MissingGlyphWarning")
def test_lengths_are_drawn(tmp_path: Path) -> None:
    lengths = np.random.default_rng(0).integers(1, 60, size=300).tolist()
    plot_quality_by_length(lengths, [100.0 - n for n in lengths], tmp_path / "a.png", label="chrF", title="长度")
    plot_quality_by_length([prediction(["a"], ["b"])], [1.0], tmp_path / "b.png")
    plot_lengths({"source": lengths, "target": [7]}, tmp_path / "c.png", title="pairs")
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b.png", "c.png"}
    with pytest.raises(DataError, match="not 1 for 2"):
        plot_quality_by_length([1, 2], [1.0], tmp_path / "d.png")
    with pytest.raises(DataError, match="at least one example"):
        plot_quality_by_length([], [], tmp_path / "d.png")
    with pytest.raises(DataError, match="at least one length"):
        plot_lengths({"source": []}, tmp_path / "d.png")


def test_counted_lengths_give_the_same_picture(tmp_path: Path) -> None:
    lengths = np.random.default_rng(0).geometric(0.05, size=500).tolist()
    first = written(plot_lengths, {"source": lengths}, to=tmp_path / "a.svg")
    second = written(plot_length_counts, {"source length (tokens)": Counter(lengths)}, to=tmp_path / "b.svg")
    assert first.read_bytes() == second.read_bytes()
    median, high = (int(np.quantile(lengths, share, method="inverted_cdf")) for share in (0.5, 0.99))
    svg = first.read_text(encoding="utf-8")
    assert f"median: {median:,}" in svg
    assert f"99 %: {high:,}" in svg
    with pytest.raises(DataError, match="at least one length"):
        plot_length_counts({"source": {}}, tmp_path / "d.png")


def test_buckets_hold_every_example_once_and_do_not_overlap() -> None:
    lengths = np.random.default_rng(1).integers(1, 12, size=200)
    groups = bucketed(lengths, 5)
    assert sorted(np.concatenate(groups).tolist()) == list(range(200))
    assert len(groups) <= 5
    spans = [(lengths[group].min(), lengths[group].max()) for group in groups]
    assert all(before[1] < after[0] for before, after in pairwise(spans))


def test_labels_show_what_would_be_invisible() -> None:
    assert readable(["a", " ", "", "\n", "x\ty", "b" * 40]) == ["a", "␣", "∅", "↵", "x⇥y", "b" * 23 + "…"]
    assert width("字") > width("a")


@dataclass(frozen=True)
class Tried:
    number: int
    state: str
    value: float | None
    settings: dict[str, Any]


def tried(count: int) -> list[Tried]:
    states = ["done", "pruned", "failed", "done", "running"]
    made = []
    for number in range(count):
        state = states[number % 5]
        value = None if state in ("failed", "running") else 1 + 0.3 * np.cos(number)
        settings = {"model.hidden": 2 ** (5 + number % 4), "model.attention": ["dot", {"kind": "additive"}][number % 2]}
        rate = {"training.optimiser.learning_rate": 10.0 ** (-4 + number % 7 / 3)} if number % 3 else {}
        made.append(Tried(number, state, value, {**settings, **rate, "model.variational": number % 4 == 0}))
    return made


@pytest.mark.filterwarnings("ignore::seqloom.plots.MissingGlyphWarning")
@pytest.mark.parametrize("count", [1, 40])
def test_trials_are_drawn(count: int, tmp_path: Path) -> None:
    small = imread(written(plot_trials, tried(count), to=tmp_path / "a.png", measure="loss", title="字符"))
    assert small.shape[1] > 500
    settings = {f"model.setting_{number}": number for number in range(9)}
    large = imread(written(plot_trials, [Tried(0, "done", 1.0, settings)], to=tmp_path / "b.png", measure="loss"))
    assert large.shape[0] > small.shape[0]


ATTENTIONS = ["dot", {"kind": "additive", "heads": 2}, "general", {"kind": "scaled_dot", "heads": 4}, "location"]


@pytest.mark.parametrize("count", [2, 5])
def test_choices_are_named_in_full_side_by_side(count: int) -> None:
    made = [Tried(at, "done", 1.0, {"model.attention": ATTENTIONS[at]}) for at in range(count)]
    figure = plot_trials(made, measure="loss")
    figure.draw_without_rendering()
    labels = figure.axes[1].get_xticklabels()
    assert {each.get_text().replace("\n", " ") for each in labels} == {named(each) for each in ATTENTIONS[:count]}
    boxes = [each.get_window_extent() for each in labels]
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))


def test_trials_without_a_figure_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="at least one trial with a result"):
        plot_trials([Tried(0, "failed", None, {})], tmp_path / "a.png", measure="loss")


def test_the_line_is_the_best_of_the_finished_trials(tmp_path: Path) -> None:
    trials = [
        Tried(0, "done", 2.0, {}),
        Tried(1, "pruned", 0.0, {}),
        Tried(2, "done", 3.0, {}),
        Tried(3, "done", 1.0, {}),
    ]
    falling, rising = (
        imread(written(plot_trials, trials, to=tmp_path / f"{up}.png", measure="loss", higher_is_better=up))
        for up in (False, True)
    )
    assert not np.array_equal(falling, rising)


@pytest.mark.filterwarnings("ignore::seqloom.plots.MissingGlyphWarning")
def test_data_are_one_figure(tmp_path: Path) -> None:
    from seqloom.plots import plot_data  # noqa: PLC0415

    lengths = {"source length (words)": {3: 5, 9: 2}}
    characters = {"source": {"a": 9, "字": 1, " ": 4}}
    path = tmp_path / "d.svg"
    plot_data(lengths, path, labels={f"label {n}": n + 1 for n in range(20)}, characters=characters)
    drawn = path.read_text(encoding="utf-8")
    for words in ("label 19", "5 others together", "pairs of each of 20 labels", "3 different, 1 only once"):
        assert words in drawn
    assert len(plot_data(lengths).axes) == 1
    with pytest.raises(DataError, match="at least one length"):
        plot_data({}, tmp_path / "d.png")
