"""Runs on files that go through the cache, and runs that mix corpora."""

from __future__ import annotations

import json
import os
import sys
import threading
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reversal import BASE, reversed_pairs, same_weights

from seqloom.config import merged
from seqloom.errors import ConfigError, ModelFolderError
from seqloom.training import Inputs, RunConfig, setup, train
from seqloom.training.fine_tuning import adopted
from seqloom.training.reports import FinishReport, NoticeReport, StepReport
from seqloom.training.setup import Prepared, prepare
from toy import write_pairs


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Shards a0, a1 of 40 pairs each, b of 20, dev of 10."""
    for number, (name, count) in enumerate((("a0", 40), ("a1", 40), ("b", 20), ("dev", 10))):
        pairs = reversed_pairs(count, seed=number)
        (tmp_path / f"{name}.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in pairs))
    return tmp_path


def config(files: Path, **data: Any) -> RunConfig:
    entries = {"train": [f"{files}/a*.tsv", f"{files}/b.tsv"], "dev": [f"{files}/dev.tsv"]}
    values = {**entries, "cache": str(files / "cache"), "cache_above_mb": 0, **data}
    return RunConfig.model_validate(merged(merged(BASE, {"data": values}), {"training": {"log_every": 1}}))


def test_a_second_start_reads_no_text(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = config(files, dev=[], dev_count=9, drop_duplicates=True, cache=str(files / "cache"))
    first = prepare(chosen, Inputs())
    for name in ("seqloom.training.pairs.read_examples", "seqloom.data.cache.read_examples"):
        monkeypatch.setattr(name, None)
    for name in ("seqloom.training.reading.train_tokenizers", "seqloom.data.cleaning.blake2b"):
        monkeypatch.setattr(name, None)
    second = prepare(chosen, Inputs())
    assert second.notices == first.notices
    assert second.config == first.config
    assert second.fingerprint == first.fingerprint
    assert second.codecs.source.to_json() == first.codecs.source.to_json()
    assert np.array_equal(second.dev.rows, first.dev.rows)
    with pytest.raises(TypeError):
        prepare(chosen.replace(training=chosen.training.replace(seed=2)), Inputs())


def test_a_second_start_from_a_model_reads_no_text(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new symbols are found once for each pair of old tokenizers."""
    models = []
    without_f = [(source, target) for source, target in reversed_pairs(200) if "f" not in source]
    for number, pairs in enumerate((reversed_pairs(60), without_f)):
        models.append(files / f"base{number}")
        list(train(RunConfig.model_validate(BASE), models[-1], inputs=Inputs(pairs)))
    write_pairs(files / "b.tsv", [("xay", "yax")] * 20)

    def tuned(model: Path) -> Prepared:
        values = config(files).model_dump(exclude={"model", "text"})
        return prepare(
            RunConfig.model_validate(adopted(merged(values, {"training": {"start_from": str(model)}}))), Inputs()
        )

    first = tuned(models[0])
    with monkeypatch.context() as patched:
        for name in ("seqloom.training.pairs.read_examples", "seqloom.data.cache.read_examples"):
            patched.setattr(name, None)
        second = tuned(models[0])
        with pytest.raises(TypeError):
            tuned(models[1])
    assert second.notices == first.notices
    assert any("2 new symbols join" in each for each in first.notices)
    assert second.codecs.source.to_json() == first.codecs.source.to_json()
    assert second.codecs.target.to_json() == first.codecs.target.to_json()
    assert second.fingerprint == first.fingerprint
    assert any("3 new symbols join" in each for each in tuned(models[1]).notices)


def test_another_version_of_seqloom_makes_its_tokenizers_anew(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(config(files), Inputs())
    monkeypatch.setattr("seqloom.training.reading.version", lambda name: "9" if name == "seqloom" else version(name))
    monkeypatch.setattr("seqloom.training.reading.train_tokenizers", None)
    with pytest.raises(TypeError):
        prepare(config(files), Inputs())


def test_the_data_are_the_same_in_memory_and_in_the_cache(files: Path) -> None:
    cached, here = (prepare(config(files, cache_above_mb=size), Inputs()) for size in (0, 1000))
    assert cached.train.place is not None
    assert here.train.place is None
    assert cached.fingerprint == here.fingerprint
    with (files / "b.tsv").open("a") as stream:
        stream.write("a b\tb a\n")
    assert prepare(config(files), Inputs()).fingerprint != cached.fingerprint


def test_tokenizers_are_made_anew_when_a_file_or_their_settings_change(files: Path) -> None:
    chosen = config(files)
    before = prepare(chosen, Inputs()).codecs.source
    text = chosen.text.replace(source=chosen.text.source.replace(kind="byte"))
    assert prepare(chosen.replace(text=text), Inputs()).codecs.source.tokenizer.kind == "byte"
    with (files / "a1.tsv").open("a") as stream:
        stream.write("zzz\tzzz\n")
    assert prepare(chosen, Inputs()).codecs.source.size == before.size + 1


def test_files_in_memory_leave_no_cache(files: Path) -> None:
    prepare(config(files, cache_above_mb=1), Inputs())
    assert not (files / "cache").exists()


def test_a_mixed_run_resumes_where_it_was(files: Path) -> None:
    chosen = config(files, weights=[1, 3])
    whole = list(train(chosen, files / "whole"))
    assert any("b.tsv 75.0 %" in each.text for each in whole if isinstance(each, NoticeReport))
    stream = train(chosen, files / "cut")
    next(each for each in stream if isinstance(each, StepReport) and each.step == 7)
    stream.close()
    with pytest.raises(ConfigError, match=r"data\.weights must stay"):
        list(train(config(files, weights=[1, 2]), files / "cut", resume=True))
    (files / "a1.tsv").rename(files / "c.tsv")
    with pytest.raises(ModelFolderError, match="not those the run was started with"):
        list(train(None, files / "cut", resume=True))
    (files / "c.tsv").rename(files / "a1.tsv")
    list(train(None, files / "cut", resume=True))
    assert same_weights(files / "whole", files / "cut")
    assert not same_weights(files / "whole", _trained(config(files), files / "plain"))


def _trained(chosen: RunConfig, output: Path) -> Path:
    list(train(chosen, output))
    return output


def test_there_must_be_something_to_mix(files: Path) -> None:
    for data, inputs in (
        ({"train": [f"{files}/a*.tsv"], "temperature": 5}, Inputs()),
        ({"train": [], "weights": [1, 2]}, Inputs(reversed_pairs())),
        ({"temperature": 5}, Inputs(reversed_pairs())),
    ):
        with pytest.raises(ConfigError, match="at least two"):
            setup.prepare(config(files, **data), inputs)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes with names are of POSIX systems")
def test_pairs_may_come_from_pipes(files: Path) -> None:
    places = {part: files / f"{part}.pipe" for part in ("train", "dev")}
    text = (files / "b.tsv").read_bytes()
    for place in places.values():
        os.mkfifo(place)
        threading.Thread(target=place.write_bytes, args=(text,), daemon=True).start()
    wanted = config(files, **{part: [str(place)] for part, place in places.items()})
    reports = list(train(wanted, files / "model", inputs=Inputs()))
    assert isinstance(reports[-1], FinishReport)
    record = json.loads((files / "model" / "metrics.json").read_text())["record"]["data"]
    assert record == [{"part": part, "file": str(place)} for part, place in places.items()]


def test_mixed_pairs_may_come_from_standard_input(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (files / "a0.tsv").open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        prepared = prepare(config(files, train=["-", f"{files}/b.tsv"], temperature=1e9), Inputs())
    assert prepared.sampler.mix is not None
    assert prepared.sampler.mix.quotas == (30, 30)
