"""Text that is not in UTF-8 is refused, and the hint names the encoding that it is in."""

from __future__ import annotations

import gc
import re
from pathlib import Path

import pytest

from seqloom.data import ReadReport
from seqloom.data.readers.lines import read_lines
from seqloom.errors import DataError

SENTENCES = {
    "cp1250": "Wszyscy ludzie rodzą się wolni i równi pod względem swej godności i swych praw",
    "iso8859-9": "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar",
    "cp1252": "Tous les êtres humains naissent libres et égaux en dignité et en droits",
    "cp1251": "Все люди рождаются свободными и равными в своем достоинстве и правах",
    "koi8-r": "Все люди рождаются свободными и равными в своем достоинстве и правах",
    "cp1253": "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια",
    "cp1255": "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם",
    "cp1256": "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق",
    "shift_jis": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "euc_jp": "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    "euc_kr": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다",
    "gb18030": "人人生而自由，在尊严和权利上一律平等。他们赋有理性和良心",
    "big5": "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心",
    "tis-620": "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักด",
}


@pytest.mark.parametrize("beside", ["", "\tAll human beings are born free and equal in dignity and rights", "\tAH B K"])
@pytest.mark.parametrize("encoding", SENTENCES)
def test_the_encoding_of_other_text_is_guessed_and_shown(encoding: str, beside: str, tmp_path: Path) -> None:
    """Also where most letters are those of English or of phones."""
    text = SENTENCES[encoding] + beside
    file = tmp_path / "pairs.tsv"
    file.write_bytes("".join(f"{text}\n" for _ in range(20)).encode(encoding))
    with pytest.raises(DataError) as caught:
        list(read_lines(str(file), ReadReport("error")))
    named = re.match(
        r"data.encoding=(\S+) reads it \(it looks like \1, in which the line is '(.*?)…?'\)", caught.value.hint
    )
    assert named is not None
    assert file.read_bytes().decode(named[1]).splitlines()[0] == text
    assert repr(text)[1:].startswith(named[2])


def test_a_damaged_line_among_utf_8_is_called_that(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_bytes(b"caf\xe9\tK AE F EY\n" + "façade\tfəˈsɑd\nnaïve\tnaɪˈiv\n".encode() * 20)
    with pytest.raises(DataError) as caught:
        list(read_lines(str(file), ReadReport("error")))
    assert caught.value.hint == "the text around it is UTF-8, so this line is damaged: correct it"


def test_utf_8_that_is_read_as_something_else_is_said(tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_text("façade\tx\nnaive\ty\n", encoding="utf-8")
    report = ReadReport()
    assert [line for _, line in read_lines(str(file), report, "cp1252")] == ["faÃ§ade\tx", "naive\ty"]
    assert report.sentences() == [
        f"lines that are read as cp1252 (data.encoding), and would be good UTF-8: 1 (first: {file}:1)"
    ]
    for encoding in ("UTF8", "utf-8"):
        report = ReadReport()
        assert len(list(read_lines(str(file), report, encoding))) == 2
        assert not report.sentences()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("line", ["слово\tответ", "слово", "词语"])
def test_utf_16_without_a_mark_is_refused_in_any_script(encoding: str, line: str, tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    file.write_bytes(f"{line}\n{line}\n".encode(encoding))
    with pytest.raises(DataError) as caught:
        list(read_lines(str(file), ReadReport()))
    assert encoding in str(caught.value)
    assert [read for _, read in read_lines(str(file), ReadReport(), encoding)] == [line, line]


def test_reading_that_ends_early_is_quiet(tmp_path: Path) -> None:
    """What is raised while a generator is collected would be printed, and is an error of the tests."""
    file = tmp_path / "pairs.tsv"
    file.write_bytes("a\tb\nc\td\n".encode("utf-16"))
    lines = read_lines(str(file), ReadReport(), "utf-16")
    assert next(lines)[1] == "a\tb"
    del lines
    gc.collect()
