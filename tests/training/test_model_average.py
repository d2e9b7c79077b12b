"""The mean of several models: what it is made of, and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch
from reversal import reversed_pairs, run_config, weights_of

import seqloom
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.training import Inputs, RunConfig, train
from seqloom.training.provenance.reproduction import reproduction
from seqloom.training.provenance.surroundings import machine, versions


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def members(tmp_path: Path) -> list[Path]:
    """Three models of one configuration and data with different seeds."""
    return [made(tmp_path / f"m{seed}", run_config(epochs=1, seed=seed)) for seed in (1, 2, 3)]


def made(folder: Path, config: RunConfig, pairs: list[tuple[str, str]] | None = None) -> Path:
    data = config.data.replace(dev_count=0)
    list(train(config.replace(data=data), folder, inputs=Inputs(pairs or reversed_pairs())))
    return folder


def test_the_mean_is_written_with_what_it_was_made_of(members: list[Path], tmp_path: Path) -> None:
    model = seqloom.average(members, tmp_path / "mean")
    weights, parts = weights_of(tmp_path / "mean"), [weights_of(member) for member in members]
    for name, weight in weights.items():
        wanted = sum(part[name].double() for part in parts) / 3
        assert torch.equal(weight, torch.as_tensor(wanted).float())
    assert not torch.equal(weights["decoder.readout.weight"], parts[0]["decoder.readout.weight"])
    assert seqloom.load(tmp_path / "mean").predict(["abc"])[0].text == model.predict(["abc"])[0].text
    card = (tmp_path / "mean" / "README.md").read_text(encoding="utf-8")
    for number, member in enumerate(members, start=1):
        assert f"| member {number}: {member} |" in card
    assert "Nothing yet." in card


def test_what_is_not_taken_over_is_said(members: list[Path], tmp_path: Path) -> None:
    first = seqloom.load(members[0], engine="torch")
    first.with_exceptions([("abc", "x")]).save(members[0], overwrite=True)
    mean = seqloom.average(members[:2], tmp_path / "mean")
    said = f"not taken over: exceptions of {members[0]}; the new model gets its own by seqloom exceptions"
    assert mean.metrics["notes"] == [said]
    assert said in (tmp_path / "mean" / "README.md").read_text(encoding="utf-8")
    assert not mean.known


def test_it_is_reproduced_from_its_members(members: list[Path], tmp_path: Path) -> None:
    seqloom.average(members[:2], tmp_path / "mean")
    found = reproduction(tmp_path / "mean")
    assert found.commands == (f"seqloom average {members[0]} {members[1]} --output {tmp_path / 'mean-again'}",)
    assert [each.state for each in found.files] == ["ok"] * 5
    seqloom.average(members[1:]).save(members[0], overwrite=True)  # other weights, the settings of another seed
    states = {each.file: each.state for each in reproduction(tmp_path / "mean").files}
    assert states == {
        f"{members[0]}/model.safetensors": "changed",
        f"{members[1]}/model.safetensors": "ok",
        f"{members[0]}/config.toml": "changed",
        f"{members[0]}/tokenizer.source.json": "ok",
        f"{members[0]}/tokenizer.target.json": "ok",
    }


def test_the_record_of_a_mean_tells_its_surroundings(
    members: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = seqloom.average(members[:2], tmp_path / "mean")
    record = model.metrics["record"]
    assert record["versions"] == versions()
    assert record["machine"] == machine()
    assert record["started"].startswith("20")
    card = (tmp_path / "mean" / "README.md").read_text(encoding="utf-8")
    digest = hashlib.sha256((members[0] / "config.toml").read_bytes()).hexdigest()
    assert f"| member: {members[0]}/config.toml | {digest} |" in card
    assert f"| versions.torch | {torch.__version__} |" in card
    monkeypatch.setattr("seqloom.training.provenance.reproduction.versions", lambda: {**versions(), "torch": "0.1"})
    assert any("here it is 0.1" in note for note in reproduction(tmp_path / "mean").notes)


def test_what_does_not_fit_is_named(members: list[Path], tmp_path: Path) -> None:
    config = run_config(epochs=1)
    wide = made(tmp_path / "wide", config.replace(model=config.model.replace(hidden=10)))
    gru = made(tmp_path / "gru", config.replace(model=config.model.replace(cell="gru")))
    other = made(tmp_path / "other", config, [("xyz", "zyx")] * 60)
    turned = made(tmp_path / "turned", config.replace(data=config.data.replace(reverse_source=True)))
    leftwards = made(tmp_path / "leftwards", config.replace(data=config.data.replace(reverse_target=True)))
    for folder, said in [
        (wide, r"model\.hidden is 8 in .*m1 and 10 in .*wide"),
        (gru, r"model\.cell\.kind is 'lstm' in .*m1 and 'gru' in .*gru"),
        (other, r"tokenizer\.source\.json differs between .*10 source.*7 source"),
        (turned, r"data\.reverse_source is False in"),
        (leftwards, r"data\.reverse_target is False in"),
    ]:
        with pytest.raises(ModelFolderError, match=said):
            seqloom.average([members[0], folder])


def test_too_few_and_taken_folders_are_refused(members: list[Path]) -> None:
    with pytest.raises(ConfigError, match="at least two models, not 1"):
        seqloom.average(members[:1])
    with pytest.raises(ConfigError, match="once only"):
        seqloom.average([members[0], members[0]])
    before = weights_of(members[2])
    with pytest.raises(ConfigError, match="a new folder"):
        seqloom.average(members[:2], members[2])
    assert torch.equal(weights_of(members[2])["decoder.readout.bias"], before["decoder.readout.bias"])
