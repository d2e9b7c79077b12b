"""What a report finds wrong with columns and pairs, and the settings that mend it; right data give no alarm."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqloom.config import Section, build, override
from seqloom.data import DataConfig, Finding, ReadReport, columns_of, findings_of, inspect, inspect_examples
from seqloom.data.inspection.finding import Topic, Weight
from seqloom.data.inspection.table_columns import looks_like
from seqloom.data.readers import read_examples
from seqloom.errors import DataError

WORDS = [f"{a}{b}{c}" for a in "bdfg" for b in "aeiou" for c in "klmn"]
TEXTS = [f"this is a {one} and that is a {two}" for one, two in zip(WORDS, reversed(WORDS), strict=True)]
TAGS = ["V;PST;SG", "V;PRS;PL", "V;NFIN", "N;SG"]


class Reading(Section):
    data: DataConfig = DataConfig()


def found_in(path: Path, rows: Sequence[Sequence[str]], *settings: str) -> list[Finding]:
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    config = build(Reading, override({}, settings)).data
    return findings_of(inspect([str(path)], config), columns_of(str(path), config))


LABELLED = [(str(number % 2), text) for number, text in enumerate(TEXTS)]
INFLECTED = [(word, f"{word}ed", TAGS[number % 4]) for number, word in enumerate(WORDS)]
ORDERED = [(lemma, tags, form) for lemma, form, tags in INFLECTED]
NUMBERED = [(str(number), word, text) for number, (word, text) in enumerate(zip(WORDS, TEXTS, strict=True), start=1)]


@pytest.mark.parametrize(
    ("rows", "said", "settings"),
    [
        (LABELLED, "column 1 has 2 different values and column 2 80", {"data.source": "2", "data.target": "1"}),
        (INFLECTED, "column 3 looks like tags ('V;PST;SG') and is not read", {"data.tags": "3"}),
        (
            [(*row[:2], row[2].replace(";", "|")) for row in INFLECTED],
            "column 3 looks like tags",
            {"data.tags": "3", "data.tag_separator": "'|'"},
        ),
        (
            ORDERED,
            "column 2 is read as the target and looks like tags",
            {"data.source": "1", "data.target": "3", "data.tags": "2"},
        ),
        (NUMBERED, "column 1 is read as the source and numbers the rows", {"data.source": "2", "data.target": "3"}),
    ],
)
def test_wrong_columns_come_first_and_the_settings_mend_them(
    rows: list[tuple[str, ...]], said: str, settings: dict[str, str], tmp_path: Path
) -> None:
    first = found_in(tmp_path / "p.tsv", rows)[0]
    assert first.weight == Weight.LAYOUT
    assert said in first.text
    assert first.settings == settings
    flags = " ".join(f"--set {name}={value}" for name, value in settings.items())
    assert f", {flags}" in first.sentence(flags=True)
    assert "--set" not in first.sentence()
    mended = found_in(tmp_path / "p.tsv", rows, *(f"{name}={value}" for name, value in settings.items()))
    assert all(each.weight > Weight.LAYOUT for each in mended)
    json.dumps([each.to_json() for each in mended])


def test_what_follows_from_wrong_columns_is_left_out(tmp_path: Path) -> None:
    """One finding stands for all that is found because of it, and says so; with the right columns nothing is wrong."""
    (turned,) = found_in(tmp_path / "p.tsv", LABELLED)
    listed = "sources with several targets, sides of very different lengths"
    assert turned.sentence().endswith(f"(probably also the reason for what is not listed: {listed})")
    assert turned.to_json()["explained"][0].startswith("2 of 2 distinct sources have different targets")
    inflected = [(lemma, form, tags) for lemma, form, _ in INFLECTED for tags in TAGS] * 2
    (unread,) = found_in(tmp_path / "p.tsv", inflected)
    assert {each.topic for each in unread.explained} == {Topic.REPEATED}
    assert "drop_duplicates" not in unread.sentence()
    several = [(TEXTS[0], word) for word in WORDS]
    (alone,) = (each for each in found_in(tmp_path / "p.tsv", several) if each.topic == Topic.SEVERAL)
    assert alone.weight == Weight.CONTENT, "nothing explains it"


def test_text_that_is_not_read_is_said_unless_settings_name_the_columns(tmp_path: Path) -> None:
    rows = [(word, text, text.upper()) for word, text in zip(WORDS, TEXTS, strict=True)]
    (finding,) = (each for each in found_in(tmp_path / "p.tsv", rows) if each.weight == Weight.LAYOUT)
    assert finding.text.startswith("column 3 looks like text ('THIS IS A BAK")
    assert "column 1 as the source and column 2 as the target is read" in finding.text
    named = found_in(tmp_path / "p.tsv", rows, "data.source=1", "data.target=2")
    assert all(each.weight > Weight.LAYOUT for each in named)


def test_a_class_is_not_the_source_of_a_written_and_a_spoken_form(tmp_path: Path) -> None:
    header = [("sentence_id", "token_id", "class", "before", "after")]
    classes = ["DATE", "PLAIN"] * 40
    body = [("1", str(n), *row) for n, row in enumerate(zip(classes, WORDS, TEXTS, strict=True))]
    found_in(tmp_path / "p.tsv", [*header, *body])
    roles = {each.name: each.role for each in columns_of(str(tmp_path / "p.tsv"), DataConfig())}
    assert (roles["before"], roles["after"], roles["class"]) == ("source", "target", "")


@pytest.mark.parametrize("parquet", [True, False])
def test_tables_in_columns_are_looked_at_as_others_are(parquet: bool, tmp_path: Path) -> None:
    path = str(tmp_path / ("p.parquet" if parquet else "p.arrow"))
    table = pa.table({"word": WORDS, "count": list(range(80)), "gloss": TEXTS, "tags": TAGS * 20})
    if parquet:
        pq.write_table(table, path)
    else:
        with pa.OSFile(path, "w") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    columns = columns_of(path, DataConfig())
    assert [(each.name, each.role, each.kind) for each in columns] == [
        ("word", "source", "words"),
        ("count", "", "row numbers"),
        ("gloss", "target", "text"),
        ("tags", "", "tags"),
    ]
    found = findings_of(inspect([path], DataConfig()), columns)
    (finding,) = (each for each in found if each.weight == Weight.LAYOUT)
    assert finding.sentence(flags=True) == (
        "the field 'tags' looks like tags ('V;PST;SG') and is not read: to give them to the model, --set data.tags=tags"
    )


def test_values_that_are_measured_are_no_text(tmp_path: Path) -> None:
    frames = [(f"{n / 7:.3f} {n / 9:.3f} {n / 11:.3f}", word) for n, word in enumerate(WORDS)]
    (finding,) = (each for each in found_in(tmp_path / "p.tsv", frames) if each.weight == Weight.LAYOUT)
    assert "sources are series of numbers" in finding.text
    values = [(text, f"{n / 7:.3f}") for n, text in enumerate(TEXTS)]
    (finding,) = (each for each in found_in(tmp_path / "p.tsv", values) if each.weight == Weight.LAYOUT)
    assert "targets are measured values" in finding.text
    spoken = [(str(number), word) for number, word in enumerate(WORDS, start=7)]
    assert not [each for each in found_in(tmp_path / "p.tsv", spoken) if each.weight == Weight.LAYOUT]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([(text, text) for text in TEXTS], "80 of 80 targets are the same text as their source"),
        ([(text, "yes") for text in TEXTS], "all 80 targets are 'yes'"),
        ([(text, "no" if n % 20 else "yes") for n, text in enumerate(TEXTS)], "unbalanced: 'no' has 76 of 80"),
        ([*zip(WORDS, TEXTS, strict=True)] * 2, "80 of 160 pairs were there before"),
    ],
)
def test_pairs_that_say_little_are_found(rows: list[tuple[str, str]], said: str, tmp_path: Path) -> None:
    found = found_in(tmp_path / "p.tsv", rows)
    assert [each.weight for each in found] == sorted(each.weight for each in found)
    assert any(said in each.text and each.weight == Weight.CONTENT for each in found)


def test_the_worst_contradictions_have_their_places(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_text("a\tx\nb\ty\na\tz\nb\ty\nc\t1\nc\t2\nc\t3\n")
    found = inspect([str(path)], DataConfig())
    first, second = found.contradictions
    assert (first.source, first.different) == ("c", 3)
    assert first.targets == (("1", f"{path}:5"), ("2", f"{path}:6"), ("3", f"{path}:7"))
    assert (second.source, second.targets) == ("a", (("x", f"{path}:1"), ("z", f"{path}:3")))
    again = inspect_examples(list(read_examples([str(path)], DataConfig(), ReadReport())))
    assert again.contradictions == found.contradictions


def test_characters_that_occur_once_have_a_place(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_text("aab\taa\nabc\ta\n")
    texts = inspect([str(path)], DataConfig()).characters["source"]
    assert texts.once == ["c"]
    assert texts.places["c"] == f"{path}:2"
    assert texts.counts == {"a": 3, "b": 2, "c": 1}


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["", " "], ("empty", "")),
        (["1"] * 9, ("one value", "")),
        (["4", "5", "6", "7"], ("row numbers", "")),
        (["1.5", "2", "3e5 7", "8"], ("numbers", "")),
        (TAGS * 6, ("tags", ";")),
        (["Case=Nom|Number=Sing", "Case=Acc|Number=Plur"] * 8, ("tags", "|")),
        (["yes", "no"] * 20, ("labels", "")),
        (WORDS, ("words", "")),
        (TEXTS, ("text", "")),
        (["one, two; three four", "five; six seven"] * 12, ("labels", "")),
    ],
)
def test_columns_look_like_what_they_hold(cells: list[str], kind: tuple[str, str]) -> None:
    assert looks_like(cells) == kind


def test_columns_of_json_are_named(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    rows = [{"lemma": word, "form": [f"{word}s"], "tags": TAGS[n % 4]} for n, word in enumerate(WORDS)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = DataConfig(source="lemma", target="form")
    columns = columns_of(str(path), config)
    assert [(each.name, each.role, each.kind) for each in columns] == [
        ("lemma", "source", "words"),
        ("form", "target", "words"),
        ("tags", "", "tags"),
    ]
    (first, *_) = findings_of(inspect([str(path)], config), columns)
    assert first.settings == {"data.tags": "tags"}


def test_an_empty_column_is_refused_with_another(tmp_path: Path) -> None:
    path = tmp_path / "p.tsv"
    path.write_text("".join(f"{word}\t\t{word}s\n" for word in WORDS))
    said = r"p\.tsv: column 2, which is read as the target, is empty in all of the first 80 rows\nhint: .*such as 3"
    with pytest.raises(DataError, match=said):
        list(read_examples([str(path)], DataConfig(), ReadReport()))
    with pytest.raises(DataError, match=said):
        inspect([str(path)], DataConfig())
    assert len(list(read_examples([str(path)], DataConfig(target="3"), ReadReport()))) == 80
