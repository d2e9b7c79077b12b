"""A lexicon finds what was put in, whatever the texts; case and tags count as said; what is no lexicon is refused."""

from __future__ import annotations

import math
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seqloom.data import DataConfig, Example, Origin, ReadReport, Source
from seqloom.errors import ConfigError, DataError, ModelFolderError
from seqloom.lexicon import (
    EMPTY,
    Answer,
    Entry,
    KnownAnswers,
    Lexicon,
    added,
    memorised,
    weighted_examples,
    weighted_files,
    without,
)
from seqloom.lexicon.lexicon import key
from seqloom.lexicon.memorising import case_counts, counted

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6).filter(lambda text: bool(key(text)))
CASED = st.text("aAbBßẞéÉσςΣİiı", min_size=1, max_size=4)


def lexicon(*pairs: Any, **options: Any) -> Lexicon:
    return added(EMPTY, weighted_examples(pairs, DataConfig(), ReadReport()), **options)[0]


def texts(found: Entry | None) -> list[str] | None:
    return None if found is None else [answer.text for answer in found.answers]


@given(st.dictionaries(st.tuples(TEXTS.map(key), st.lists(TEXTS, max_size=2).map(tuple)), TEXTS, max_size=12), TEXTS)
@example({("a", ()): 'x"\\\n'}, "a ")
def test_each_source_is_found_with_its_answer_and_no_other(
    answers: dict[tuple[str, tuple[str, ...]], str], other: str
) -> None:
    entries = [Entry(source, tags, (Answer(text),)) for (source, tags), text in answers.items()]
    made = Lexicon.of(entries, match_case=True)
    assert len(made) == len(answers)
    for (source, tags), text in answers.items():
        for written in (source, f" {source}\t", unicodedata.normalize("NFD", source)):
            assert texts(made.find(written, tags)) == [text]
        assert made.find(source, (*tags, "another")) == next(
            (each for each in entries if (each.source, each.tags) == (source, (*tags, "another"))), None
        )
    if (key(other), ()) not in answers:
        assert made.find(other) is None
    assert sorted(made.entries(), key=repr) == sorted(entries, key=repr)
    assert Lexicon.of(made.entries(), match_case=True) == made


@given(st.lists(CASED, max_size=6, unique_by=key), CASED)
def test_case_is_folded_only_where_that_leaves_one_answer(sources: list[str], asked: str) -> None:
    made = lexicon(*((source, f"of {source}") for source in sources)) if sources else EMPTY
    same = [each for each in map(key, sources) if each.lower() == key(asked).lower()]
    wanted = [each for each in (key(asked), key(asked).lower()) if each in same] or (same if len(same) == 1 else [])
    found = made.find(asked)
    assert (None if found is None else found.source) == (wanted[0] if wanted else None)
    exact = made.changed(made.entries(), match_case=True)
    assert (exact.find(asked) is not None) == (key(asked) in same)


def test_the_order_of_pronunciation_lexicons() -> None:
    made = lexicon(("Polish", "P OW"), ("polish", "P AA"), ("NATO", "N EY"))
    assert texts(made.find("Polish")) == ["P OW"]
    assert texts(made.find("POLISH")) == ["P AA"]
    assert texts(made.find("Nato")) == ["N EY"]
    assert made.find("NATOs") is None


def test_weights_order_answers_and_repeated_pairs_add_up() -> None:
    pairs = [("a", "x"), ("a", "y", 3), ("a", "z"), ("a", "z", 1.5), ("b", "x")]
    made, additions = added(EMPTY, weighted_examples(pairs, DataConfig(), ReadReport()))
    entry = made.find("a")
    assert entry is not None
    assert entry.answers == (Answer("y", 3), Answer("z", 2.5), Answer("x", 1))
    assert math.fsum(math.exp(entry.log_share(answer)) for answer in entry.answers) == pytest.approx(1)
    assert (additions.pairs, additions.new, additions.repeated) == (5, 2, 1)
    assert additions.sentences() == [
        "1 of 5 pairs are there more than once; their weights are added up",
        "1 source has several answers, which are an n-best list with the heaviest first: 'a': y | z | x",
    ]


def test_later_answers_replace_earlier_ones_and_that_is_said() -> None:
    made = lexicon(("a", "x"), ("b", "y"), match_case=True)
    more, additions = added(made, weighted_examples([("a", "z"), ("b", "y"), ("c", "c")], DataConfig(), ReadReport()))
    assert [texts(more.find(source)) for source in "abc"] == [["z"], ["y"], ["c"]]
    assert more.match_case
    assert additions.sentences() == [
        "1 source had the same answers before",
        "1 source has answers that take the place of others: 'a': z instead of x",
    ]
    assert texts(made.find("a")) == ["x"], "a lexicon is a value"
    with pytest.raises(DataError, match="at least one pair"):
        added(made, [])


def test_sources_are_taken_out_by_name() -> None:
    tagged = [Example("a", "x", Origin("f", 1), (tag,)) for tag in ("en", "de")]
    made = lexicon(*tagged, ("b", "y"))
    assert len(without(made, [("a", ("en",))])) == 2
    assert len(without(made, [("a", ())])) == 1
    assert without(made, [("a", ()), ("b", ())]) == EMPTY
    with pytest.raises(DataError, match="no entry for 'a' with the tags fr"):
        without(made, [("a", ("fr",))])
    with pytest.raises(DataError, match="did you mean hello"):
        without(lexicon(("hello", "x")), [("helo", ())])


def test_weights_are_a_column_of_numbers(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_text("a\tx\t0.25\na\ty\t0.75\nb\tz\t\n")
    made = lexicon_of(path, DataConfig())
    assert [(each.source, texts(each)) for each in made.entries()] == [("a", ["y", "x"]), ("b", ["z"])]
    path.write_text("word\tphones\tnote\tcount\nc\tx\tnoun\t2\n")
    (entry,) = lexicon_of(path, DataConfig(source="word", target="phones")).entries()
    assert entry.answers == (Answer("x", 2),)
    path.write_text("a\tx\ten\t2\n")
    assert lexicon_of(path, DataConfig(tags="3")).find("a", ("en",)) == Entry("a", ("en",), (Answer("x", 2),))
    path.write_text("a\tx\tnoun\n")
    assert lexicon_of(path, DataConfig()).find("a") == Entry("a", (), (Answer("x"),))


def test_the_column_of_weights_is_called_so(tmp_path: Path) -> None:
    report = ReadReport("error")
    for name in ("one.tsv", "two.tsv"):
        (tmp_path / name).write_text("a\tx\t0.25\nb\tz\t1\n")
    files = [str(tmp_path / name) for name in ("one.tsv", "two.tsv")]
    assert len(list(weighted_files(files, DataConfig(), report))) == 4
    (said,) = report.sentences()
    assert said == f"{files[0]} and 1 other file: source is column 1, target is column 2, weight is column 3"


@pytest.mark.parametrize("weight", ["-1", "0", "nan", "inf", "much"])
def test_what_is_no_weight_is_refused_with_its_line(weight: str, tmp_path: Path) -> None:
    path = tmp_path / "lexicon.tsv"
    path.write_text(f"a\tx\t1\nb\ty\t{weight}\n")
    with pytest.raises(
        DataError, match=rf"lexicon.tsv:2: the weight in column 3 must be a number above 0, not '{weight}'"
    ):
        lexicon_of(path, DataConfig())
    with pytest.raises(DataError, match="exceptions:2: the weight must be a number above 0"):
        lexicon(("a", "b", 1), ("a", "b", weight))


def lexicon_of(path: Path, config: DataConfig) -> Lexicon:
    return added(EMPTY, weighted_examples(str(path), config, ReadReport()))[0]


def test_several_targets_of_a_record_are_several_answers(tmp_path: Path) -> None:
    path = tmp_path / "lexicon.jsonl"
    path.write_text('{"source": "a", "target": ["x", "y"]}\n')
    assert texts(lexicon_of(path, DataConfig()).find("a")) == ["x", "y"]


@pytest.mark.parametrize("pair", ["ab", ("a",), ("a", 1), ("a", "b", "c", "d"), ("", "b"), ("a", " "), ("a", "\ud800")])
def test_what_is_no_pair_is_refused(pair: Any) -> None:
    with pytest.raises(DataError, match="exceptions:1"):
        lexicon(pair)


def test_what_is_no_lexicon_is_refused() -> None:
    for content, words in ((b"x\n", "object of format 1"), (b'{"format":2}\n["a"]\n', "object of format 1")):
        with pytest.raises(ModelFolderError, match=f"here: must begin with an {words}"):
            Lexicon(content, "here").find("a")
    with pytest.raises(ModelFolderError, match="here: must hold entries, not the line"):
        Lexicon(b'{"format":1}\n["a",[],\n', "here").find("a")


def test_exceptions_come_before_the_memory() -> None:
    known = KnownAnswers(lexicon(("a", "own")), lexicon(("a", "learned"), ("b", "learned b")))
    found = [known.find(Source(text)) for text in ("a", "b", "c")]
    assert [None if each is None else (each.origin, each.answers) for each in found] == [
        ("exception", (("own", 0.0),)),
        ("memory", (("learned b", 0.0),)),
        None,
    ]
    assert known.find(Source("b"), "exceptions") is None
    assert known.find(Source("a"), "none") is None
    behind = known.find(Source("a"), prefix="lear")
    assert behind is not None
    assert behind.origin == "memory", "an exception that does not begin with the prefix is not used"
    assert known.find(Source("a"), prefix="x") is None


def pairs_of(*counts: tuple[str, str, int]) -> list[Example]:
    return [Example(source, target, Origin("f", 1)) for source, target, count in counts for _ in range(count)]


def test_what_was_always_rendered_one_way_is_memorised() -> None:
    renderings = counted(pairs_of(("a", "x", 3), ("b", "y", 1), ("c", "z", 9), ("c", "u", 1), ("d", "v", 2)))
    assert [each.source for each in memorised(renderings).entries()] == ["a", "d"]
    assert [each.source for each in memorised(renderings, min_count=1).entries()] == ["a", "b", "d"]
    loose = memorised(renderings, min_count=3, min_share=0.9)
    assert [(each.source, each.answers) for each in loose.entries()] == [
        ("a", (Answer("x", 3),)),
        ("c", (Answer("z", 9), Answer("u", 1))),
    ]
    assert (loose.facts["rare"], loose.facts["varied"]) == (2, 0)
    assert memorised(renderings, min_count=99) == EMPTY
    for wrong in ({"min_count": 0}, {"min_share": 0.5}, {"min_share": 1.1}):
        with pytest.raises(ConfigError, match=r"must be at least 1|must be above 0\.5"):
            memorised(renderings, **wrong)
    with pytest.raises(DataError, match="at least one pair"):
        counted([])


def test_case_counts_where_the_pairs_say_so() -> None:
    alike = counted(pairs_of(("An", "x", 2), ("an", "x", 2), ("To", "y", 2), ("to", "y", 1)))
    unlike = counted(pairs_of(("An", "X", 2), ("an", "x", 2), ("To", "y", 2), ("to", "y", 1)))
    assert (case_counts(alike), case_counts(unlike), case_counts(counted(pairs_of(("a", "x", 2))))) == (
        False,
        True,
        False,
    )
    assert memorised(unlike).match_case
    assert texts(memorised(alike).find("AN")) == ["x"]
