"""A label beside a target (`data.label`): columns, fields, a third file, tables of Python; formats without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from seqloom.cli.main import app
from seqloom.data import DataConfig, ReadReport, read_examples, read_sources
from seqloom.data.python_pairs import pairs_as_examples
from seqloom.errors import DataError

PAIRS = [("play a song", "Music: O O B-song"), ("rain in rome", "Weather: O O B-city")]
ROWS = [(source, *reversed(target.split(": "))) for source, target in PAIRS]
NAMES = ("text", "tags", "intent")


def read(entry: Path | str, **settings: Any) -> list[tuple[str, str]]:
    config = DataConfig(**settings)
    return [(each.source, each.target) for each in read_examples([str(entry)], config, ReadReport())]


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("suffix", ["tsv", "csv"])
def test_columns(suffix: str, header: bool, tmp_path: Path) -> None:
    mark, path = "\t" if suffix == "tsv" else ",", tmp_path / f"train.{suffix}"
    path.write_text("".join(f"{mark.join(row)}\n" for row in [*([NAMES] if header else []), *ROWS]), encoding="utf-8")
    assert read(path, label="intent" if header else "3") == PAIRS
    if header:
        config = DataConfig(label="intent", source="text", target="tags")
        assert [each.text for each in read_sources(str(path), config)] == [source for source, _ in PAIRS]
    with pytest.raises(DataError, match="there is no column 'intend'"):
        read(path, label="intend")


@pytest.mark.parametrize("listed", [True, False])
def test_fields(listed: bool, tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    names = ("tokens", "tags", "intent") if listed else ("source", "target", "intent")
    cells = [(*(each.split() for each in row[:2]), row[2]) if listed else row for row in ROWS]
    path.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in cells), encoding="utf-8")
    assert read(path, label="intent") == PAIRS
    with pytest.raises(DataError, match="must have the field 'intend'"):
        read(path, label="intend")


def test_parquet_and_tables_of_python(tmp_path: Path) -> None:
    table = pa.table(dict(zip(NAMES, map(list, zip(*ROWS, strict=True)), strict=True)))
    pq.write_table(table, tmp_path / "train.parquet")
    assert read(tmp_path / "train.parquet", label="intent") == PAIRS
    for given in (table, table.to_pylist()):
        config, report = DataConfig(label="intent", source="text"), ReadReport()
        found = pairs_as_examples(given, report, "pairs", config)
        assert [(each.source, each.target) for each in found] == PAIRS


def test_a_third_file(tmp_path: Path) -> None:
    files = [tmp_path / name for name in NAMES]
    for path, texts in zip(files, zip(*ROWS, strict=True), strict=True):
        path.write_text("".join(f"{each}\n" for each in texts), encoding="utf-8")
    entry = ",".join(map(str, files))
    assert read(entry, label="3") == PAIRS
    for wrong in ("2", "4", "intent"):
        with pytest.raises(DataError, match=r"data\.label must be the number of a file behind those"):
            read(entry, label=wrong)


@pytest.mark.parametrize("label", ["", " ", "a: b"])
def test_a_label_that_cannot_be_one_is_refused_with_its_line(label: str, tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text(f"a b\tO O\tfine\na b\tO O\t{label}\n", encoding="utf-8")
    with pytest.raises(DataError, match="the label must not be empty or have a colon") as refused:
        read(path, label="3")
    assert f"{path}:2" in str(refused.value)
    path.write_text("a b\tO O\tfine\na b\t \tfine\n", encoding="utf-8")
    with pytest.raises(DataError, match="the target must not be empty"):
        read(path, label="3")


def test_a_report_knows_frames(tmp_path: Path) -> None:
    path = tmp_path / "train.tsv"
    path.write_text("".join("\t".join(row) + "\n" for row in ROWS * 20), encoding="utf-8")
    found = CliRunner().invoke(app, ["data", "report", str(path), "--set", 'data.label="3"', "--json"])
    assert found.exit_code == 0, found.output
    outlook = json.loads(found.stdout)["outlook"]
    assert outlook["measures"] == ["exact_match", "slot_f1", "intent_accuracy"]
    assert outlook["facts"]["answer"] == "frame"


def test_formats_without_a_place_for_it_refuse_it(tmp_path: Path) -> None:
    path = tmp_path / "train.conll"
    path.write_text("rain O\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"files of the format conll have no column of labels, and data\.label is '3'"):
        read(path, label="3")
    with pytest.raises(DataError, match="files of the format pattern have no column of labels"):
        read(path, label="3", pattern="(?P<source>.*) (?P<target>.*)")
