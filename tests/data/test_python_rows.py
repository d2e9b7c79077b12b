"""Tables and records given in Python: their columns are found by name, their cells are checked with their row."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from seqloom.data import DataConfig, ReadReport, listed_pairs, pairs_as_examples
from seqloom.errors import DataError

WORDS: dict[str, list[Any]] = {"word": ["cat", "dog"], "phones": ["K AE T", "D AO G"], "rank": [1, 2]}
PAIRS = [("cat", "K AE T"), ("dog", "D AO G")]
Make = Callable[[Mapping[str, list[Any]]], Any]


def of_pandas(columns: Mapping[str, list[Any]]) -> Any:
    return pytest.importorskip("pandas").DataFrame(columns)


def of_polars(columns: Mapping[str, list[Any]]) -> Any:
    return pytest.importorskip("polars").DataFrame(columns, strict=False)


def of_hugging_face(columns: Mapping[str, list[Any]]) -> Any:
    return pytest.importorskip("datasets").Dataset.from_dict(columns)


def of_dicts(columns: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def streamed(columns: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    return iter(of_dicts(columns))


MAKERS = [of_pandas, of_polars, of_hugging_face, pa.table, of_dicts, streamed]
makers = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


def read(given: Any, report: ReadReport | None = None, **data: Any) -> list[tuple[str, str]]:
    examples = pairs_as_examples(given, report or ReadReport(), config=DataConfig(**data))
    return [(each.source, each.target) for each in examples]


@makers
def test_columns_with_usual_names_are_taken_and_it_is_said_which(make: Make) -> None:
    report = ReadReport()
    assert read(make(WORDS), report) == PAIRS
    assert report.examples == 2
    assert report.sentences() == [
        "pairs: source is column 1 ('word'), target is column 2 ('phones'); not read: column 3 ('rank')"
    ]


@makers
def test_columns_are_named_by_the_settings(make: Make) -> None:
    turned = [(target, source) for source, target in PAIRS]
    assert read(make(WORDS), source="phones", target="word") == turned
    assert read(make(WORDS), source="2", target="1") == turned
    assert read(make({"en": ["cat"], "de": ["Katze"]})) == [("cat", "Katze")]
    assert read(make({"label": ["pet"], "text": ["a cat"]})) == [("a cat", "pet")]


@makers
def test_columns_that_could_be_several_are_listed(make: Make) -> None:
    with pytest.raises(DataError) as caught:
        read(make({"en": ["a"], "de": ["b"], "fr": ["c"]}))
    assert caught.value.message == (
        "it is not clear which columns hold source and target; it has the columns 'en', 'de', 'fr'"
    )
    assert 'source="…", target="…"' in caught.value.hint
    with pytest.raises(DataError, match=r"no column 'words'; it has the columns 'word'.*\n.*did you mean word"):
        read(make(WORDS), source="words")


@makers
@pytest.mark.parametrize("missing", [None, math.nan])
def test_missing_cells_are_refused_with_their_row(make: Make, missing: object) -> None:
    if missing is not None and make in (of_polars, of_hugging_face, pa.table):
        pytest.skip("a column of text holds no NaN")
    with pytest.raises(DataError, match=r"pairs:2: the field 'phones' must hold text, not (nothing|nan)"):
        read(make({**WORDS, "phones": ["K AE T", missing]}))
    report = ReadReport("skip")
    assert read(make({**WORDS, "phones": ["K AE T", missing]}), report) == PAIRS[:1]
    assert (report.bad_count, report.examples) == (1, 1)


@makers
def test_numbers_are_taken_as_text_where_the_settings_say_so(make: Make) -> None:
    table: dict[str, list[Any]] = {"text": ["good", "bad"], "label": [1, 0]}
    with pytest.raises(DataError, match=r'must hold text, not the number 1\nhint: data.numbers = "text"'):
        read(make(table))
    report = ReadReport()
    assert read(make(table), report, numbers="text") == [("good", "1"), ("bad", "0")]
    assert "numbers converted to text: 2 (first: pairs:1)" in report.sentences()


def test_numbers_in_tuples_are_taken_as_text_where_the_settings_say_so() -> None:
    assert read([("good", 1), ("bad", np.int64(0))], numbers="text") == [("good", "1"), ("bad", "0")]
    with pytest.raises(DataError, match=r'not int 1\nhint: data.numbers = "text" converts numbers to text; or'):
        read([("good", 1)])
    with pytest.raises(DataError, match="not bool True"):
        read([("good", True)], numbers="text")


@makers
def test_tags_come_from_their_column(make: Make) -> None:
    table = make({"word": ["go"], "form": ["went"], "features": ["V;PST"]})
    (example,) = pairs_as_examples(table, ReadReport(), config=DataConfig(tags="features"))
    assert example.tags == ("V", "PST")


def test_labels_that_are_numbered_have_their_names() -> None:
    datasets = pytest.importorskip("datasets")
    label = datasets.ClassLabel(names=["neg", "pos"])
    features = datasets.Features({"text": datasets.Value("string"), "label": label})
    data = datasets.Dataset.from_dict({"text": ["bad", "good"], "label": [0, 1]}, features=features)
    assert read(data) == [("bad", "neg"), ("good", "pos")]
    unknown = datasets.Dataset.from_dict({"text": ["bad"], "label": [-1]}, features=features)
    with pytest.raises(DataError, match="pairs:1: the field 'label' must hold text, not nothing"):
        read(unknown)


def test_frames_of_pandas_with_categories_an_index_and_other_columns() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"n": [3, 1, 2], "text": ["a", "b", "c"], "label": pandas.Categorical(["x", "y", "x"])})
    assert read(frame[frame.n > 1]) == [("a", "x"), ("c", "x")]
    assert read(frame.set_index("text")[["label"]]) == [("a", "x"), ("b", "y"), ("c", "x")]
    with pytest.raises(DataError, match=r"cannot be read as a table: .*[Dd]uplicate"):
        read(pandas.DataFrame([["a", "b"]], columns=["text", "text"]))
    with pytest.raises(
        DataError, match=r"cannot be read as a table: .*column label.*\nhint: give the two columns alone"
    ):
        read(pandas.DataFrame({"text": ["a", "b"], "label": ["x", 3]}))


def test_a_table_that_is_not_computed_yet_says_how() -> None:
    polars = pytest.importorskip("polars")
    with pytest.raises(DataError, match=r"not a table \(LazyFrame\)\nhint: give table.collect\(\)"):
        read(polars.LazyFrame(WORDS))


def test_an_iterator_is_read_once_and_that_is_said() -> None:
    pairs, said = listed_pairs((pair for pair in PAIRS), "training pairs")
    assert pairs == PAIRS
    assert said == ["training pairs: an iterator, which was read once to its end: 2 pairs, kept in memory"]
    assert listed_pairs(PAIRS) == (PAIRS, [])


def test_rows_that_are_left_out_are_counted_where_they_are_listed() -> None:
    pairs, said = listed_pairs([{"word": "a", "ipa": "b"}, {"word": "c"}], config=DataConfig(on_bad_line="skip"))
    assert len(pairs) == 1
    assert said[-1].startswith("pairs: rows left out: 1 (first: pairs:2: must have the field 'ipa'")
