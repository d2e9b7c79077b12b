"""Fine-tuning: weights and tokenizers of a trained model, settings that are fixed by it, parts that do not learn."""

from __future__ import annotations

import json
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import tomlkit
import torch
from reversal import BASE, cut, reversed_pairs, run_config, same_weights, weights_of
from typer.testing import CliRunner

import seqloom
from seqloom.checkpoint import load_model
from seqloom.checkpoint.tensors import distinct_tensors
from seqloom.cli.main import app
from seqloom.config import merged
from seqloom.data import Example, Origin
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.model import ModelConfig, Seq2Seq
from seqloom.nn.decoders.base import Attend
from seqloom.training import Inputs, RunConfig, train
from seqloom.training.fine_tuning import adopted
from seqloom.training.reports import NoticeReport, Report, SetupReport, StageReport
from seqloom.training.runs import run_config as configured
from seqloom.training.setup import Prepared, prepare
from seqloom.training.updates.freezing import frozen_weights
from seqloom.training.updates.optim import build_optimiser
from seqloom.training.updates.randomness import seed_everything
from toy import write_pairs

MORE = [("xay", "yax"), ("bxc", "cxb"), ("yz", "zy")] * 20
TAGGED = [Example(source, target, Origin("here", 1), ("new",)) for source, target in MORE]


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was trained for an epoch."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    list(train(run_config(epochs=1), folder, inputs=Inputs(reversed_pairs())))
    return folder


def tuned(folder: Path, **training: Any) -> RunConfig:
    values = {key: value for key, value in BASE.items() if key != "model"}
    settings = {"training": {"start_from": str(folder), "seed": 3, **training}}
    return RunConfig.model_validate(adopted(merged(values, settings)))


def tune(folder: Path, output: Path, *, resume: bool = False, **training: Any) -> Generator[Report]:
    return train(tuned(folder, **training), output, inputs=Inputs(MORE, MORE[:3]), resume=resume)


def start_of(folder: Path, pairs: list[Any], **training: Any) -> tuple[Prepared, Seq2Seq]:
    """A run before its first update, and the network that it would have begun with had it started from nothing."""
    prepared = prepare(tuned(folder, **training), Inputs(pairs, MORE[:3]))
    seed_everything(3)
    return prepared, Seq2Seq(prepared.config.model, prepared.codecs.source.size, prepared.codecs.target.size)


@pytest.mark.parametrize("pairs", [MORE, TAGGED], ids=["symbols", "symbols and a tag"])
def test_old_symbols_keep_their_weights_and_new_ones_get_fresh_ones(pairs: list[Any], trained: Path) -> None:
    old = load_model(trained)
    prepared, fresh = start_of(trained, pairs)
    model, symbols = prepared.model, {"x", "y", "z"}
    sides = [
        ("source_embedding.weight", old.codecs.source.tokenizer, prepared.codecs.source.tokenizer),
        ("decoder.embedding.weight", old.codecs.writer.tokenizer, prepared.codecs.writer.tokenizer),
        ("decoder.readout.weight", old.codecs.writer.tokenizer, prepared.codecs.writer.tokenizer),
        ("decoder.readout.bias", old.codecs.writer.tokenizer, prepared.codecs.writer.tokenizer),
    ]
    now, before, random = (distinct_tensors(each) for each in (model, old.model, fresh))
    for name, first, second in sides:
        known = first.vocabulary
        for number, symbol in enumerate(second.vocabulary):
            wanted = before[name][known.index(symbol)] if symbol in known else random[name][number]
            assert torch.equal(now[name][number], wanted), (name, symbol)
        new = set(second.vocabulary) - set(known)
        assert new == (symbols | {" <new>"} if pairs is TAGGED and first is old.codecs.source.tokenizer else symbols)
    for name in now.keys() - {each[0] for each in sides}:
        assert torch.equal(now[name], before[name]), name
    assert any("3 new symbols join" in each or "4 new symbols join" in each for each in prepared.notices)


def test_known_symbols_only_change_nothing(trained: Path) -> None:
    prepared, _ = start_of(trained, reversed_pairs(20))
    own, old = distinct_tensors(prepared.model), weights_of(trained)
    assert all(torch.equal(own[name], old[name]) for name in old)
    assert any("0 new symbols" in each for each in prepared.notices)


def test_known_answers_stay_behind_and_that_is_said(trained: Path, tmp_path: Path) -> None:
    seqloom.load(trained, engine="torch").with_exceptions([("abc", "x")]).save(tmp_path / "known")
    prepared, _ = start_of(tmp_path / "known", reversed_pairs(20))
    said = [each for each in prepared.notices if each.startswith("not taken over")]
    assert said == [
        f"not taken over: exceptions of {tmp_path / 'known'}; the new model gets its own by seqloom exceptions"
    ]


@pytest.mark.parametrize("kind", ["character", "word"])
def test_which_symbols_join_is_set_anew(kind: str, tmp_path: Path) -> None:
    text = {"kind": kind, "vocabulary_size": 100}
    base = RunConfig.model_validate(merged(BASE, {"text": {"source": text, "target": text}}))
    list(train(base.replace(training=base.training.replace(epochs=1)), tmp_path / "a", inputs=Inputs([("a", "b")] * 9)))
    more = [("c", "c"), ("d", "d"), ("d", "d"), ("d", "d"), ("e", "e"), ("e", "e")]
    more += [(symbol, symbol) for symbol in "fgh"] * 4

    def joined(**settings: Any) -> set[str]:
        values = {f"text.source.{name}": value for name, value in settings.items()}
        config = configured(settings={"training.start_from": str(tmp_path / "a"), **values})
        prepared = prepare(config, Inputs(more, more))
        assert {"c", "d", "e"} <= set(prepared.codecs.writer.tokenizer.vocabulary)
        return {"c", "d", "e"} & set(prepared.codecs.source.tokenizer.vocabulary)

    assert joined() == {"c", "d", "e"}
    assert joined(min_count=2) == {"d", "e"}
    if kind == "word":
        assert joined(vocabulary_size=8) == {"d"}  # 4 reserved ids, f, g, h, d
    else:
        with pytest.raises(ConfigError, match=r"text\.source\.vocabulary_size must stay 100"):
            joined(vocabulary_size=10)
    with pytest.raises(ConfigError, match=r"text\.source\.lowercase must stay False"):
        joined(min_count=2, lowercase=True)


def test_subword_tokenizers_are_used_as_they_are_and_that_is_said(tmp_path: Path) -> None:
    text = {"kind": "bpe", "vocabulary_size": 30}
    config = RunConfig.model_validate(merged(BASE, {"text": {"source": text, "target": text, "shared": True}}))
    config = config.replace(model=config.model.replace(share_embeddings=True))
    list(train(config.replace(training=config.training.replace(epochs=1)), tmp_path / "a", inputs=Inputs(MORE)))
    prepared, _ = start_of(tmp_path / "a", TAGGED)
    assert prepared.codecs.source.tokenizer is prepared.codecs.writer.tokenizer
    assert any("bpe tokenizer of the model is used as it is" in each for each in prepared.notices)
    assert any("reads as unknown: new" in each for each in prepared.notices)
    for name, value in (("min_count", 2), ("vocabulary_size", 40)):
        values = {f"text.{side}.{name}": value for side in ("source", "target")}
        config = configured(settings={"training.start_from": str(tmp_path / "a"), **values})
        with pytest.raises(ConfigError, match=rf"text\.source\.{name} must stay"):
            prepare(config, Inputs(MORE))


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"model.hidden": 256}, "model.hidden must stay 8, as in the model to start from, not 256"),
        ({"model.cell": "gru"}, "model.cell.kind must stay 'lstm'"),
        ({"model.decoder.cell": "gru"}, "model.decoder.cell must stay None"),
        ({"model.dropout": 0.5}, "model.dropout"),
        ({"text.source.kind": "word"}, "text.source.kind must stay 'character'"),
        ({"data.reverse_source": True}, "data.reverse_source must stay False"),
        ({"data.reverse_target": True}, "data.reverse_target must stay False"),
    ],
)
def test_settings_that_contradict_the_model_are_refused_by_name(
    settings: dict[str, Any], named: str, trained: Path
) -> None:
    config = configured(settings={"training.start_from": str(trained), **settings})
    with pytest.raises(ConfigError, match="must stay") as caught:
        prepare(config, Inputs(MORE))
    assert named in str(caught.value)
    assert str(trained) == caught.value.where


def test_settings_that_agree_with_the_model_and_auto_are_taken(trained: Path) -> None:
    settings = {"model.hidden": 8, "model.cell": "lstm", "text.source.kind": "auto", "data.reverse_source": False}
    config = configured(settings={"training.start_from": str(trained), **settings})
    prepare(config, Inputs(MORE))
    with pytest.raises(ConfigError, match=r"model\.hiden is not a setting"):
        configured(settings={"training.start_from": str(trained), "model.hiden": 8})


def test_what_cannot_be_started_from_is_refused(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="does not exist"):
        configured(settings={"training.start_from": str(tmp_path / "none")})
    with pytest.raises(ConfigError, match="another folder than the output"):
        list(train(tuned(trained), trained, inputs=Inputs(MORE), overwrite=True))
    assert load_model(trained)


def test_a_run_without_its_own_network_settings_is_refused(trained: Path) -> None:
    config = RunConfig.model_validate({"training": {"start_from": str(trained)}})
    with pytest.raises(ConfigError, match=r"model\.embedding must stay 8"):
        prepare(config, Inputs(MORE))


FREEZE = ["encoder", "source_embedding", "decoder.cells.0"]


def test_frozen_parts_do_not_change_bit_for_bit(trained: Path, tmp_path: Path) -> None:
    reports = list(tune(trained, tmp_path / "run", freeze=FREEZE, ema=0.9))
    prepared, _ = start_of(trained, MORE, freeze=FREEZE)
    before, after = distinct_tensors(prepared.model), weights_of(tmp_path / "run")
    frozen = {name for name in before if name.startswith(tuple(f"{part}." for part in FREEZE))}
    assert len(frozen) == 13
    for name in before:
        assert torch.equal(before[name], after[name]) == (name in frozen), name
    held = sum(
        weight.numel()
        for group in build_optimiser(prepared.model, prepared.config.training.optimiser).param_groups
        for weight in group["params"]
    )
    (setup,) = [each for each in reports if isinstance(each, SetupReport)]
    assert setup.frozen == sum(before[name].numel() for name in frozen)
    assert held == setup.parameters - setup.frozen
    assert seqloom.load(tmp_path / "run").sizes()["trained weights"] == held


def test_unknown_parts_are_refused_with_the_known_ones(trained: Path) -> None:
    with pytest.raises(ConfigError, match="'encodr'") as caught:
        start_of(trained, MORE, freeze=["encodr"])
    for name in ("encoder", "source_embedding", "target_embedding", "attention", "readout", "decoder.cells.1"):
        assert name in caught.value.hint
    with pytest.raises(ConfigError, match="something to train"):
        start_of(trained, MORE, freeze=["encoder", "decoder", "source_embedding"])


@pytest.mark.parametrize("attend", ["between", "after", "feed", "before"])
@pytest.mark.parametrize("parts", [["encoder", "source_embedding"], ["decoder"], ["readout", "target_embedding"]])
def test_the_gradients_of_the_rest_are_what_they_were(attend: Attend, parts: list[str]) -> None:
    torch.manual_seed(0)
    config = ModelConfig(embedding=6, hidden=6, dropout=0, embedding_dropout=0, decoder={"attend": attend})
    model = Seq2Seq(config, 9, 9)
    source, lengths = torch.tensor([[4, 5, 6], [7, 8, 0]]), torch.tensor([3, 2])
    target_in, target_out = torch.tensor([[1, 4, 5], [1, 6, 0]]), torch.tensor([[4, 5, 2], [6, 2, 0]])

    def gradients() -> dict[str, torch.Tensor | None]:
        model.zero_grad()
        model.loss(source, lengths, target_in, target_out, torch.tensor([3, 2])).loss.backward()
        return {name: weight.grad for name, weight in model.named_parameters()}

    whole = gradients()
    frozen = {id(weight) for weight in frozen_weights(model, parts)}
    for weight in frozen_weights(model, parts):
        weight.requires_grad_(False)
    part = gradients()
    for name, weight in model.named_parameters():
        own, was = part[name], whole[name]
        assert (own is None) == (id(weight) in frozen), name
        if own is not None and was is not None:
            torch.testing.assert_close(own, was)


def test_resumed_equals_unbroken(trained: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(trained, base)
    list(tune(base, tmp_path / "whole", log_every=1, freeze=FREEZE))
    cut(tune(base, tmp_path / "cut", log_every=1, freeze=FREEZE), 2)
    shutil.rmtree(base)
    list(train(None, tmp_path / "cut", inputs=Inputs(MORE, MORE[:3]), resume=True))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")
    data = json.loads((tmp_path / "cut" / "metrics.json").read_bytes())["record"]["data"]
    assert str(base / "model.safetensors") in [each["file"] for each in data if each["part"] == "start"]


def test_a_run_that_was_cut_before_its_first_state_starts_from_the_model_again(trained: Path, tmp_path: Path) -> None:
    list(tune(trained, tmp_path / "whole"))
    stream = tune(trained, tmp_path / "cut")
    assert isinstance(next(each for each in stream if not isinstance(each, StageReport)), NoticeReport)
    stream.close()
    assert not list((tmp_path / "cut" / "resume").glob("states/[0-9]*"))
    list(tune(trained, tmp_path / "cut", resume=True))
    assert same_weights(tmp_path / "whole", tmp_path / "cut")


def test_the_command_that_began_a_run_goes_on_without_the_model(trained: Path, tmp_path: Path) -> None:
    base, output = tmp_path / "base", tmp_path / "run"
    shutil.copytree(trained, base)
    write_pairs(tmp_path / "more.tsv", MORE)
    values = {key: value for key, value in BASE.items() if key != "model"}
    values = merged(values, {"training": {"start_from": str(base), "seed": 3, "log_every": 1}})
    (tmp_path / "ft.toml").write_text(tomlkit.dumps(values))

    def given(**settings: Any) -> RunConfig:
        files = ([f"{tmp_path}/more.tsv"], [f"{tmp_path}/more.tsv"])
        return configured(f"{tmp_path}/ft.toml", files=files, settings=settings, going_on=output)

    list(train(given(), tmp_path / "whole"))
    cut(train(given(), output), 2)
    shutil.rmtree(base)
    (output / "resume" / "settings" / "given.toml").write_text("damaged")
    with pytest.raises(ConfigError, match=r"model\.hidden must stay 8"):
        list(train(given(**{"model.hidden": 16}), output, resume=True))
    command = [f"{tmp_path}/ft.toml", "--train", f"{tmp_path}/more.tsv", "--dev", f"{tmp_path}/more.tsv"]
    done = CliRunner().invoke(app, ["train", *command, "--output", str(output), "--resume"])
    assert done.exit_code == 0, done.output
    assert same_weights(tmp_path / "whole", output)
    assert CliRunner().invoke(app, ["train", *command, "--output", str(output), "--resume"]).exit_code == 0  # finished
    lost = CliRunner().invoke(app, ["train", *command, "--output", str(tmp_path / "none"), "--resume"])
    assert lost.exit_code == 2
    assert "the model folder does not exist" in lost.output
