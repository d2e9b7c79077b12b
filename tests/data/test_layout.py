"""What is found of the layout of a table, and that it is said: the header, what parts cells, which columns are read."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqloom.data import DataConfig, ReadReport, Source, layouts, read_examples, read_sources, settled
from seqloom.data.readers.header import known_name
from seqloom.errors import DataError

Row = tuple[str, ...]


def words(count: int, seed: int = 1) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choices("abcdefgh", k=chance.randint(2, 6))) for _ in range(count)]


KINDS = {
    "reversed": [(word, word[::-1]) for word in words(200)],
    "phones": [(word, " ".join(letter.upper() for letter in word)) for word in words(200)],
    "dates": [(f"March {n % 28}, {1900 + n}", f"{1900 + n}-03-{n % 28}") for n in range(200)],
    "labels": [
        (f"{one} {two} {one}", "good" if n % 2 else "bad")
        for n, (one, two) in enumerate(zip(words(200), words(200, 2), strict=True))
    ],
}


def write(path: Path, rows: Sequence[Row], delimiter: str = "\t") -> str:
    text = "".join(delimiter.join(f'"{cell}"' if delimiter in cell else cell for cell in row) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return str(path)


def read(path: str, **values: object) -> tuple[list[tuple[str, str]], list[str]]:
    report = ReadReport()
    examples = read_examples([path], DataConfig.model_validate(values), report)
    pairs = [(example.source, example.target) for example in examples]
    assert ReadReport.from_values(report.to_values()).sentences() == report.sentences()
    return pairs, [sentence.partition(": ")[2] for sentence in report.sentences()]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_a_first_row_like_the_others_is_a_pair(kind: str, suffix: str, tmp_path: Path) -> None:
    for count in (1, 2, 10, 200):
        rows = KINDS[kind][:count]
        path = write(tmp_path / f"p.{suffix}", rows, "," if suffix == "csv" else "\t")
        assert read(path) == (rows, [])


@pytest.mark.parametrize(
    ("kind", "header"),
    [
        ("reversed", ("word", "reversed")),
        ("reversed", ("source", "target")),
        ("phones", ("spelling", "sounds")),
        ("phones", ("word", "phones")),
        ("dates", ("written", "iso")),
        ("labels", ("tweet", "emotion")),
        ("labels", ("Text", "Label")),
        ("labels", ("en", "de")),
        ("labels", ("source_text", "target-text")),
        ("reversed", ("слово", "ответ")),
        ("phones", ("слово", "phones")),
        ("labels", ("文", "标签")),
        ("labels", ("text", "label ")),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_a_header_is_found_and_said(kind: str, header: Row, suffix: str, tmp_path: Path) -> None:
    rows = KINDS[kind]
    path = write(tmp_path / f"p.{suffix}", [header, *rows], "," if suffix == "csv" else "\t")
    names = ", ".join(map(repr, header))
    assert read(path) == (
        rows,
        [f"the first line names the columns ({names}) and is not read as a pair; data.header=no reads it as one"],
    )
    assert read(path, header="no") == ([header, *rows], [])
    pairs, said = read(write(tmp_path / f"q.{suffix}", rows, "," if suffix == "csv" else "\t"), header="yes")
    assert pairs == rows[1:]
    assert said[0].startswith("the first line names the columns")


def test_delimiters_at_the_ends_of_lines_are_no_third_name(tmp_path: Path) -> None:
    rows = [(*pair, "") for pair in KINDS["labels"]]
    pairs, said = read(write(tmp_path / "p.csv", [("text", "label", ""), *rows], ","))
    assert pairs == KINDS["labels"]
    assert said[0].startswith("the first line names the columns ('text', 'label', '')")


@pytest.mark.parametrize(
    ("header", "places"),
    [
        (("tgt", "src"), (2, 1)),
        (("Target", "Source"), (2, 1)),
        (("label", "text"), (2, 1)),
        (("sentiment", "review"), (2, 1)),
        (("phones", "word"), (1, 2)),
        (("form", "lemma"), (1, 2)),
        (("id", "text"), (1, 2)),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet"])
def test_which_of_two_columns_is_the_source_goes_by_names_that_leave_no_doubt_and_is_said(
    header: Row, places: tuple[int, int], suffix: str, tmp_path: Path
) -> None:
    rows = KINDS["labels"]
    if suffix == "parquet":
        path = str(tmp_path / "p.parquet")
        columns = list(zip(*rows, strict=True))
        pq.write_table(pa.table({name: list(cells) for name, cells in zip(header, columns, strict=True)}), path)
    else:
        path = write(tmp_path / f"p.{suffix}", [header, *rows], "," if suffix == "csv" else "\t")
    pairs, said = read(path)
    one, two = (f"column {place} ({header[place - 1]!r})" for place in places)
    assert said[-1] == f"source is {one}, target is {two}"
    assert pairs == [(row[places[0] - 1], row[places[1] - 1]) for row in rows]


def test_space_before_a_quoted_cell_is_no_part_of_it(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text('ab, "c, d"\n"e, f" ,gh\n')
    with pytest.raises(DataError, match=r"p\.csv:2: must be CSV"):
        read(str(path))
    path.write_text('ab, "c, d"\n"e, f", gh\n')
    assert read(str(path)) == ([("ab", "c, d"), ("e, f", "gh")], [])


def test_usual_names_are_a_header_above_few_rows(tmp_path: Path) -> None:
    assert read(write(tmp_path / "p.tsv", [("text", "label"), ("ab", "x")]))[0] == [("ab", "x")]


@pytest.mark.parametrize(
    "rows",
    [
        [("text", "label"), ("a text", "b"), ("text", "c")],
        [("de", "de"), ("ab", "ab")],
        [("word", "Wort"), ("text", "Text"), ("label", "Etikett")],
    ],
    ids=["the cell comes again", "one name twice", "a dictionary"],
)
def test_usual_names_may_be_texts(rows: list[Row], tmp_path: Path) -> None:
    assert read(write(tmp_path / "p.tsv", rows))[0] == rows


def test_a_doubtful_first_row_stays_a_pair_and_is_said(tmp_path: Path) -> None:
    rows = [("spelling", "sounds"), *KINDS["phones"][:12]]
    pairs, said = read(write(tmp_path / "p.tsv", rows))
    assert pairs == rows
    assert said == ["the first line ('spelling', 'sounds') is read as a pair; data.header=yes if it names the columns"]


def test_of_many_columns_those_are_read_that_have_the_names_of_texts(tmp_path: Path) -> None:
    rows = [(str(n), *pair) for n, pair in enumerate(KINDS["labels"])]
    for header in (("id", "text", "label"), ("", "text", "label"), ("id", "dies", "das")):
        pairs, said = read(write(tmp_path / "p.csv", [header, *rows], ","))
        assert pairs == KINDS["labels"]
        read_as = f"source is column 2 ({header[1]!r}), target is column 3 ({header[2]!r})"
        assert said[1] == f"{read_as}; not read: column 1 ({header[0]!r})"
    three = [(one, two, "V") for one, two in KINDS["reversed"]]
    assert read(write(tmp_path / "p.tsv", three)) == (
        KINDS["reversed"],
        ["source is column 1, target is column 2; not read: column 3"],
    )


@pytest.mark.parametrize(
    ("name", "delimiter", "called"),
    [
        ("p.csv", ";", "semicolon"),
        ("p.csv", "\t", "tab"),
        ("p.csv", "|", "bar (|)"),
        ("p.tsv", ";", "semicolon"),
        ("p.txt", "|", "bar (|)"),
        ("p.txt", " ||| ", "' ||| '"),
        ("p.txt", ",", "comma"),
    ],
)
def test_a_delimiter_is_found_and_said_or_set(name: str, delimiter: str, called: str, tmp_path: Path) -> None:
    rows = [
        (source if delimiter == "," or n % 2 else f"{source}, ab", target)
        for n, (source, target) in enumerate(KINDS["labels"])
    ]
    path = write(tmp_path / name, rows, delimiter)
    assert read(path) == (rows, [f"cells are separated by a {called} (data.delimiter)"])
    assert read(path, delimiter=delimiter)[0] == rows
    assert settled(DataConfig(), layouts([path], DataConfig())).delimiter == delimiter


def test_the_usual_delimiter_is_preferred(tmp_path: Path) -> None:
    rows = [(f"{source}; {target}", target) for source, target in KINDS["labels"]]
    said = "cells are separated by a comma; as many lines have a semicolon: data.delimiter=';' if that separates them"
    assert read(write(tmp_path / "p.csv", rows, ",")) == (rows, [said])
    assert read(write(tmp_path / "p.tsv", rows)) == (rows, [])


def test_delimiters_have_names_and_limits(tmp_path: Path) -> None:
    assert [DataConfig(delimiter=name).delimiter for name in ("tab", "\\t", "pipe", "comma")] == ["\t", "\t", "|", ","]
    with pytest.raises(ValueError, match="no quotation mark"):
        DataConfig(delimiter='"')
    path = write(tmp_path / "p.csv", [("ab", "cd")] * 3, ";")
    with pytest.raises(DataError, match="the delimiter of CSV must be one character"):
        read(path, delimiter="||")
    with pytest.raises(
        DataError, match=r"no line has the delimiter bar \(\|\) that is set, and nearly all lines have a semi"
    ):
        read(path, delimiter="|")


def test_header_takes_true_and_false() -> None:
    assert DataConfig.model_validate({"header": True}).header == "yes"
    assert DataConfig.model_validate({"header": False}).header == "no"


def test_what_training_files_have_in_common_is_settled(tmp_path: Path) -> None:
    path = write(
        tmp_path / "p.csv", [("id", "text", "label"), *((str(n), *pair) for n, pair in enumerate(KINDS["labels"]))], ";"
    )
    found = settled(DataConfig(), layouts([path], DataConfig()))
    assert (found.delimiter, found.header_names, found.source, found.target) == (
        ";",
        ("id", "text", "label"),
        "text",
        "label",
    )
    assert settled(found, layouts([path], found)) == found
    plain = write(tmp_path / "q.tsv", KINDS["labels"])
    assert settled(DataConfig(), layouts([plain], DataConfig())) == DataConfig()
    both = settled(DataConfig(), layouts([path, plain], DataConfig()))
    assert (both.delimiter, both.source) == ("", "")


def test_a_known_header_is_found_without_rows_to_compare(tmp_path: Path) -> None:
    config = DataConfig(header_names=("spelling", "sounds"))
    inputs = write(tmp_path / "in.csv", [("spelling",), ("ab",), ("cd",)], ",")
    assert list(read_sources(inputs, config)) == [Source("ab"), Source("cd")]
    assert list(read_sources(inputs, DataConfig())) == [Source("spelling"), Source("ab"), Source("cd")]
    assert read(
        write(tmp_path / "p.csv", [("spelling", "sounds"), ("ab", "A B")], ","), header_names=config.header_names
    )[0] == [("ab", "A B")]


def sources(path: str, **values: object) -> tuple[list[str], list[str]]:
    report = ReadReport()
    found = [source.text for source in read_sources(path, DataConfig.model_validate(values), report)]
    return found, report.sentences()


def test_inputs_say_what_other_columns_are_read_as(tmp_path: Path) -> None:
    two = write(tmp_path / "in.tsv", KINDS["reversed"])
    assert sources(two) == ([one for one, _ in KINDS["reversed"]], [f"{two}: source is column 1; not read: column 2"])
    assert sources(two, tags="2")[1] == [f"{two}: source is column 1, tags is column 2"]
    plain = write(tmp_path / "in.txt", [("ab", "cd"), ("ef",)])
    text = "inputs with a tab, which is read as part of the text (data.format=tsv: columns)"
    assert sources(plain) == (["ab\tcd", "ef"], [f"{text}: 1 (first: {plain}:1)"])
    assert sources(plain, tags="3") == (
        ["ab", "ef"],
        [
            f"inputs whose part after a tab is read as tags: 1 (first: {plain}:1)",
            f"inputs without tags (which come after a tab), although the model reads tags: 1 (first: {plain}:2)",
        ],
    )


def test_no_input_is_cut_at_a_comma_without_a_word(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text("hello\nhello, world\n")
    with pytest.raises(
        DataError, match=r"in\.csv:2: must have at most 1 columns, not 2\nhint: a comma separates cells; quote"
    ):
        sources(str(path))
    path.write_text("hello, you\nhello, world\n")
    assert sources(str(path)) == (["hello", "hello"], [f"{path}: source is column 1; not read: column 2"])
    lines = write(tmp_path / "in.tsv", [("hello, you",), ("hello, world",)])
    assert sources(lines) == (["hello, you", "hello, world"], [])


def test_inputs_are_parted_as_training_files_were(tmp_path: Path) -> None:
    path = write(tmp_path / "in.csv", [("1,5", "2,5"), ("3,5", "4,5")], ";")
    assert sources(path, delimiter=";")[0] == ["1,5", "3,5"]
    with pytest.raises(
        DataError, match="no line has the delimiter semicolon that is set, and nearly all lines have a tab"
    ):
        sources(write(tmp_path / "in.tsv", [("ab", "cd"), ("ef", "gh")]), delimiter=";")


def test_the_format_of_training_files_is_not_that_of_inputs() -> None:
    trained = DataConfig(format="csv", tags="3")
    assert trained.of_inputs({}).format == "auto"
    assert trained.of_inputs({"format": "csv"}) == trained
    assert DataConfig(encoding="cp1252").of_inputs({}).encoding == "utf-8"
    assert DataConfig(encoding="cp1252").of_inputs({"encoding": "cp1252"}).encoding == "cp1252"
    assert DataConfig(pattern="(?P<source>.)(?P<target>.)").of_inputs({}).pattern == ""


@pytest.mark.parametrize(
    ("column", "words"),
    [
        (pa.array([b"ab"]), r"p\.parquet: the column 'de' must hold text, not bytes \(binary\)"),
        (pa.array([[b"ab"]]), r"the column 'de' must hold text, not bytes \(list"),
        (pa.array([3]), r"the column 'de' must hold text, not numbers \(int64\)\nhint: data\.numbers"),
        (pa.array([0.5]), r"the column 'de' must hold text, not numbers \(double\)"),
        (pa.array([True]), r"the column 'de' must hold text, not values \(bool\)"),
        (pa.array([None], pa.string()), r"p\.parquet:1: the field 'target' must hold text, not nothing"),
    ],
)
def test_columns_of_tables_that_hold_no_text_are_named(column: pa.Array, words: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"en": ["ab"], "de": column}), tmp_path / "p.parquet")
    with pytest.raises(DataError, match=words):
        read(str(tmp_path / "p.parquet"))


def test_columns_of_texts_of_any_kind_are_read(tmp_path: Path) -> None:
    table = pa.table(
        {
            "id": [1, 2],
            "text": pa.array(["ab", "cd"], pa.large_string()),
            "label": pa.array(["x", "y"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "p.parquet")
    assert read(str(tmp_path / "p.parquet")) == (
        [("ab", "x"), ("cd", "y")],
        ["source is column 2 ('text'), target is column 3 ('label'); not read: column 1 ('id')"],
    )
    pairs, said = read(str(tmp_path / "p.parquet"), source="text", target="id", numbers="text")
    assert pairs == [("ab", "1"), ("cd", "2")]
    first = f"2 (first: {tmp_path}/p.parquet:1)"
    assert said == ["source is column 2 ('text'), target is column 1 ('id'); not read: column 3 ('label')", first]


CELL = st.text(
    st.characters(codec="utf-8", exclude_characters='\0\t\n\r,;|"', exclude_categories=["Cs"]), min_size=1, max_size=8
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=40), header=st.sampled_from(["yes", "no"]))
def test_a_header_that_is_settled_by_hand_is_obeyed(
    rows: list[Row], header: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [row for row in rows if all(cell.strip() and not cell.startswith("\ufeff") for cell in row)]
    assume(not rows or not any(map(known_name, rows[0])))  # such names say which columns are read
    path = write(tmp_path_factory.mktemp("rows") / "p.tsv", rows)
    assert read(path, header=header, delimiter="tab")[0] == (rows[1:] if header == "yes" else rows)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"target": "1"}, "source and target must be different columns, and both are column 1\nhint: data.source"),
        ({"source": "2"}, "source and target must be different columns, and both are column 2\nhint: data.target"),
        ({"tags": "2"}, "target and tags must be different columns, and both are column 2"),
        ({"source": "1", "target": "3", "tags": "3"}, "target and tags must be different.*\nhint: data.tags names"),
        ({"tags": "1"}, "source and tags must be different columns, and both are column 1\nhint: data.source"),
    ],
)
def test_two_roles_have_one_column_only_where_somebody_says_so(
    given: dict[str, str], words: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "pairs.tsv", [("house", "houses", "N;PL"), ("go", "went", "V;PST")])
    with pytest.raises(DataError, match=words):
        read(path, **given)
    assert read(path, source="1", target="1")[0] == [("house", "house"), ("go", "go")]  # a model that copies


def test_a_column_that_no_row_has_is_named_with_its_role(tmp_path: Path) -> None:
    path = write(tmp_path / "pairs.tsv", [("house", "houses", "N;PL")])
    with pytest.raises(DataError, match=r"must have 7 columns, not 3\nhint: tags is column 7 by the settings"):
        read(path, tags="7")
    with pytest.raises(DataError, match=r"no column 'form'\nhint: known: .*; a number, from 1, names a column, too"):
        read(path, target="form")
