"""Runs that learn labels: what is chosen and refused, resumed runs, fine-tuning, averages, weights of classes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import torch
from reversal import cut, same_weights

import seqloom
from labelling import SETTINGS, SEVERAL, labelled
from seqloom.checkpoint import load_model
from seqloom.config import build, laid_over
from seqloom.errors import ConfigError, DataError
from seqloom.label_network import LabelNetwork
from seqloom.training import Inputs, RunConfig, train
from seqloom.training.reporters.console import ConsoleReporter
from seqloom.training.reporters.live import parts_of_step, unit_of
from seqloom.training.reports import NoticeReport, SetupReport, StepReport

PLANNED = {name: value for name, value in SETTINGS.items() if name not in ("plan.effort", "model.answer")}


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def begin(folder: Path, pairs: Any = None, **settings: Any) -> Any:
    given = {**SETTINGS, "training.epochs": 2, "training.checkpoint_every": 3, "training.log_every": 1, **settings}
    config = build(RunConfig, laid_over({}, given))
    return train(config, folder, inputs=Inputs(pairs or labelled(200), labelled(40, 2)))


def said(reports: Any) -> str:
    return "\n".join(each.text for each in reports if isinstance(each, NoticeReport))


@pytest.mark.parametrize("settings", [{"training.ema": 0.9}, {"training.r_drop": 1.0, "training.focal": 2.0}])
def test_a_resumed_run_equals_an_unbroken_one(tmp_path: Path, settings: dict[str, Any]) -> None:
    """Law 3, with balanced weights of classes, which are counted anew."""
    settings = {**settings, "training.class_weights": "balanced"}
    list(begin(tmp_path / "whole", **settings))
    cut(begin(tmp_path / "cut", **settings), 5)
    inputs = Inputs(labelled(200), labelled(40, 2))
    list(train(None, tmp_path / "cut", inputs=inputs, resume=True))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_labels_are_chosen_where_targets_are_few_and_repeated() -> None:
    plan = seqloom.plan(labelled(300), settings=PLANNED)
    assert plan.config.model.answer == "label"
    assert any("model.answer = label" in each and "few and repeated" in each for each in plan.plan.sentences())
    assert "model.decoder.attend" not in plan.plan.settings
    for settings in ({"model.answer": "sequence"}, {"model.decoder.layers": 2}, {"search.beam": 2}):
        other = seqloom.plan(labelled(300), settings={**PLANNED, **settings})
        assert other.config.model.answer == "sequence", settings
    repeated = [("a good film", "joy"), ("a sad film", "grief")] * 50
    assert seqloom.plan(repeated, settings=PLANNED).config.model.answer == "sequence"
    texts = [(source, source) for source, _ in labelled(300)]
    assert seqloom.plan(texts, settings=PLANNED).config.model.answer == "sequence"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"model.decoder.layers": 1}, r"model\.decoder.* is of networks that write a sequence"),
        ({"search.beam": 5}, r"search\.beam is of models that write sequences"),
        ({"text.target.kind": "word"}, r"text\.target\.kind is of models that write sequences"),
        ({"model.answer": "sequence", "training.focal": 2.0}, r"training\.focal is of models that answer with labels"),
        (
            {"model.answer": "labels", "training.class_weights": "balanced"},
            "class_weights is for one label out of many",
        ),
    ],
)
def test_settings_of_another_answer_are_refused_by_name(tmp_path: Path, settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        list(begin(tmp_path / "run", **settings))


def test_labels_that_teach_nothing_are_named(tmp_path: Path) -> None:
    same = [(source, "joy") for source, _ in labelled(50)]
    with pytest.raises(DataError, match="all 50 pairs have the label 'joy'"):
        list(begin(tmp_path / "same", same))
    file, dev = tmp_path / "train.tsv", tmp_path / "dev.tsv"
    pairs = [*labelled(100), ("so what", "rage")]
    file.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")
    dev.write_text("a good film\tjoy\nwho knows\tboredom\n", encoding="utf-8")
    given = {**SETTINGS, "training.epochs": 1, "data.train": [str(file)], "data.dev": [str(dev)]}
    text = said(train(build(RunConfig, laid_over({}, given)), tmp_path / "run"))
    assert f"'rage' ({file}:101)" in text
    assert "single example" in text
    assert f"'boredom' ({dev}:2)" in text


def test_a_run_counts_labels_and_pairs() -> None:
    setup = SetupReport("out", 100, 10, {"source symbols": 30, "labels": 3}, 70, "cpu", "float32", 3, 30)
    stream = io.StringIO()
    reporter = ConsoleReporter(stream)
    reporter.show(setup)
    assert "; 30 source symbols and 3 labels; " in stream.getvalue()
    step = StepReport(1, 2, 30, 0.5, 1.6, 123.0, 0.001, 1.0, 0.0, 1.0, 0.0)
    assert "123 pairs/s" in parts_of_step(step, 3, unit_of(setup))


def test_fine_tuning_keeps_labels_and_adds_new_ones(tmp_path: Path, label_folder: Path) -> None:
    pairs = [*labelled(60), *[("we saw rage", "fury")] * 20]
    settings = {"training.start_from": str(label_folder), "training.epochs": 1, "training.freeze": ["encoder"]}
    config = build(RunConfig, seqloom.training.fine_tuning.adopted(laid_over({}, settings)))
    text = said(train(config, tmp_path / "tuned", inputs=Inputs(pairs, labelled(30, 4))))
    assert "labels: 1 new ones join the 3 of the model: 'fury'" in text
    before, after = load_model(label_folder), load_model(tmp_path / "tuned")
    assert after.codecs.target.labels == ("calm", "grief", "joy", "fury")  # type: ignore[union-attr]
    assert isinstance(after.model, LabelNetwork)
    one, two = before.model.state_dict(), after.model.state_dict()
    assert all(torch.equal(one[name], two[name]) for name in one if name.startswith("encoder."))
    assert two["readout.weight"].shape == (4, one["readout.weight"].size(1))


def test_models_of_labels_are_averaged(tmp_path: Path) -> None:
    for seed in (1, 2):
        list(begin(tmp_path / str(seed), **{"training.seed": seed, "training.epochs": 1}))
    mean = seqloom.average([tmp_path / "1", tmp_path / "2"], tmp_path / "mean")
    assert mean.predict("a good film")[0].probabilities


def test_several_labels_use_their_separator(tmp_path: Path) -> None:
    pairs = [(source, target.replace(", ", "|")) for source, target in labelled(200, several=True)]
    settings = {**SEVERAL, "training.epochs": 1, "text.label_separator": "|"}
    model = seqloom.train(pairs, pairs[:40], tmp_path / "model", settings=settings)
    assert set(model.predict("a film")[0].probabilities) == {"calm", "grief", "joy"}
