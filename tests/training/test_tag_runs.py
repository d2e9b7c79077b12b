"""Runs that learn tags: what is chosen, said and refused, resumed runs, fine-tuning, averages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from reversal import cut, same_weights

import seqloom
from seqloom.checkpoint import load_model
from seqloom.checkpoint.lexicons import put_lexicon
from seqloom.codecs import TagsCodec
from seqloom.combining.base import named
from seqloom.config import build, laid_over
from seqloom.errors import ConfigError, DataError
from seqloom.lexicon import EMPTY
from seqloom.synthetic.teacher import Teacher, Teaching
from seqloom.tag_network import TagNetwork
from seqloom.training import Inputs, RunConfig, train
from seqloom.training.reports import NoticeReport
from tagged import SETTINGS, tagged

PLANNED = {name: value for name, value in SETTINGS.items() if name not in ("plan.effort", "model.answer")}


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def begin(folder: Path, pairs: Any = None, dev: Any = None, **settings: Any) -> Any:
    given = {**SETTINGS, "training.epochs": 1, "training.checkpoint_every": 3, "training.log_every": 1, **settings}
    config = build(RunConfig, laid_over({}, given))
    return train(config, folder, inputs=Inputs(pairs or tagged(150), dev or tagged(40, 2)))


def said(reports: Any) -> str:
    return "\n".join(each.text for each in reports if isinstance(each, NoticeReport))


@pytest.mark.parametrize("settings", [{"training.ema": 0.9}, {"model.tagger": "softmax", "model.word_pooling": "max"}])
def test_a_resumed_run_equals_an_unbroken_one(tmp_path: Path, settings: dict[str, Any]) -> None:
    """Law 3."""
    settings = {**settings, "training.label_smoothing": 0.1}
    list(begin(tmp_path / "whole", **settings))
    cut(begin(tmp_path / "cut", **settings), 5)
    list(train(None, tmp_path / "cut", inputs=Inputs(tagged(150), tagged(40, 2)), resume=True))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_tags_are_chosen_where_every_word_has_one() -> None:
    plan = seqloom.plan(tagged(300), settings=PLANNED)
    assert plan.config.model.answer == "tags"
    assert any("model.answer = tags" in each for each in plan.plan.sentences())
    assert plan.config.training.selection.metrics == ("entity_f1", "token_accuracy")
    for settings in ({"model.answer": "sequence"}, {"model.decoder.layers": 2}, {"search.beam": 2}):
        other = seqloom.plan(tagged(300), settings={**PLANNED, **settings})
        assert other.config.model.answer == "sequence", settings
    reordered = [(source, " ".join(reversed(source.split()))) for source, _ in tagged(300)]
    assert seqloom.plan(reordered, settings=PLANNED).config.model.answer == "sequence"
    uneven = [*tagged(300), ("a word more", "O O")]
    assert seqloom.plan(uneven, settings=PLANNED).config.model.answer == "sequence"


def test_tags_of_no_scheme_are_measured_by_words() -> None:
    pairs = [(source, target.replace("B-", "").replace("I-", "")) for source, target in tagged(300)]
    plan = seqloom.plan(pairs, settings=PLANNED)
    assert plan.config.model.answer == "tags"
    assert plan.config.training.selection.metrics == ("token_accuracy", "exact_match")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"model.decoder.layers": 1}, r"model\.decoder.* is of networks that write a sequence"),
        ({"search.beam": 5}, r"search\.beam is of models that write sequences"),
        ({"text.target.kind": "word"}, r"text\.target\.kind is of models that write sequences"),
        ({"training.focal": 2.0}, r"training\.focal is of models that answer with labels, and model\.answer is tags"),
        ({"training.r_drop": 1.0}, r"training\.r_drop is of models that answer with sequences or labels"),
        ({"data.reverse_source": True}, r"data\.reverse_source is of models that write sequences"),
    ],
)
def test_settings_of_another_answer_are_refused_by_name(tmp_path: Path, settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        list(begin(tmp_path / "run", **settings))


def test_bad_targets_are_refused_with_file_and_line(tmp_path: Path) -> None:
    file, dev = tmp_path / "train.tsv", tmp_path / "dev.tsv"

    def written(path: Path, pairs: list[tuple[str, str]]) -> None:
        path.write_text("".join(f"{source}\t{target}\n" for source, target in pairs), encoding="utf-8")

    def run() -> str:
        given = {**SETTINGS, "training.epochs": 1, "data.train": [str(file)], "data.dev": [str(dev)]}
        return said(train(build(RunConfig, laid_over({}, given)), tmp_path / "run"))

    written(dev, [*tagged(20), ("rome is far", "B-POI O O"), ("in york", "O I-LOC")])
    written(file, [*tagged(100), ("ann is here", "B-PER O")])
    with pytest.raises(DataError, match="3 words have 2 tags; the first word without a tag is 'here'") as refused:
        run()
    assert refused.value.where == f"{file}:101"
    written(file, [(source, " ".join("O" for _ in source.split())) for source, _ in tagged(50)])
    with pytest.raises(DataError, match=r"tags must differ, and all \d+ words have the tag 'O'"):
        run()
    written(file, [*tagged(100), ("in york", "O I-LOC")])
    text = run()
    assert f"tags: BIO, spans of 2 types, which 1 places break: I-LOC after O (1 times, first {file}:101)" in text
    assert "dev data: tags that no training pair has" in text
    assert f"'B-POI' ({dev}:21)" in text
    assert f"dev data: 1 places break BIO, such as I-LOC after O ({dev}:22)" in text
    codec = load_model(tmp_path / "run").codecs.target
    assert isinstance(codec, TagsCodec)
    assert codec.legal is None
    written(dev, [("ann is here", "B-PER O O O")])
    with pytest.raises(DataError, match="the first tag without a word is 'O'") as refused:
        seqloom.load(tmp_path / "run").evaluate([dev])
    assert refused.value.where == f"{dev}:1"


def test_fine_tuning_keeps_tags_and_adds_new_ones(tmp_path: Path, tags_folder: Path) -> None:
    pairs = [*tagged(60), *[("ann saw mars", "B-PER O B-POI")] * 20]
    settings = {"training.start_from": str(tags_folder), "training.epochs": 1, "training.freeze": ["encoder"]}
    settings |= {"training.optimiser.learning_rate": 1e-9}
    config = build(RunConfig, seqloom.training.fine_tuning.adopted(laid_over({}, settings)))
    text = said(train(config, tmp_path / "tuned", inputs=Inputs(pairs, tagged(30, 4))))
    assert "tags: 1 new ones join the 5 of the model: 'B-POI'" in text
    before, after = load_model(tags_folder), load_model(tmp_path / "tuned")
    assert isinstance(after.codecs.target, TagsCodec)
    assert after.codecs.target.labels == ("B-LOC", "B-PER", "I-LOC", "I-PER", "O", "B-POI")
    assert after.codecs.target.strict
    assert isinstance(after.model, TagNetwork)
    one, two = before.model.state_dict(), after.model.state_dict()
    assert two["tagger.transitions"].shape == (6, 6)
    torch.testing.assert_close(two["tagger.transitions"][:5, :5], one["tagger.transitions"])
    torch.testing.assert_close(two["readout.weight"][:5], one["readout.weight"])


def test_models_of_tags_are_averaged(tmp_path: Path) -> None:
    for seed in (1, 2):
        list(begin(tmp_path / str(seed), **{"training.seed": seed}))
    mean = seqloom.average([tmp_path / "1", tmp_path / "2"], tmp_path / "mean")
    assert len(mean.predict("ann lives in bonn")[0].tags) == 4


def test_what_trains_decoders_refuses_tags(tmp_path: Path, tags_folder: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("".join(f"{source}\t{target}\n" for source, target in tagged(200)), encoding="utf-8")
    for answer, reason in (("tags", "model.answer is tags"), ("auto", "pairs are tags of words")):
        given = {**PLANNED, "plan.effort": "best", "model.answer": answer, "data.train": [str(pairs)]}
        with pytest.raises(ConfigError, match=reason):
            seqloom.plan(build(RunConfig, laid_over({}, given)))
    with pytest.raises(ConfigError, match="distillation is not for models that answer with tags"):
        Teacher.load(tags_folder, Teaching())
    with pytest.raises(ConfigError, match="a combination of models is not for models that answer with tags"):
        named([tags_folder])
    with pytest.raises(ConfigError, match="tags are found by the network alone"):
        put_lexicon(tags_folder, "exceptions.tsv", EMPTY)
