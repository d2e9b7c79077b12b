"""Entries that are patterns: the files they stand for, in what order, and what happens when one comes to them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqloom.codecs import Codecs
from seqloom.data import DataConfig, Example, ReadReport, load_corpus, read_examples
from seqloom.data.readers import files_of
from seqloom.errors import DataError

Pairs = list[tuple[str, str]]
ROWS: Pairs = [(f"a{number}", f"b{number}") for number in range(7)]
SHARDS = (ROWS[:3], ROWS[3:4], ROWS[4:])


def write(pairs: Pairs, path: Path) -> None:
    if ".jsonl" in path.name:
        content = "".join(json.dumps({"source": s, "target": t}) + "\n" for s, t in pairs)
    else:
        content = "".join(f"{s}{',' if '.csv' in path.name else chr(9)}{t}\n" for s, t in pairs)
    if ".parquet" in path.name:
        pq.write_table(pa.table({"source": [s for s, _ in pairs], "target": [t for _, t in pairs]}), path)
    else:
        path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())


def read(*entries: object) -> tuple[list[Example], ReadReport]:
    report = ReadReport()
    return list(read_examples([str(entry) for entry in entries], DataConfig(), report)), report


def plain(examples: list[Example]) -> Pairs:
    return [(example.source, example.target) for example in examples]


@pytest.mark.parametrize("suffix", [".tsv", ".csv", ".jsonl.gz", ".parquet"])
def test_shards_are_one_stream_in_the_order_of_their_names(suffix: str, tmp_path: Path) -> None:
    for name, pairs in zip("cab", (SHARDS[2], SHARDS[0], SHARDS[1]), strict=True):
        write(pairs, tmp_path / (name + suffix))
    (tmp_path / f"folder{suffix}").mkdir()
    examples, report = read(f"{tmp_path}/*{suffix}", tmp_path / f"a{suffix}")
    assert plain(examples) == [*ROWS, *SHARDS[0]]
    assert str(examples[-4].origin) == f"{tmp_path}/c{suffix}:3"
    assert report.parts == [7, 3]


def test_sides_of_parallel_text_are_paired_by_position(tmp_path: Path) -> None:
    for number, pairs in enumerate(SHARDS):
        (tmp_path / f"{number}.en").write_text("".join(f"{s}\n" for s, _ in pairs))
        (tmp_path / f"{number}.de").write_text("".join(f"{t}\n" for _, t in pairs))
    entry = f"{tmp_path}/*.en,{tmp_path}/*.de"
    examples, report = read(entry)
    assert plain(examples) == ROWS
    assert report.parts == [7]
    assert [Path(file).name for file in files_of(entry, DataConfig())][:3] == ["0.en", "0.de", "1.en"]
    (tmp_path / "2.de").unlink()
    with pytest.raises(
        DataError, match=r"as many files as each other, not 3 and 2(.|\n)*the last are .*1\.en, .*1\.de"
    ):
        read(entry)
    (tmp_path / "2.en").unlink()
    with (tmp_path / "1.de").open("a") as stream:
        stream.write("one more\n")
    with pytest.raises(DataError, match=r"1\.en: parallel files must have as many lines"):
        read(entry)


@pytest.mark.parametrize(
    ("entry", "files", "odd"),
    [
        ("pp_*.en,pp_*.de", "pp_a.en pp_b.en pp_b.de pp_c.de", ("pp_a.en", "pp_b.de")),
        ("pp_*.en,pp_*.de", "pp_a.en pp_b.en pp_a.de pp_c.de", ("pp_b.en", "pp_c.de")),
        ("pp_*.en,pp_*.de", "pp_a.en pp_b.en pp_c.en pp_a.de pp_c.de", ("pp_b.en", "pp_c.de")),
        ("*-[0-9]*.en,*-?*.de", "a-1.en b-2.en a-1.de b-2.de", ()),
        ("*-[0-9].en,*-[!x].de", "a-1.en b-2.en a-1.de c-2.de", ("b-2.en", "c-2.de")),
        ("*en*.a,*de*.b", "en-end.a de-end.b", ()),  # the first * may be empty or en-
        ("en/**/*.txt,de/**/*.txt", "en/x.txt en/a/y.txt de/x.txt de/a/y.txt", ()),
        ("en/**/*.txt,de/**/*.txt", "en/x.txt en/a/y.txt de/x.txt de/b/y.txt", ("en/a/y.txt", "de/b/y.txt")),
        ("?.en,?.de,?.fr", "1.en 2.en 1.de 2.de 1.fr 3.fr", ("2.en", "2.de and 3.fr")),
        ("[*]*.en,?*.de", "*1.en *2.en a1.de a2.de", ("*1.en", "a1.de")),
        ("*.en,b.de", "a.en b.de", ()),
        ("*[1].en,*.de", "x[1].en *[1].en x.de", ()),
    ],
)
def test_files_are_paired_by_what_the_wildcards_stand_for(
    entry: str, files: str, odd: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in files.split():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("a\n")
    if not odd:
        assert read(entry)[0]
        return
    with pytest.raises(DataError, match=r"wildcards must stand for the same text(.|\n)*hint: ") as caught:
        read(entry)
    assert caught.value.message.endswith(f"but {odd[0]} is paired with {odd[1]}")


def test_several_files_need_the_same_number_of_wildcards(tmp_path: Path) -> None:
    for name in ("a-1.en", "b-2.en", "a.de", "b.de"):
        (tmp_path / name).write_text("a\n")
    with pytest.raises(DataError, match="as many wildcards as each other"):
        read(f"{tmp_path}/*-*.en,{tmp_path}/*.de")


def test_a_pattern_must_match(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\*\.tsv: no file matches"):
        read(tmp_path / "none*.tsv")
    write(ROWS, tmp_path / "x.en")
    with pytest.raises(DataError, match=r"x\*\.de: no file matches"):
        read(f"{tmp_path}/x*.en,{tmp_path}/x*.de")


def test_a_file_may_be_called_like_a_pattern(tmp_path: Path) -> None:
    write(ROWS[:1], tmp_path / "data[1].tsv")
    write(ROWS[1:], tmp_path / "data1.tsv")
    assert plain(read(tmp_path / "data[1].tsv")[0]) == ROWS[:1]


def test_a_further_shard_makes_another_corpus(codecs: Codecs, tmp_path: Path) -> None:
    write(ROWS[:3], tmp_path / "0.tsv")
    config = DataConfig(cache=str(tmp_path / "cache"), cache_above_mb=0)
    entry = f"{tmp_path}/*.tsv"
    assert len(load_corpus([entry], config, codecs)) == 3
    write(ROWS[3:], tmp_path / "1.tsv")
    whole = load_corpus([entry], config, codecs)
    assert (len(whole), whole.report.parts) == (7, [7])
    apart = load_corpus([f"{tmp_path}/0.tsv", f"{tmp_path}/1.tsv"], config, codecs)
    assert [rows.tolist() for rows in apart.parts()] == [[0, 1, 2], [3, 4, 5, 6]]
    assert [rows.tolist() for rows in apart.select(apart.rows[[1, 2, 5]]).parts()] == [[0, 1], [2]]
