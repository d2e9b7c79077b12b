"""seqloom exceptions and seqloom memorise, from their arguments to the answers of the model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from seqloom.checkpoint import verify
from seqloom.cli.main import app


def run(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)


def good(*arguments: object, text: str | None = None) -> Result:
    result = run(*arguments, text=text)
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def folder(toy_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(toy_folder, tmp_path / "m"))


def test_exceptions_are_added_listed_and_taken_out(folder: Path, tmp_path: Path) -> None:
    own, more = tmp_path / "own.tsv", tmp_path / "more.tsv"
    own.write_text("abc\tone\t1\nabc\ttwo\t3\ndd\tthree\t1\n", encoding="utf-8")
    more.write_text("dd\tfour\nba\tfive\nba\tfive\n", encoding="utf-8")
    said = good("exceptions", folder, own).stderr
    assert "1 source has several answers, which are an n-best list with the heaviest first: 'abc': two | one" in said
    assert f"{folder / 'exceptions.jsonl'}: 2 sources, looked up as they are written, then in lower case" in said
    answered = good("predict", folder, text="ABC\nd\n")
    assert answered.stdout == "two\nd\n"
    assert "1 of 2 answers was looked up and not asked of the network: 1 as exception (" in answered.stderr
    said = good("exceptions", folder, more).stderr
    assert "1 of 3 pairs are there more than once" in said
    assert "1 source has answers that take the place of others: 'dd': four instead of three" in said
    listed = good("exceptions", folder, "--list").stdout
    assert listed == "abc\ttwo\t3\nabc\tone\t1\nba\tfive\t2\ndd\tfour\t1\n"
    good("exceptions", folder, "--remove", "abc", "--remove", "ba", "--match-case")
    assert good("predict", folder, text="abc\nDD\ndd\n").stdout.splitlines()[::2] == ["abc", "four"]
    (tmp_path / "again.tsv").write_text(listed, encoding="utf-8")
    values = json.loads(good("exceptions", folder, tmp_path / "again.tsv", "--clear", "--list", "--json").stdout)
    assert (values["sources"], values["match_case"], values["added"]["new"]) == (3, False, 3)
    assert values["entries"][0] == {
        "source": "abc",
        "tags": [],
        "answers": [{"text": "two", "weight": 3.0}, {"text": "one", "weight": 1.0}],
    }
    assert "exceptions.jsonl" in verify(folder).files
    assert "nothing is kept, and there is no such file" in good("exceptions", folder, "--clear").stderr
    assert "exceptions.jsonl" not in verify(folder).files


def test_what_cannot_be_done_is_refused_and_nothing_changes(folder: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.tsv"
    own.write_text("abc\tone\n", encoding="utf-8")
    good("exceptions", folder, own)
    before = (folder / "exceptions.jsonl").read_bytes()
    own.write_text("abc\tone\nonly one column\n", encoding="utf-8")
    (tmp_path / "empty.tsv").write_text("", encoding="utf-8")
    refused: list[tuple[list[object], str]] = [
        ([tmp_path / "empty.tsv"], "empty.tsv: there must be at least one pair, not none"),
        ([own], "own.tsv:2: must have 2 columns, not 1"),
        (["--remove", "abd"], "there is no entry for 'abd'"),
        (["--set", "search.beam=3", "--list"], "only settings of data"),
        ([], "there must be something to do"),
        ([tmp_path / "nowhere.tsv"], "the file does not exist"),
    ]
    for arguments, words in refused:
        done = run("exceptions", folder, *arguments)
        assert done.exit_code == 2
        assert words in done.stderr
    assert (folder / "exceptions.jsonl").read_bytes() == before
    refused = [
        ([own], "own.tsv:2: must have 2 columns"),
        (["--min-count", 3], "need pairs to memorise"),
        ([], "there must be something to do"),
    ]
    for arguments, words in refused:
        done = run("memorise", folder, *arguments)
        assert done.exit_code == 2
        assert words in done.stderr


def test_pairs_are_memorised(folder: Path, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("ab\tx\n" * 3 + "cd\ty\n" + "dd\tz\ndd\tu\n", encoding="utf-8")
    said = good("memorise", folder, pairs).stderr
    assert "3 sources were read: 1 are too rare, 1 were rendered in several ways" in said
    assert good("memorise", folder, "--list").stdout == "ab\tx\t3\n"
    assert good("predict", folder, text="ab\ncd\n").stdout == "x\ncd\n"
    assert good("predict", folder, "--set", "search.known_answers=none", text="ab\n").stdout == "ab\n"
    assert json.loads(good("predict", folder, "--json", text="ab\n").stdout)["origin"] == "memory"
    good("memorise", folder, "--clear")
    assert good("predict", folder, text="ab\n").stdout == "ab\n"


def test_a_memory_is_kept_only_where_it_helps(folder: Path, tmp_path: Path) -> None:
    pairs, dev = tmp_path / "pairs.tsv", tmp_path / "dev.tsv"
    pairs.write_text("ab\tx\n" * 3 + "cd\twrong\n" + "dd\tq\n" * 3 + "dd\tr\n", encoding="utf-8")
    dev.write_text("ab\tx\ncd\tcd\nba\tba\ndd\tq\n", encoding="utf-8")
    values = json.loads(good("memorise", folder, pairs, "--tune", dev, "--json").stdout)
    tuning = values["tuning"]
    assert tuning["network"] == 50
    assert tuning["best"]["min_count"] == 3, "of equal memories that which holds less"
    assert tuning["best"]["min_share"] == 0.51, "three of the four times that dd was rendered are enough"
    assert tuning["best"]["score"] == 100
    always = [each for each in tuning["trials"] if each["min_share"] == 1]
    tried = {each["min_count"]: (each["answered"], each["memory"], each["network"]) for each in always}
    assert tried[1] == (2, 50, 50)
    assert tried[2] == (1, 100, 0)
    assert tried[5] == (0, None, None)
    assert values["tuned"]["with_memory"] == 100
    assert good("predict", folder, text="ab\ncd\ndd\n").stdout == "x\ncd\nq\n"
    dev.write_text("ab\tab\ncd\tcd\n", encoding="utf-8")
    done = good("memorise", folder, pairs, "--tune", dev)
    assert "no memory makes it better, so that nothing is memorised" in done.stdout
    assert "memory.jsonl" not in verify(folder).files


def test_a_single_exception_is_counted_as_one_and_bad_shares_are_named_alone(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "own.tsv").write_text("abc\tone\n", encoding="utf-8")
    said = good("exceptions", folder, tmp_path / "own.tsv").stderr
    assert "1 source, looked up as it is written, then in lower case" in said
    refused = CliRunner().invoke(app, ["memorise", str(folder), str(tmp_path / "own.tsv"), "--min-share", "3"])
    assert (refused.exit_code, refused.stderr.count("min_count")) == (2, 0)
    assert "min_share must be above 0.5 and at most 1, not 3" in refused.stderr
