"""The record of a run, and the way back from it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from reversal import begin_run, reversed_pairs, run_config, same_weights

from seqloom.api import train_run
from seqloom.config import override
from seqloom.errors import DataError, ModelFolderError
from seqloom.training import Inputs, RunConfig, train
from seqloom.training.provenance.record import Record, record_of
from seqloom.training.provenance.reproduction import reproduction
from seqloom.training.provenance.surroundings import git_state, machine, versions
from seqloom.training.reports import StepReport
from seqloom.training.runs import run_config as configured
from toy import write_pairs


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with data."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    monkeypatch.chdir(tmp_path)
    write_pairs(tmp_path / "train.tsv", reversed_pairs())
    write_pairs(tmp_path / "dev.tsv", reversed_pairs(30, seed=2))
    return tmp_path


def on_files(**training: Any) -> RunConfig:
    config = run_config(**training)
    return config.replace(data=config.data.replace(train=("train.tsv",), dev=("dev.tsv",)))


def record_in(folder: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(Path(folder, "metrics.json").read_bytes())["record"]
    return record


def test_the_record_holds_the_facts(desk: Path) -> None:
    train_run(on_files(epochs=1, seed=7), "run")
    record = record_in("run")
    assert record["seeds"] == {"training": 7, "data": 1}
    digests = [hashlib.sha256((desk / name).read_bytes()).hexdigest() for name in ("train.tsv", "dev.tsv")]
    assert [(each["part"], each["file"], each["sha256"]) for each in record["data"]] == [
        ("train", "train.tsv", digests[0]),
        ("dev", "dev.tsv", digests[1]),
    ]
    assert record["versions"] == versions()
    assert record["versions"]["torch"] == torch.__version__
    assert record["machine"]["cores"] >= 1
    assert record["threads"] == torch.get_num_threads()
    assert record["started"].startswith("20")
    assert "git" not in record
    card = (desk / "run" / "README.md").read_text(encoding="utf-8")
    assert f"| train: train.tsv | {digests[0]} |" in card
    assert "| seeds.training | 7 |" in card
    assert "record." not in card


def test_inputs_are_compared_file_by_file(desk: Path) -> None:
    train_run(on_files(epochs=1), "run")
    found = reproduction("run")
    assert [each.state for each in found.files] == ["ok", "ok"]
    assert found.unchanged
    (command,) = found.commands
    assert command.startswith(f"OMP_NUM_THREADS={torch.get_num_threads()} seqloom train run/config.toml --output run-a")
    with (desk / "train.tsv").open("a") as stream:
        stream.write("x\ty\n")
    (desk / "dev.tsv").unlink()
    found = reproduction(desk / "run")
    assert [each.state for each in found.files] == ["changed", "missing"]
    assert not found.unchanged


def test_files_that_a_pattern_matches_now_and_did_not_then_are_told(desk: Path) -> None:
    for name in ("s0", "s1"):
        write_pairs(desk / f"{name}.tsv", reversed_pairs(20))
        for side in ("en", "de"):
            (desk / f"{name}.{side}").write_text("ab\n" * 9)
    config = on_files(epochs=1)
    config = config.replace(data=config.data.replace(train=("s*.tsv", "s*.en,s*.de")))
    train_run(config, "run")
    found = reproduction("run")
    assert found.unchanged
    names = ["s0.tsv", "s1.tsv", "s0.en", "s0.de", "s1.en", "s1.de", "dev.tsv"]
    assert [(each.file, each.state) for each in found.files] == [(name, "ok") for name in names]
    for name in ("s00.tsv", "s9.en"):  # the second has no other side yet
        (desk / name).write_text("")
    found = reproduction("run")
    assert not found.unchanged
    assert [(each.part, each.file) for each in found.files if each.state == "added"] == [
        ("train", "s00.tsv"),
        ("train", "s9.en"),
    ]
    for path in desk.glob("s*.tsv"):
        path.unlink()
    (desk / "s*.en").write_text("")  # stands for itself: what the pattern matched is no longer named
    states = {each.file: each.state for each in reproduction("run").files}
    missing = {name for name, state in states.items() if state == "missing"}
    assert missing == {"s0.tsv", "s1.tsv", "s0.en", "s1.en"}
    assert states["s*.en"] == "added"


def test_files_beside_pairs_from_python_are_told_apart(desk: Path) -> None:
    config = on_files(epochs=1)
    config = config.replace(data=config.data.replace(train=("no such file",), dev=("d*.tsv",)))
    train_run(config, "run", inputs=Inputs(reversed_pairs()))
    assert [each.state for each in reproduction("run").files] == ["unchecked", "ok"]
    write_pairs(desk / "d2.tsv", reversed_pairs(20))
    assert [each.state for each in reproduction("run").files] == ["unchecked", "ok", "added"]


@pytest.mark.parametrize("part", ["train", "dev"])
def test_a_file_that_changes_between_reading_and_hashing_is_noticed(
    part: str, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*arguments: Any) -> Record:
        write_pairs(desk / f"{part}.tsv", reversed_pairs(40, seed=5))
        return record_of(*arguments)

    monkeypatch.setattr("seqloom.training.loop.record_of", late)
    with pytest.raises(DataError, match=rf"{part}\.tsv: changed while it was read"):
        train_run(on_files(epochs=1), "run")
    assert not (desk / "run").exists()
    monkeypatch.undo()
    monkeypatch.chdir(desk)
    train_run(on_files(epochs=1), "run")


def test_a_shard_that_comes_while_others_are_read_is_noticed(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*arguments: Any) -> Record:
        write_pairs(desk / "train2.tsv", reversed_pairs(40, seed=5))
        return record_of(*arguments)

    config = on_files(epochs=1)
    config = config.replace(data=config.data.replace(train=("train*.tsv",)))
    monkeypatch.setattr("seqloom.training.loop.record_of", late)
    with pytest.raises(DataError, match=r"train2\.tsv: changed while it was read"):
        train_run(config, "run", inputs=Inputs(None, reversed_pairs(9)))


def test_the_command_names_the_kernels_that_were_used(desk: Path) -> None:
    for onednn in (False, True):
        name = "float32-onednn" if onednn else "float32-default"
        train_run(on_files(epochs=1, precision=name), name)
        assert record_in(name)["precision"] == name
        assert f"--set=training.precision={name} --set=training.device=cpu" in reproduction(name).commands[0]


def test_its_settings_train_the_same_model_again(desk: Path) -> None:
    train_run(on_files(epochs=2, schedule={"warmup": 50}), "run")
    given = override({}, [word.removeprefix("--set=") for word in reproduction("run").commands[0].split()[6:]])
    train_run(configured("run/config.toml", settings=given), "again")
    assert same_weights(desk / "run", desk / "again")


def test_pairs_from_python_are_hashed_and_have_no_command(desk: Path) -> None:
    list(begin_run(desk / "run", epochs=1))
    list(begin_run(desk / "two", epochs=2))
    assert record_in("run")["data"] == record_in("two")["data"]
    found = reproduction("run")
    assert not found.commands
    assert [each.state for each in found.files] == ["unchecked", "unchecked"]
    assert "given in Python" in found.notes[0]


def test_a_run_that_went_on_otherwise_says_so(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = train(on_files(log_every=1), "run")
    for report in stream:
        if isinstance(report, StepReport) and report.step >= 2:
            break
    stream.close()
    monkeypatch.setattr("seqloom.training.provenance.record.torch.get_num_threads", lambda: 2)
    list(train(on_files(log_every=1, epochs=4), "run", resume=True))
    (note,) = record_in("run")["resumed"]
    assert note["settings"] == {"training.epochs": [3, 4]}
    assert note["threads"] == 2
    assert "versions" not in note
    notes = reproduction("run").notes
    assert any("training.epochs went from 3 to 4" in each for each in notes)
    assert any("threads" in each for each in notes)


def test_other_surroundings_are_noted(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train_run(on_files(epochs=1), "run")
    assert reproduction("run").notes == ()
    where = "seqloom.training.provenance.reproduction"
    monkeypatch.setattr(f"{where}.versions", lambda: {**versions(), "torch": "0.1"})
    monkeypatch.setattr(f"{where}.machine", lambda: {**machine(), "processor": "abacus"})
    notes = reproduction("run").notes
    assert len(notes) == 2
    assert any(f"torch was {torch.__version__}, here it is 0.1" in each for each in notes)
    assert any("here it is abacus" in each for each in notes)


def test_a_model_without_a_record_is_refused(desk: Path) -> None:
    model = train_run(on_files(epochs=1), "run")
    model.metrics.pop("record")  # type: ignore[attr-defined]
    model.save("copy")
    with pytest.raises(ModelFolderError, match="no record"):
        reproduction("copy")


def test_git_tells_commit_and_changes(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        names = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *names, *arguments], cwd=tmp_path, check=True, capture_output=True)

    assert git_state(tmp_path) is None
    git("init")
    assert git_state(tmp_path) is None  # no commit yet
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "-m", "a")
    (tmp_path / "new").write_text("outputs are not changes")
    state = git_state(tmp_path)
    assert state is not None
    assert len(state["commit"]) == 40
    assert state["dirty"] is False
    (tmp_path / "a").write_text("2")
    assert git_state(tmp_path) == {**state, "dirty": True}
