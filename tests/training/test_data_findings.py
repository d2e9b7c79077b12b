"""What training says of its pairs before it begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqloom.codecs import Codecs
from seqloom.data import DataConfig
from seqloom.text import TokenizerConfig, train_tokenizer
from seqloom.training import data_findings
from seqloom.training.data_findings import worst_findings
from seqloom.training.group import Group
from seqloom.training.pairs import PairSource

PAIRS = [(str(number % 2), f"text number {number}") for number in range(100)]


def said(pairs: list[tuple[str, str]], file: Path | None = None) -> list[str]:
    tokenizer = train_tokenizer(["text number 0123456789"], TokenizerConfig(kind="character"))
    files = () if file is None else (str(file),)
    if file is not None:
        file.write_text("".join("\t".join(pair) + "\n" for pair in pairs))
    given = pairs if file is None else None
    source = PairSource(DataConfig(), files, given, "training pairs", Group(), print)
    return worst_findings(source.corpus(Codecs.of_text(tokenizer, tokenizer)), source)


def test_the_worst_findings_are_said_and_where_the_others_are(tmp_path: Path) -> None:
    (first,) = said(PAIRS, tmp_path / "p.tsv")
    assert first.startswith("data: column 1 has 2 different values and column 2 100")
    assert "set data.source=2 and data.target=1 (probably also the reason for" in first
    assert "sources with several targets" in first
    assert first.endswith(f"; all findings: seqloom data report {tmp_path}/p.tsv")


def test_pairs_from_python_have_no_columns() -> None:
    (first,) = said(PAIRS)
    assert "give the pairs the other way round (probably also" in first
    assert said([(text, label) for label, text in PAIRS]) == []


def test_of_many_pairs_some_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_findings, "LOOKED_AT", 50)
    assert all(each.endswith("(of 50 pairs that were looked at)") for each in said(PAIRS))
