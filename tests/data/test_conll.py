"""Words and their tags in CoNLL files and in lists of JSON: what is read, what is left out, what is refused where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from seqloom.data import DataConfig, ReadReport, read_examples
from seqloom.data.readers import read_sources
from seqloom.errors import DataError

NER = """-DOCSTART- -X- O O

EU NNP I-NP B-ORG
rejects VBZ I-VP O
# NN I-NP O

Peter NNP I-NP B-PER
Blackburn NNP I-NP I-PER


"""
UNIVERSAL = (
    "# text = vámonos ya\n"
    "1-2\tvámonos\t_\t_\t_\t_\t_\t_\t_\t_\n"
    "1\tvamos\tir\tVERB\t_\t_\t0\troot\t_\t_\n"
    "2\tnos\tnosotros\tPRON\t_\t_\t1\tobj\t_\t_\n"
    "3\t#\tya\tADV\t_\t_\t1\tadvmod\t_\t_\n"
)


def read(path: Path, text: str, **settings: Any) -> tuple[list[tuple[str, str, str]], ReadReport]:
    path.write_text(text, encoding="utf-8")
    report = ReadReport(settings.get("on_bad_line", "error"))
    found = read_examples([str(path)], DataConfig(**settings), report)
    return [(each.source, each.target, str(each.origin)) for each in found], report


def test_words_and_their_last_column_are_read(tmp_path: Path) -> None:
    path = tmp_path / "train.conll"
    found, report = read(path, NER)
    assert found == [("EU rejects #", "B-ORG O O", f"{path}:3"), ("Peter Blackburn", "B-PER I-PER", f"{path}:7")]
    assert report.examples == 2
    assert report.sentences() == [f"lines that begin a document (-DOCSTART-), which are left out: 1 (first: {path}:1)"]


def test_columns_are_chosen_by_number(tmp_path: Path) -> None:
    found, report = read(tmp_path / "a.conllu", UNIVERSAL, source="2", target="4")
    assert found[0][:2] == ("vamos nos #", "VERB PRON ADV")
    assert len(report.noted) == 2
    found, _ = read(tmp_path / "b.txt", NER, format="conll", target="2")
    assert found[1][1] == "NNP NNP"
    with pytest.raises(DataError, match="columns of CoNLL files have numbers"):
        read(tmp_path / "c.conll", NER, target="tag")
    with pytest.raises(DataError, match=r"must have at least 5 columns \(data.target\), not 4"):
        read(tmp_path / "d.conll", NER, target="5")


def test_a_line_with_other_columns_is_refused_or_its_sentence_skipped(tmp_path: Path) -> None:
    path = tmp_path / "bad.conll"
    text = "a O\nb\n\nc O\n"
    with pytest.raises(DataError, match="must have 2 columns") as refused:
        read(path, text)
    assert refused.value.where == f"{path}:2"
    found, report = read(path, text, on_bad_line="skip")
    assert [each[0] for each in found] == ["c"]
    assert report.bad[0].where == f"{path}:2"
    with pytest.raises(DataError, match="a column of words and one of tags"):
        read(path, "a\nb\n")
    with pytest.raises(DataError, match="without white space and not empty"):
        read(path, "a\tO\n\tO\n")


def test_words_to_tag_need_no_tags(tmp_path: Path) -> None:
    path = tmp_path / "words.conll"
    path.write_text("a\nb\n\nc\n", encoding="utf-8")
    assert [each.text for each in read_sources(str(path), DataConfig())] == ["a b", "c"]


def test_lists_of_words_and_tags_are_read_from_json(tmp_path: Path) -> None:
    rows = [{"tokens": ["EU", "rejects"], "tags": ["B-ORG", "O"]}, {"tokens": ["ja"], "tags": ["O"]}]
    text = "".join(json.dumps(each) + "\n" for each in rows)
    assert [each[:2] for each in read(tmp_path / "a.jsonl", text)[0]] == [("EU rejects", "B-ORG O"), ("ja", "O")]
    named = text.replace("tokens", "words").replace('"tags"', '"ner"')
    found, _ = read(tmp_path / "b.jsonl", named, source="words", target="ner")
    assert found[0][:2] == ("EU rejects", "B-ORG O")
    (path := tmp_path / "c.jsonl").write_text('{"tokens": ["EU", "rejects"]}\n', encoding="utf-8")
    assert [each.text for each in read_sources(str(path), DataConfig())] == ["EU rejects"]


@pytest.mark.parametrize("word", ["New York", "", " "])
def test_a_word_with_white_space_in_a_list_is_refused(tmp_path: Path, word: str) -> None:
    path = tmp_path / "a.jsonl"
    with pytest.raises(DataError, match="must hold words without white space, and number 2 is") as refused:
        read(path, json.dumps({"tokens": ["in", word], "tags": ["O", "O"]}))
    assert refused.value.where == f"{path}:1"


def test_a_list_of_targets_still_holds_references(tmp_path: Path) -> None:
    found, _ = read(tmp_path / "a.jsonl", '{"source": "a b", "target": ["x y", "z"]}\n')
    assert found[0][1] == "x y"
