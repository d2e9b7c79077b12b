from __future__ import annotations

import csv
import gzip
import io
import json
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.data import DataConfig, Example, ReadReport, Source, group_by_source, read_examples, read_sources
from seqloom.errors import DataError

Pairs = list[tuple[str, str]]
CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0"), min_size=1, max_size=20).filter(
    lambda text: not text.isspace() and not text.startswith("\ufeff")
)
PAIRS = st.lists(st.tuples(CELL, CELL), min_size=1, max_size=8)


def read(entry: Path | str, **values: object) -> list[Example]:
    config = DataConfig.model_validate(values)
    return list(read_examples([str(entry)], config, ReadReport(config.on_bad_line)))


def plain(examples: list[Example]) -> Pairs:
    return [(example.source, example.target) for example in examples]


def write_tsv(pairs: Pairs, path: Path) -> None:
    path.write_bytes("".join(f"{s}\t{t}\n" for s, t in pairs).encode())


def write_crlf(pairs: Pairs, path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + "".join(f"{s}\t{t}\r\n" for s, t in pairs).encode())


def write_csv(pairs: Pairs, path: Path) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([("source", "target"), *pairs])
    path.write_bytes(text.getvalue().encode())


def write_jsonl(pairs: Pairs, path: Path) -> None:
    path.write_bytes("".join(json.dumps({"source": s, "target": t}) + "\n" for s, t in pairs).encode())


def table(pairs: Pairs) -> pa.Table:
    return pa.table({"target": [t for _, t in pairs], "source": [s for s, _ in pairs]})


def write_parquet(pairs: Pairs, path: Path) -> None:
    pq.write_table(table(pairs), path)


def write_arrow(pairs: Pairs, path: Path) -> None:
    with pa.ipc.new_file(str(path), table(pairs).schema) as writer:
        writer.write_table(table(pairs))


def write_stream(pairs: Pairs, path: Path) -> None:
    with pa.ipc.new_stream(str(path), table(pairs).schema) as writer:
        writer.write_table(table(pairs))


WRITERS: dict[str, tuple[str, Callable[[Pairs, Path], None]]] = {
    "tsv": ("p.tsv", write_tsv),
    "crlf": ("p.txt", write_crlf),
    "csv": ("p.csv", write_csv),
    "jsonl": ("p.jsonl", write_jsonl),
    "parquet": ("p.parquet", write_parquet),
    "arrow": ("p.arrow", write_arrow),
    "stream": ("p.ipc", write_stream),
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("zipped", [False, True])
@settings(max_examples=10, deadline=None)
@given(pairs=PAIRS)
def test_what_is_written_is_read(kind: str, zipped: bool, pairs: Pairs) -> None:
    name, write = WRITERS[kind]
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(pairs, path)
        if zipped:
            path = path.with_name(name + ".gz")
            path.write_bytes(gzip.compress(path.with_name(name).read_bytes()))
        header = {} if kind == "csv" else {"header": "no"}
        assert plain(read(path, **header)) == pairs


@settings(max_examples=20, deadline=None)
@given(pairs=PAIRS)
def test_parallel_files(pairs: Pairs) -> None:
    with TemporaryDirectory() as folder:
        sides = [Path(folder) / "t.en", Path(folder) / "t.de.gz"]
        sides[0].write_bytes("".join(s + "\n" for s, _ in pairs).encode())
        sides[1].write_bytes(gzip.compress("".join(t + "\n" for _, t in pairs).encode()))
        assert plain(read(f"{sides[0]},{sides[1]}")) == pairs


def test_lines_break_at_newline_only(tmp_path: Path) -> None:
    odd = "a\x0bb\x0cc\x1cd\x85e\u2028f\rg"
    (tmp_path / "p.tsv").write_bytes(f"{odd}\tx\n".encode())
    assert plain(read(tmp_path / "p.tsv")) == [(odd, "x")]


def test_byte_order_marks_at_the_start_of_any_line_are_dropped(tmp_path: Path) -> None:
    """As files leave them that were joined by `cat`; within a line the character stays."""
    (tmp_path / "p.tsv").write_text("\ufeffab\tAB\ncd\tCD\n\ufeff\ufeffef\tE\ufeffF\n")
    assert plain(read(tmp_path / "p.tsv")) == [("ab", "AB"), ("cd", "CD"), ("ef", "E\ufeffF")]
    (tmp_path / "p.jsonl").write_text('{"source": "a", "target": "A"}\n\ufeff{"source": "b", "target": "B"}\n')
    assert plain(read(tmp_path / "p.jsonl")) == [("a", "A"), ("b", "B")]
    (tmp_path / "in.txt").write_text("\ufeffab\n\ufeffcd\n\ufeff\n")
    assert [source.text for source in read_sources(str(tmp_path / "in.txt"), DataConfig())] == ["ab", "cd", ""]


def test_columns_by_number_and_tags(tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("run\tran\tV;PST\ngo\twent\tV; PST\n")
    first, second = read(tmp_path / "p.tsv", tags="3")
    assert first.tags == second.tags == ("V", "PST")
    assert str(second.origin) == f"{tmp_path}/p.tsv:2"
    assert plain(read(tmp_path / "p.tsv", source="2", target="1"))[0] == ("ran", "run")


def test_columns_by_name(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text('id,de,en,also\n1,"Hund, groß",dog,\n2,Katze,cat,kitty\n')
    one, two = read(tmp_path / "p.csv", source="de", target="en", references=["also"])
    assert (one.source, one.references, two.references) == ("Hund, groß", (), ("kitty",))
    with pytest.raises(DataError, match="did you mean en"):
        read(tmp_path / "p.csv", source="de", target="enn")


def test_quoted_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text('"a\nb",x\nc,\n')
    with pytest.raises(DataError, match=r"p\.csv:3: the target must not be empty"):
        read(tmp_path / "p.csv")


def test_json_lists_and_keys(tmp_path: Path) -> None:
    lines = [{"w": "a", "p": ["A", "B"], "more": ["C"], "t": ["X", "Y"]}, {"w": "b", "p": "3", "more": None, "t": None}]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    one, two = read(tmp_path / "p.jsonl", source="w", target="p", references=["more"], tags="t")
    assert (one.target, one.references, one.tags) == ("A", ("B", "C"), ("X", "Y"))
    assert (two.target, two.references, two.tags) == ("3", (), ())


def test_an_array_may_come_after_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text('\n \n[{"source": "a", "target": "A"},\n\n{"source": "b", "target": "B"}]\n')
    assert plain(read(path)) == [("a", "A"), ("b", "B")]
    path.write_text("\n\n")
    with pytest.raises(DataError, match=r"p\.json:1: must be a JSON object"):
        read(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"source": "a", "source": "b", "target": "A"}', r":1: must have each field once, and has 'source' twice"),
        ('[{"source": "a", "target": "A", "target": "B"}]', r": must have each field once, and has 'target' twice"),
        ('[["a", "A"]]', r':1: must be a JSON object, not list\nhint: name the texts: {"source"'),
    ],
)
def test_json_that_means_something_else_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(text + "\n")
    with pytest.raises(DataError, match=r"p\.json" + said):
        read(path)


@pytest.mark.parametrize("tags", ["3", "tag"])
def test_a_record_without_the_field_of_the_tags_is_refused(tags: str, tmp_path: Path) -> None:
    """Such as a column's number, which a model has that was trained on TSV."""
    path = tmp_path / "p.jsonl"
    path.write_text('{"source": "go", "target": "went", "tags": ["PST"]}\n')
    said = rf"p\.jsonl:1: must have the field '{tags}'; it has source, tags, target\nhint: data\.tags names the field"
    with pytest.raises(DataError, match=said):
        read(path, tags=tags)
    with pytest.raises(DataError, match=said):
        list(read_sources(str(path), DataConfig(tags=tags)))
    path.write_text('{"source": "go", "target": "went", "tags": []}\n')
    assert read(path, tags="tags")[0].tags == ()


def test_numbers_are_refused_or_written_out_as_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text('{"source": "a", "target": 3}\n{"source": "b", "target": 0.5}\n{"source": 7, "target": "c"}\n')
    with pytest.raises(
        DataError, match=r"p\.jsonl:1: the field 'target' must hold text, not the number 3\nhint: data\.num"
    ):
        read(path)
    report = ReadReport()
    assert plain(list(read_examples([str(path)], DataConfig(numbers="text"), report))) == [
        ("a", "3"),
        ("b", "0.5"),
        ("7", "c"),
    ]
    assert report.sentences() == [f"numbers converted to text: 3 (first: {path}:1)"]
    for value in ("NaN", "Infinity", "true", "null", '{"a": 1}'):
        path.write_text(f'{{"source": "a", "target": {value}}}\n')
        with pytest.raises(DataError, match=r"p\.jsonl:1: the field 'target' must hold text, not"):
            read(path, numbers="text")


def test_lines_taken_apart_by_a_pattern(tmp_path: Path) -> None:
    path = tmp_path / "tasks.txt"
    path.write_text("IN: jump twice OUT: JUMP JUMP\nIN: run OUT: RUN\nrun\n")
    pattern = "IN: (?P<source>.*) OUT: (?P<target>.*)"
    report = ReadReport("skip")
    examples = list(read_examples([str(path)], DataConfig(pattern=pattern, on_bad_line="skip"), report))
    assert plain(examples) == [("jump twice", "JUMP JUMP"), ("run", "RUN")]
    assert report.bad_count == 1
    with pytest.raises(DataError, match=r"tasks\.txt:3: must match"):
        read(path, pattern=pattern)
    assert [s.text for s in read_sources(str(path), DataConfig(pattern=pattern))][2] == "run"


@pytest.mark.parametrize("pattern", ["(", "(?P<source>a)"])
def test_patterns_must_name_both_sides(pattern: str) -> None:
    with pytest.raises(ValueError, match="pattern must"):
        DataConfig(pattern=pattern)
    with pytest.raises(ValueError, match="pattern must"):
        DataConfig(format="pattern")


def test_several_lines_with_one_source_are_references(tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("a\tA\nb\tB\na\tA2\na\tA\n")
    one, two = group_by_source(read(tmp_path / "p.tsv"))
    assert (one.target, one.references, two.references) == ("A", ("A2",), ())
    assert one.targets == ("A", "A2")


def test_further_parallel_files_are_references(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text(f"{name}1\n{name}2\n")
    examples = read(",".join(str(tmp_path / name) for name in "abc"))
    assert examples[1].targets == ("b2", "c2")


BAD = {
    "utf8.tsv": (b"a\tb\n\xff\tb\nc\td\n", r"utf8\.tsv:2: must be UTF-8, not byte 0xff at position 1"),
    "columns.tsv": (b"a\tb\na\tb\tc\nc\td\n", r"columns\.tsv:2: must have 2 columns, not 3"),
    "blank.tsv": (b"a\tb\n\nc\td\n", r"blank\.tsv:2: must have 2 columns, not an empty line"),
    "empty.tsv": (b"a\tb\n \tb\nc\td\n", r"empty\.tsv:2: the source must not be empty"),
    "json.jsonl": (b'{"source":"a","target":"b"}\n{]\n{"source":"c","target":"d"}\n', r"json\.jsonl:2: must be a JSON"),
    "key.jsonl": (
        b'{"source":"a","target":"b"}\n{"source":"x"}\n{"source":"c","target":"d"}\n',
        r":2: must have the f",
    ),
    "list.jsonl": (
        b'{"source":"a","target":"b"}\n[]\n{"source":"c","target":"d"}\n',
        r":2: must be a JSON object, not l",
    ),
    "lone.jsonl": (
        b'{"source":"a","target":"b"}\n{"source":"\\ud800","target":"b"}\n{"source":"c","target":"d"}\n',
        "lone",
    ),
    "quote.csv": (b'a,b\n"x"y,b\nc,d\n', r"quote\.csv:2: must be CSV"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_lines_are_refused_or_listed(name: str, tmp_path: Path) -> None:
    content, message = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read(path)
    report = ReadReport("skip")
    examples = list(read_examples([str(path)], DataConfig(on_bad_line="skip"), report))
    assert plain(examples) == [("a", "b"), ("c", "d")]
    assert (report.examples, report.bad_count, len(report.bad)) == (2, 1, 1)
    assert report.bad[0].where == f"{path}:2"
    assert "1 bad lines left out" in report.summary()
    assert ReadReport.from_values(report.to_values()) == report


def test_only_the_first_bad_lines_are_listed(tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("a\n" * 250 + "a\tb\n")
    report = ReadReport("skip")
    assert len(list(read_examples([str(tmp_path / "p.tsv")], DataConfig(on_bad_line="skip"), report))) == 1
    assert (report.bad_count, len(report.bad)) == (250, 100)


@pytest.mark.parametrize(
    ("entry", "values", "word"),
    [
        ("missing.tsv", {}, "does not exist"),
        (".", {}, "cannot be read"),
        ("\0", {}, "path"),
        ("a.tsv", {"source": "0"}, "count from 1"),
        ("a.tsv", {"format": "parallel"}, "two files"),
        ("a.tsv,b.tsv", {}, "as many lines"),
        ("a.tsv,a.tsv", {"tags": "3"}, "tags"),
        ("a.tsv", {"header": "no", "source": "name"}, "no header"),
    ],
)
def test_what_cannot_be_read_at_all(entry: str, values: dict[str, object], word: str, tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("a\tb\n")
    (tmp_path / "b.tsv").write_text("a\tb\nc\td\n")
    with pytest.raises(DataError, match=word):
        read(",".join(str(tmp_path / part) for part in entry.split(",")), **values)


NASTY = {
    "binary": bytes(range(256)) * 50,
    "nul": b"a\0\tb\0\n\0\t\0\n",
    "nothing": b"",
    "newlines": b"\n\n\r\n\r",
    "long line": b"a" * 10_000_000 + b"\tb\n",
    "surrogate": b"\xed\xa0\x80\tb\n",
    "crlf": b"a\tb\r\nc\td\r\n",
    "bom": b"\xef\xbb\xbfa\tb\n",
    "utf16": "a\tb\n".encode("utf-16"),
    "truncated gzip": gzip.compress(b"a\tb\n" * 5000)[:-20],
    "gzip": gzip.compress(b"a\tb\n"),
    "parquet magic": b"PAR1" + b"\0" * 60 + b"PAR1",
    "arrow magic": b"ARROW1\0\0" + b"\xff" * 60 + b"ARROW1",
    "deep json": b"[" * 100_000,
    "big number": b'{"source": ' + b"9" * 10_000 + b', "target": "b"}\n',
    "json surrogate": b'{"source": "\\udfff", "target": "b"}\n',
    "nan": b'{"source": NaN, "target": "b"}\n',
    "quotes": b'"' * 1001 + b"\n",
}
NAMES = ["f.tsv", "f.csv", "f.jsonl", "f.parquet", "f.arrow", "f.txt", "f.tsv.gz", "f.jsonl.gz", "f.parquet.gz"]


def refusal(call: Callable[[], object]) -> str:
    """The message a call is refused with; the names of all files where it is not refused."""
    try:
        call()
    except DataError as error:
        return str(error)
    return " ".join([*NAMES, *(name for name, _ in WRITERS.values())])


def anything_but_a_traceback(content: bytes, folder: Path) -> None:
    for name in NAMES:
        path = folder / name
        path.write_bytes(content)
        for bad in ("error", "skip"):
            config = DataConfig(on_bad_line=bad)
            for call in (
                lambda c=config, p=path: list(read_examples([str(p)], c, ReadReport(c.on_bad_line))),
                lambda c=config, p=path: list(read_sources(str(p), c)),
            ):
                assert name in refusal(call)


@pytest.mark.parametrize("content", NASTY)
def test_nasty_files_are_read_or_refused(content: str, tmp_path: Path) -> None:
    anything_but_a_traceback(NASTY[content], tmp_path)


@settings(max_examples=15, deadline=None)
@given(content=st.binary(max_size=200))
def test_noise_is_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        anything_but_a_traceback(content, Path(folder))


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_damaged_tables_are_read_or_refused(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("parquet", "arrow"):
            file, write = WRITERS[kind]
            write([("source text", "target text")] * 20, folder / file)
            content = bytearray((folder / file).read_bytes())
            for _ in range(data.draw(st.integers(1, 6))):
                content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
            (folder / file).write_bytes(bytes(content))
            assert file in refusal(partial(read, folder / file, on_bad_line="skip"))


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a\tb\nc\n")))
    with pytest.raises(DataError, match="<stdin>:2"):
        read("-")


def test_sources_keep_their_number(tmp_path: Path) -> None:
    lines = tmp_path / "in.txt"
    lines.write_bytes(b"one\n\ntwo\xff\n a b \r\nend")
    assert [source.text for source in read_sources(str(lines), DataConfig(on_bad_line="skip"))] == [
        "one",
        "",
        "",
        " a b ",
        "end",
    ]
    with pytest.raises(DataError, match=":3"):
        list(read_sources(str(lines), DataConfig()))


def test_sources_of_every_format(tmp_path: Path) -> None:
    pairs = [("a", "A"), ("b", "B")]
    for name, write in WRITERS.values():
        write(pairs, tmp_path / name)
        if not name.endswith(".txt"):
            found = list(read_sources(str(tmp_path / name), DataConfig()))
            assert found == [Source("a"), Source("b")], name


def test_sources_with_tags(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("go\tV;PST\nrun\n")
    assert list(read_sources(str(tmp_path / "in.txt"), DataConfig(tags="3"))) == [
        Source("go", ("V", "PST")),
        Source("run"),
    ]
    (tmp_path / "in.tsv").write_text("go\twent\tV;PST\n\nrun\n")
    config = DataConfig(tags="3", on_bad_line="skip")
    assert list(read_sources(str(tmp_path / "in.tsv"), config)) == [Source("go", ("V", "PST")), Source(""), Source("")]


def test_files_without_tags_are_accepted_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "tagged.tsv").write_text("source\ttarget\ttags\na\tb\tx;y\n")
    (tmp_path / "plain.tsv").write_text("c\td\ne\tf\n")
    (tmp_path / "plain.jsonl").write_text('{"source": "g", "target": "h"}\n')
    (tmp_path / "i.en").write_text("i\n")
    entries = [str(tmp_path / name) for name in ("tagged.tsv", "plain.tsv", "plain.jsonl")]
    entries.append(f"{tmp_path / 'i.en'},{tmp_path / 'i.en'}")
    config, report = DataConfig(tags="tags", untagged="accept"), ReadReport()
    found = [(each.source, each.tags) for each in read_examples(entries, config, report)]
    assert found == [("a", ("x", "y")), ("c", ()), ("e", ()), ("g", ()), ("i", ())]
    said = report.sentences()
    assert f"files without tags (data.untagged): 1 (first: {tmp_path / 'plain.tsv'}:1)" in said
    assert f"records without tags (data.untagged): 1 (first: {tmp_path / 'plain.jsonl'}:1)" in said
    for entry in entries[1:]:
        with pytest.raises(DataError):
            list(read_examples([entry], DataConfig(tags="tags"), ReadReport()))


def test_a_file_that_is_not_there_is_looked_for_beside_it(tmp_path: Path) -> None:
    (tmp_path / "ady_train.tsv").write_text("a\tb\n", encoding="utf-8")
    for name, hint in [
        ("ady_trian.tsv", rf"does not exist\nhint: did you mean {re.escape(str(tmp_path / 'ady_train.tsv'))}\?$"),
        ("other.tsv", "does not exist$"),
        ("no/ady_train.tsv", rf"does not exist\nhint: there is no folder {re.escape(str(tmp_path / 'no'))}$"),
    ]:
        with pytest.raises(DataError, match=hint):
            list(read_examples([str(tmp_path / name)], DataConfig(), ReadReport()))
