"""Runs that learn frames: what is chosen, said and refused, resumed runs, averages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from reversal import cut, same_weights

import seqloom
from framed import SETTINGS, framed
from seqloom.checkpoint.lexicons import put_lexicon
from seqloom.combining.base import named
from seqloom.config import build, laid_over
from seqloom.errors import ConfigError, DataError
from seqloom.lexicon import EMPTY
from seqloom.synthetic.teacher import Teacher, Teaching
from seqloom.training import Inputs, RunConfig, train
from seqloom.training.fine_tuning import adopted
from seqloom.training.reports import NoticeReport

PLANNED = {name: value for name, value in SETTINGS.items() if name not in ("plan.effort", "model.answer")}


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def begin(folder: Path, pairs: Any = None, **settings: Any) -> Any:
    given = {**SETTINGS, "training.epochs": 1, "training.checkpoint_every": 3, "training.log_every": 1, **settings}
    return train(build(RunConfig, laid_over({}, given)), folder, inputs=Inputs(pairs or framed(150), framed(40, 2)))


def written(path: Path, pairs: list[tuple[str, str]]) -> Path:
    """A table with a column of labels."""
    rows = ["text\ttags\tintent\n"]
    for source, target in pairs:
        label, _, tags = target.partition(": ")
        rows.append(f"{source}\t{tags}\t{label}\n")
    path.write_text("".join(rows), encoding="utf-8")
    return path


def test_a_resumed_run_equals_an_unbroken_one(tmp_path: Path) -> None:
    """Law 3."""
    list(begin(tmp_path / "whole"))
    cut(begin(tmp_path / "cut"), 5)
    list(train(None, tmp_path / "cut", inputs=Inputs(framed(150), framed(40, 2)), resume=True))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_frames_are_chosen_where_a_column_of_labels_is_named(tmp_path: Path) -> None:
    file = written(tmp_path / "train.tsv", framed(300))
    plan = seqloom.plan(str(file), settings={**PLANNED, "data.label": "intent"})
    assert plan.config.model.answer == "frame"
    assert any("model.answer = frame" in each for each in plan.plan.sentences())
    assert plan.config.training.selection.metrics == ("exact_match", "slot_f1", "intent_accuracy")
    for settings, reason in (
        ({"model.answer": "tags"}, r"data\.label is of models that answer with frames, and model\.answer is tags"),
        ({"search.beam": 2}, r"search\.beam is of models that write sequences, and model\.answer is frame"),
        ({"plan.effort": "none"}, r"data\.label is of models that answer with frames, and model\.answer is sequence"),
        ({"plan.effort": "best"}, r"plan\.effort = best is for .*, and model\.answer is frame"),
    ):
        with pytest.raises(ConfigError, match=reason):
            seqloom.plan(str(file), settings={**PLANNED, "data.label": "intent", **settings})


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"model.decoder.layers": 1}, r"model\.decoder.* is of networks that write a sequence"),
        ({"training.focal": 2.0}, r"training\.focal is of models that answer with labels, and model\.answer is frame"),
        ({"training.r_drop": 1.0}, r"training\.r_drop is of models that answer with .*, and model\.answer is frame"),
        ({"data.reverse_source": True}, r"data\.reverse_source is of models that write sequences"),
    ],
)
def test_settings_of_another_answer_are_refused_by_name(tmp_path: Path, settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        list(begin(tmp_path / "run", **settings))


def test_bad_targets_are_refused_with_file_and_line(tmp_path: Path) -> None:
    good = framed(60)
    for wrong, reason in (
        (("ann is here", "home: B-PER O"), "3 words have 2 tags; the first word without a tag is 'here'"),
        (("ann is here", " : O O O"), "the label must not be empty"),
        (("ann is here", ": O O O"), "the label must not be empty"),
    ):
        file = written(tmp_path / "train.tsv", [*good, wrong])
        with pytest.raises(DataError, match=reason) as refused:
            seqloom.train(str(file), framed(40, 2), settings={**SETTINGS, "data.label": "intent"})
        assert f"{file}:62" in str(refused.value)
    one = [(source, f"home: {target.partition(': ')[2]}") for source, target in good]
    with pytest.raises(DataError, match="labels must differ, and all 60 pairs have the label 'home'"):
        list(begin(tmp_path / "run", one))
    with pytest.raises(DataError, match="a target must be a label, a colon, a space, and a tag for each word"):
        list(begin(tmp_path / "run", [*good, ("ann", "O")]))


def test_what_is_of_other_models_refuses_frames(tmp_path: Path, frame_folder: Path) -> None:
    for refused in (lambda: Teacher.load(frame_folder, Teaching()), lambda: named([frame_folder])):
        with pytest.raises(ConfigError, match="is not for models that answer with tags"):
            refused()
    with pytest.raises(ConfigError, match="tags are found by the network alone"):
        put_lexicon(frame_folder, "exceptions.tsv", EMPTY)
    config = build(RunConfig, adopted(laid_over({}, {"training.start_from": str(frame_folder)})))
    with pytest.raises(ConfigError, match="fine-tuning is not for models that answer with frames"):
        list(train(config, tmp_path / "tuned", inputs=Inputs(framed(60), framed(30, 4))))


def test_models_of_frames_are_averaged(tmp_path: Path) -> None:
    for seed in (1, 2):
        list(begin(tmp_path / str(seed), **{"training.seed": seed}))
    mean = seqloom.average([tmp_path / "1", tmp_path / "2"], tmp_path / "mean")
    assert len(mean.predict("ann lives in bonn")[0].tags) == 4


def test_a_run_says_what_it_found(tmp_path: Path) -> None:
    text = "\n".join(each.text for each in begin(tmp_path / "run") if isinstance(each, NoticeReport))
    assert "labels: 4 different ones" in text
    assert "tags: BIO, spans of 2 types" in text
