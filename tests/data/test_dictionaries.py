"""Pronunciation dictionaries as training data: what each format means, and which lines are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from seqloom.data import DataConfig, ReadReport, read_examples, read_sources
from seqloom.data.readers.dictionaries import format_of_lines
from seqloom.errors import DataError

CMU = ";;; a comment\nA  AH0\nA(2)  EY1\naalborg AO1 L B AO0 R G # place, danish\n# nothing\n\n(PAREN  P ER EH N\n"
MFA = "a\tAH0\na\t0.3\tEY1\nthe\t0.16\t0.08\t2.17\t1.13\td i\nice cream\t1\tAY S\n"
KALDI = "a 1.0 AH0\na 0.3 1 EY1\n"


def read(path: Path, text: str, **values: object) -> tuple[list[tuple[str, str]], ReadReport]:
    path.write_text(text, encoding="utf-8")
    config = DataConfig.model_validate(values)
    report = ReadReport(config.on_bad_line)
    return [(e.source, e.target) for e in read_examples([str(path)], config, report)], report


def test_cmu_numbers_and_comments_are_no_text(tmp_path: Path) -> None:
    pairs, _ = read(tmp_path / "cmu.txt", CMU, format="cmu")
    assert pairs == [("A", "AH0"), ("A", "EY1"), ("aalborg", "AO1 L B AO0 R G"), ("(PAREN", "P ER EH N")]


def test_mfa_numbers_are_no_phones(tmp_path: Path) -> None:
    pairs, report = read(tmp_path / "mfa.txt", MFA, format="mfa")
    assert pairs == [("a", "AH0"), ("a", "EY1"), ("the", "d i"), ("ice cream", "AY S")]
    assert "pronunciations with a probability, which training does not use: 3" in report.sentences()[0]


def test_a_phone_may_be_a_number(tmp_path: Path) -> None:
    assert read(tmp_path / "lexiconp.txt", KALDI, format="kaldi")[0] == [("a", "AH0"), ("a", "1 EY1")]
    assert read(tmp_path / "lexicon.txt", "a 1 EY1\n", format="lexicon")[0] == [("a", "1 EY1")]


@pytest.mark.parametrize(("kind", "text"), [("cmu", CMU), ("mfa", MFA), ("kaldi", KALDI)])
def test_the_format_of_a_dict_is_found_and_said(kind: str, text: str, tmp_path: Path) -> None:
    found, report = read(tmp_path / "some.dict", text)
    assert found == read(tmp_path / "same.txt", text, format=kind)[0]
    assert any(f"data.format={kind}" in sentence for sentence in report.sentences())
    assert format_of_lines(text.splitlines()) == kind


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("mfa", "a\tAH\na AH\n", "must have a tab between word and phones"),
        ("mfa", "a\tAH\na\tx\tAH\n", "must have a probability in column 2, not 'x'"),
        ("mfa", "a\tAH\na\t1\t2\tAH\n", "must have 2, 3 or 6 columns, not 4"),
        ("mfa", "a\tAH\na\t\n", "must have phones after the word"),
        ("kaldi", "a 1.0 AH\na AH AH\n", "must have a probability above 0 and up to 1 after the word, not 'AH'"),
        ("kaldi", "a 1.0 AH\na 0.0 AH\n", "not '0.0'"),
        ("kaldi", "a 1.0 AH\na\n", "not nothing"),
        ("lexicon", "a AH\na\n", "must have phones after the word"),
        ("cmu", "a AH\na(2) # none\n", "must have phones after the word"),
    ],
)
def test_bad_lines_are_refused_with_their_number(kind: str, text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        read(tmp_path / "d.txt", text, format=kind)
    assert said in str(error.value)
    assert error.value.where == f"{tmp_path / 'd.txt'}:2"
    pairs, report = read(tmp_path / "d.txt", text, format=kind, on_bad_line="skip")
    assert len(pairs) == report.bad_count == 1


def test_words_of_a_dictionary_are_inputs(tmp_path: Path) -> None:
    (tmp_path / "some.dict").write_text(CMU, encoding="utf-8")
    sources = read_sources(str(tmp_path / "some.dict"), DataConfig())
    assert [source.text for source in sources] == ["A", "A", "aalborg", "(PAREN"]


def test_the_whole_cmu_dictionary_is_read(data_folder: Path) -> None:
    """Its README counts 135,166 lines and 126,052 words."""
    path = data_folder / "cmudict_g2p" / "cmudict.dict.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    report = ReadReport()
    words = [example.source for example in read_examples([str(path)], DataConfig(), report)]
    assert (len(words), len(set(words))) == (135_166, 126_052)
    assert not any(word.endswith("(2)") for word in words)
