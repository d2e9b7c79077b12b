"""Pronunciation dictionaries: probabilities, words without an entry, and that every format is read back as written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from math import log
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from seqloom.api import Model
from seqloom.cli.main import app
from seqloom.data import DataConfig, ReadReport, Source, read_examples
from seqloom.errors import ConfigError
from seqloom.inference.predicting_model import PredictingModel
from seqloom.prediction import Prediction
from seqloom.pronunciation import (
    FORMATS,
    Entry,
    Pronunciation,
    PronunciationDictionary,
    dictionary_format,
    make_dictionary,
)
from seqloom.pronunciation.making import pronunciations

Answers = dict[str, Prediction]
WORD = st.text(st.characters(categories=["L", "Nd", "P"]), min_size=1, max_size=6)
PHONE = st.text(st.characters(categories=["L", "Nd", "P", "Sk"]), min_size=1, max_size=3)


class Scripted(PredictingModel):
    """A model that answers as a table says, with the codecs and settings of another."""

    def __init__(self, like: Model, answers: Answers) -> None:
        self.codecs, self.config, self.answers = like.codecs, like.config, answers
        self.asked: list[str] = []

    def stream(self, lines: Iterable[Any], **options: Any) -> Iterator[Prediction]:
        for line in list(lines):
            self.asked.append(line.text)
            yield self.answers[line.text]

    @property
    def predictor(self) -> NoReturn:
        raise AssertionError("the script answers")

    def _checked(self, values: Any) -> NoReturn:
        raise AssertionError("its settings do not change")

    def _with_config(self, config: Any) -> NoReturn:
        raise AssertionError("its settings do not change")

    def _with_known(self, *known: Any, **more: Any) -> NoReturn:
        raise AssertionError("the script knows all answers")


def answer(*texts: tuple[str, float], **facts: Any) -> Prediction:
    """An n-best list of texts, each with its probability."""
    made = [Prediction(text, log(p), token_log_probs=(log(p) / 2, log(p) / 2), **facts) for text, p in texts]
    return Prediction(**{**vars(made[0]), "alternatives": tuple(made[1:])})


def test_probabilities_are_relative_to_the_most_probable_answer() -> None:
    found = pronunciations(answer(("a b", 0.2), ("a c", 0.4), ("a d", 0.001), ("", 0.4)), least=0.01)
    assert [each.phones for each in found] == [("a", "b"), ("a", "c")]
    assert [each.probability for each in found] == pytest.approx([0.5, 1.0])


def test_answers_with_the_same_phones_are_added() -> None:
    found = pronunciations(answer(("a  b", 0.2), ("c", 0.5), ("a b", 0.3)))
    assert [each.phones for each in found] == [("a", "b"), ("c",)]
    assert [each.probability for each in found] == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mfa", "Ab\t1.00\tx y\nAb\t0.25\tx z\nzz\t1.00\tw\n"),
        ("kaldi", "Ab 1.0000 x y\nAb 0.2500 x z\nzz 1.0000 w\n"),
        ("lexicon", "Ab x y\nAb x z\nzz w\n"),
        ("sherpa", "ab x y\nzz w\n"),
        ("cmu", "AB  x y\nAB(2)  x z\nZZ  w\n"),
    ],
)
def test_lines_of_each_format(name: str, text: str, toy_model: Model) -> None:
    answers = {"zz": answer(("w", 0.9)), "Ab": answer(("x y", 0.8), ("x z", 0.2))}
    made = make_dictionary(Scripted(toy_model, answers), list(answers), dictionary_format(name))
    assert "".join(f"{line}\n" for line in made.lines()) == text


def test_words_are_asked_once_and_not_if_they_are_known(toy_model: Model) -> None:
    model = Scripted(toy_model, dict.fromkeys(["ab", "Ab", "ba"], answer(("x y z", 1.0))))
    words: list[str | Source] = ["ab", "Ab", " ab ", "", "ba", "CD", Source("ab")]
    made = make_dictionary(model, words, FORMATS["mfa"], known={"cd"})
    assert (model.asked, made.known, made.repeated) == (["ab", "ba"], 1, 3)
    assert "3 words left out: they came before, capitals and small letters being the same" in made.sentences()
    model.asked.clear()
    model.answers["CD"] = answer(("x y z", 1.0))
    made = make_dictionary(model, words, FORMATS["kaldi"], known={"cd"})
    assert (model.asked, made.known, made.repeated) == (["ab", "Ab", "ba", "CD"], 0, 2)


def test_words_without_an_entry_are_listed_with_the_reason(toy_model: Model) -> None:
    answers = {
        "aé": answer(("x", 1.0), unknown=("é",)),
        "AB": answer(("x", 1.0), unknown=("A", "B")),
        "long": answer(("x", 1.0), cut=True),
        "none": answer(("", 0.6), (" ", 0.4)),
        "loop": answer(("x x", 1.0), at_limit=True),
        "<eps>": answer(("x", 1.0)),
    }
    made = make_dictionary(Scripted(toy_model, answers), ["ice cream", *answers], FORMATS["kaldi"])
    assert made.entries == []
    reasons = dict(made.left_out)
    assert list(reasons) == ["ice cream", *answers]
    assert "white space" in reasons["ice cream"]
    assert reasons["aé"] == "the model has never seen 'é'"
    assert reasons["AB"].endswith("it could read the word in small letters: ab")
    assert "max_source_length" in reasons["long"]
    assert reasons["none"] == "the answer is empty"
    assert "as long as an answer may be" in reasons["loop"]
    assert "Kaldi has this word" in reasons["<eps>"]
    assert made.symbols == {"é": 1, "A": 1, "B": 1}
    assert json.loads(json.dumps(made.to_json()))["left_out"][1]["word"] == "aé"


def test_looked_up_answers_need_no_letters_that_the_model_knows(toy_model: Model) -> None:
    known = Prediction("x é", log(0.5), unknown=("é",), origin="exception")
    guessed = answer(("y", 1.0), unknown=("é",))
    answers = {"é": Prediction(**{**vars(known), "alternatives": (guessed,)})}
    made = make_dictionary(Scripted(toy_model, answers), answers, FORMATS["lexicon"])
    assert list(made.lines()) == ["é x é"]
    assert made.symbols == {}


def test_the_network_adds_nothing_to_what_was_looked_up(toy_model: Model) -> None:
    known = Prediction("x", log(0.75), origin="exception")
    second = Prediction("z", log(0.25), origin="exception")
    answers = {"a": Prediction(**{**vars(known), "alternatives": (second, answer(("y", 1.0)))})}
    made = make_dictionary(Scripted(toy_model, answers), answers, FORMATS["lexicon"])
    assert list(made.lines()) == ["a x", "a z"]


def test_what_would_be_read_back_as_something_else_is_no_entry(toy_model: Model) -> None:
    answers = dict.fromkeys(["x(2)", ";;;", "x"], answer(("P", 1.0))) | {"ok": answer(("#P", 1.0))}
    made = make_dictionary(Scripted(toy_model, answers), answers, FORMATS["cmu"])
    assert [entry.word for entry in made.entries] == ["X"]
    made = make_dictionary(Scripted(toy_model, {"x": answer(("#1", 1.0))}), ["x"], FORMATS["lexicon"])
    assert "'#1'" in made.left_out[0][1]


@pytest.mark.parametrize("name", FORMATS)
@settings(deadline=None)
@given(words=st.dictionaries(WORD, st.lists(st.lists(PHONE, min_size=1, max_size=3), min_size=1, max_size=3)))
def test_what_is_written_is_read_back(
    name: str, words: dict[str, list[list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    form = FORMATS[name]
    made = PronunciationDictionary(form)
    for word, phones in words.items():
        if not any(form.problem(form.case(word), each) for each in phones):
            listed = tuple(Pronunciation(tuple(each), 1 / number) for number, each in enumerate(phones, start=1))
            made.entries.append(Entry(form.case(word), listed))
    path = tmp_path_factory.getbasetemp() / f"{name}.txt"
    path.write_text("".join(f"{line}\n" for line in made.lines()), encoding="utf-8")
    config = DataConfig(format="lexicon" if name == "sherpa" else name)
    found = [(each.source, each.target) for each in read_examples([str(path)], config, ReadReport())]
    wanted = [(e.word, " ".join(p.phones)) for e in made.entries for p in e.pronunciations[: form.most]]
    assert sorted(found) == sorted(wanted)


def run(*arguments: object, text: str | None = None) -> Result:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=text)
    assert done.exit_code == 0, done.output
    return done


def test_the_command_writes_a_dictionary_and_says_what_is_missing(toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "base.dict").write_text("CD  CD\nDC(2)  DC\n", encoding="utf-8")
    output, missing = tmp_path / "out.txt", tmp_path / "missing.tsv"
    options = ("--format", "cmu", "--base", tmp_path / "base.dict", "--output", output, "--unreadable", missing)
    done = run("lexicon", toy_folder, "-", *options, text="abc\nab\ncd\ndc\nxy\nab\n")
    assert output.read_text(encoding="utf-8") == "AB  ab\nABC  abc\n"
    assert missing.read_text(encoding="utf-8") == "xy\tthe model has never seen 'x', 'y'\n"
    assert "2 words with 2 pronunciations" in done.stderr
    assert "2 words left out: the base dictionary has them" in done.stderr
    assert "1 word without an entry: 'xy'; the first because the model has never seen 'x', 'y'" in done.stderr


def test_a_base_with_other_capitals_is_said_where_they_count(toy_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "base.dict").write_text("CD  CD\nDC(2)  DC\n", encoding="utf-8")
    done = run("lexicon", toy_folder, "--format", "kaldi", "--base", tmp_path / "base.dict", text="ab\ncd\n")
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["ab", "cd"]
    assert "1 word not taken for known: the base dictionary has the like with other capitals" in done.stderr


def test_several_pronunciations_have_probabilities(toy_folder: Path) -> None:
    lines = run("lexicon", toy_folder, "--n-best", 3, "--min-probability", 0, text="ab\n").stdout.splitlines()
    probabilities = [float(line.split("\t")[1]) for line in lines]
    assert len(lines) == 3
    assert max(probabilities) == 1.0
    assert min(probabilities) >= 0.01
    assert run("lexicon", toy_folder, "--n-best", 3, "--min-probability", 1, text="ab\n").stdout == "ab\t1.00\tab\n"


def test_a_wrong_format_is_refused(toy_folder: Path) -> None:
    done = CliRunner().invoke(app, ["lexicon", str(toy_folder), "--format", "kaldy"], input="ab\n")
    assert done.exit_code == 2
    assert "did you mean kaldi?" in done.stderr
    with pytest.raises(ConfigError, match="not a format"):
        dictionary_format("")


def test_a_graph_without_pytorch_writes_the_same(exported_folder: Path) -> None:
    words = "abc\nd\nbad\nx\n"
    with_torch = run("lexicon", exported_folder, "--engine", "torch", "--n-best", 2, text=words).stdout
    hidden = "import sys\nfor name in ('torch', 'pyarrow', 'jaxtyping', 'filelock'): sys.modules[name] = None\n"
    code = f"{hidden}from seqloom.cli.main import main\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code, "lexicon", str(exported_folder), "--n-best", "2"],
        input=words,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == with_torch
    assert "the model has never seen 'x'" in done.stderr
