"""A student learns from its teacher's answers: what is learned, what is said, and going on after a stop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from typer.testing import CliRunner

import seqloom
from seqloom.cli.main import app
from seqloom.config import build, laid_over
from seqloom.data import DataConfig, Example, Origin, ReadReport, Source, read_examples
from seqloom.errors import ConfigError, DataError
from seqloom.metrics import metric
from seqloom.prediction import Prediction
from seqloom.synthetic import teacher as teaching_module
from seqloom.synthetic.lessons import held_out, learning, lessons, reading, write_pairs
from seqloom.synthetic.teacher import ANSWERS, Answers, Lesson, Teacher, Teaching
from seqloom.training import RunConfig
from seqloom.training.runs import run_config
from toy import SETTINGS, copied
from toy import write_pairs as write_tsv


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


class Oracle:
    """A model that answers a text with the n-best list of its letters doubled, reversed and unchanged."""

    config = RunConfig()

    def __init__(self) -> None:
        self.asked: list[str] = []

    @property
    def predictor(self) -> Oracle:
        return self

    def answer(self, sources: Sequence[Source]) -> list[Prediction]:
        self.asked += [each.text for each in sources]
        return [_listed(each.text) for each in sources]


def _listed(text: str) -> Prediction:
    first, *others = (Prediction(answer, -1.0) for answer in (text * 2, text[::-1], text))
    return replace(first, alternatives=tuple(others), at_limit=text == "long", unknown=("?",) if text == "odd" else ())


def answers(folder: Path, model: Any, given: Sequence[Lesson], closest: str = "") -> Answers:
    return Answers(folder, Teacher(model, "teacher", "1234"), given, metric(closest) if closest else None)


LESSONS = [Lesson(Source("ab"), ("ba",)), Lesson(Source("cd"), ("x", "cd")), Lesson(Source("odd"))]


def test_the_best_answer_or_the_closest_to_any_target(tmp_path: Path) -> None:
    best = answers(tmp_path / "best", Oracle(), LESSONS)
    best.begin(overwrite=False)
    assert [each.text for each in best.all(print)] == ["abab", "cdcd", "oddodd"]
    close = answers(tmp_path / "close", Oracle(), LESSONS, "cer")
    close.begin(overwrite=False)
    assert [each.text for each in close.all(print)] == ["ba", "cd", "oddodd"]


def test_answers_are_kept_and_a_torn_line_is_answered_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teaching_module, "WINDOW", 1)
    model = Oracle()
    made = answers(tmp_path, model, LESSONS)
    made.begin(overwrite=False)
    stream = made.all(print)
    next(stream), next(stream)
    del stream
    with (tmp_path / ANSWERS).open("ab") as file:
        file.write(b'{"text": "od')
    again = answers(tmp_path, model, LESSONS)
    assert again.begin(overwrite=False) == 2
    found = list(again.all(print))
    assert model.asked == ["ab", "cd", "odd"]
    assert [(each.text, each.unknown) for each in found] == [("abab", ()), ("cdcd", ()), ("oddodd", ("?",))]
    whole = (tmp_path / ANSWERS).read_bytes()
    (tmp_path / ANSWERS).write_bytes(whole.replace(b"cdcd", b'cd"d'))
    with pytest.raises(DataError, match=r"answers\.jsonl:2: must be an answer that was kept"):
        answers(tmp_path, model, LESSONS).begin(overwrite=False)
    with pytest.raises(ConfigError, match="of another teacher"):
        answers(tmp_path, model, LESSONS[:2]).begin(overwrite=False)
    with pytest.raises(ConfigError, match="of another teacher"):
        answers(tmp_path, model, LESSONS, "cer").begin(overwrite=False)
    assert answers(tmp_path, model, LESSONS, "cer").begin(overwrite=True) == 0


def test_a_source_is_asked_once_with_its_tags() -> None:
    origin = Origin("f", 1)
    pairs = [Example("a", "x", origin), Example("a", "y", origin), Example("a", "z", origin, ("t",))]
    more = [Source("a"), Source(" "), Source("b"), Source("b")]
    assert lessons(pairs, more) == [
        Lesson(Source("a"), ("x", "y")),
        Lesson(Source("a", ("t",)), ("z",)),
        Lesson(Source("b")),
    ]


def test_sources_are_held_out_with_all_their_pairs() -> None:
    pairs = [Example(str(number // 2), "x", Origin("f", number)) for number in range(40)]
    train, dev = held_out(pairs, DataConfig())
    assert len(dev) == 4
    assert not {each.source for each in train} & {each.source for each in dev}
    assert held_out(pairs, DataConfig(seed=2))[1] != dev
    assert held_out(pairs, DataConfig(dev_count=0)) == (pairs, [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_written_pairs_are_read_by_the_settings_of_the_pairs(encoding: str, tmp_path: Path) -> None:
    config = DataConfig(source="2", target="1", tags="tags", encoding=encoding)
    pairs = [Example("é", "x", Origin("f", 1), ("t", "u"), ("y",)), Example("b", "語", Origin("f", 2))]
    write_pairs(tmp_path / "pairs.jsonl", pairs, config)
    found = list(read_examples([str(tmp_path / "pairs.jsonl")], config, ReadReport()))
    assert [replace(each, origin=Origin("f", number)) for number, each in enumerate(found, start=1)] == pairs


def test_pairs_are_read_as_the_teachers_were_unless_told() -> None:
    of_teacher = DataConfig(source="2", target="1", train=("a.tsv",), reverse_source=True)
    read = reading(of_teacher, DataConfig(target="3", dev_count=5))
    assert (read.source, read.target, read.train, read.dev_count, read.reverse_source) == ("2", "3", (), 5, False)


def test_tags_of_file_names_are_learned_from_a_column(tmp_path: Path) -> None:
    (tmp_path / "rum_train.tsv").write_text("a\tx\n")
    given = DataConfig(tag_from_name="(?P<tag>[a-z]+)_train")
    pairs = list(read_examples([str(tmp_path / "rum_train.tsv")], given, ReadReport()))
    config = learning(given, train=(str(tmp_path / "train.jsonl"),))
    write_pairs(tmp_path / "train.jsonl", pairs, config)
    (found,) = read_examples(config.train, config, ReadReport())
    assert (found.source, found.target, found.tags) == ("a", "x", ("rum",))
    assert learning(DataConfig(format="tsv"), dev=("d",)) == DataConfig(dev=("d",))


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(each) for each in arguments])


STUDENT = {**SETTINGS, "training.epochs": 1, "model.hidden": 16}
SETS = [f"--set={name}={json.dumps(value)}" for name, value in STUDENT.items()]


def test_the_command_trains_a_student_that_names_its_teacher(toy_folder: Path, tmp_path: Path) -> None:
    pairs = write_tsv(tmp_path / "pairs.tsv", [*copied(60, seed=5), ("abcd", "dcba"), ("abcd", "bbbb")])
    (tmp_path / "more.txt").write_text("dd\n\naa\n")
    asked = ["distill", toy_folder, pairs, "--output", tmp_path / "student", "--sources", tmp_path / "more.txt", *SETS]
    done = run(*asked, "--keep-original", 0.5, "--closest", "cer")
    assert done.exit_code == 0, done.output
    assert "the teacher's answers differ from the given targets for" in done.stderr
    student = seqloom.load(tmp_path / "student")
    made = student.metrics["record"]["made"]
    assert made["teacher"]["folder"] == str(toy_folder)
    assert len(made["teacher"]["sha256"]) == 64
    assert made["counts"]["original"] > 10
    assert [each["file"] for each in made["files"]] == [str(pairs), str(tmp_path / "more.txt")]
    folder = tmp_path / "student-lessons"
    learned = list(read_examples([str(folder / "train.jsonl")], DataConfig(), ReadReport()))
    dev = list(read_examples([str(folder / "dev.jsonl")], DataConfig(), ReadReport()))
    gold = set(copied(60, seed=5)) | {("abcd", "dcba"), ("abcd", "bbbb")}
    assert {(each.source, target) for each in dev for target in each.targets} <= gold
    assert not {each.source for each in dev} & {each.source for each in learned}
    assert {"dd", "aa"} <= {each.source for each in learned}
    shown = run("show", tmp_path / "student")
    assert "made.teacher.folder" in shown.stdout
    again = run("reproduce", tmp_path / "student")
    assert f"the training pairs hold the answers of {toy_folder}" in again.output
    refused = run(*asked)
    assert refused.exit_code == 2
    assert "holds a model already" in refused.output


def test_a_student_learns_what_the_teacher_says(toy_folder: Path, tmp_path: Path) -> None:
    """The given targets are wrong throughout; the teacher copies, and so does its student."""
    pairs = write_tsv(tmp_path / "pairs.tsv", [(source, "d" * len(source)) for source, _ in copied(600)])
    dev = write_tsv(tmp_path / "dev.tsv", copied(40, seed=2))
    config = build(RunConfig, laid_over({}, {**SETTINGS, "training.epochs": 3}))
    model = seqloom.distill(toy_folder, [str(pairs)], tmp_path / "student", dev=[str(dev)], student=config)
    test = copied(40, seed=3)
    copies, given = (
        model.evaluate(pairs, metrics="cer").scores[0].value
        for pairs in (test, [(source, "d" * len(source)) for source, _ in test])
    )
    assert copies < 0.7 * given
    differing = model.metrics["record"]["made"]["counts"]["different"]
    assert differing > 0.9 * model.metrics["record"]["made"]["counts"]["paired"]


def test_a_run_that_was_stopped_goes_on_to_the_same_student(toy_folder: Path, tmp_path: Path) -> None:
    pairs = write_tsv(tmp_path / "pairs.tsv", copied(80, seed=5))
    config = build(RunConfig, laid_over({}, {**STUDENT, "training.epochs": 2}))
    whole = seqloom.distill(toy_folder, str(pairs), tmp_path / "whole", student=config)

    class Stop(Exception):
        pass

    class Impatient(StringIO):
        """A stream of progress that fails when training has begun."""

        def write(self, text: str) -> int:
            if "epoch" in text:
                raise Stop
            return len(text)

    with pytest.raises(Stop):
        seqloom.distill(toy_folder, str(pairs), tmp_path / "cut", student=config, progress=Impatient())
    with pytest.raises(ConfigError, match="not finished"):
        seqloom.distill(toy_folder, str(pairs), tmp_path / "cut", student=config)
    on = seqloom.distill(toy_folder, str(pairs), tmp_path / "cut", student=config, resume=True)
    ours, theirs = whole.network.state_dict(), on.network.state_dict()
    assert all((ours[name] == theirs[name]).all() for name in ours)
    assert on.metrics["record"]["made"]["teacher"]["folder"] == str(toy_folder)


def test_an_ensemble_teaches(toy_folder: Path, tmp_path: Path) -> None:
    copytree(toy_folder, tmp_path / "again")
    seqloom.ensemble([toy_folder, tmp_path / "again"], tmp_path / "both")
    one, both = (Teacher.load(folder, Teaching()) for folder in (toy_folder, tmp_path / "both"))
    assert one.sha256 != both.sha256
    lesson = [Lesson(Source(source)) for source, _ in copied(5)]
    texts = []
    for number, taught in enumerate((one, both)):
        kept = Answers(tmp_path / str(number), taught, lesson)
        kept.begin(overwrite=False)
        texts.append([each.text for each in kept.all(print)])
    assert texts[0] == texts[1]


def test_what_makes_no_sense_is_refused(toy_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1, not 2"):
        Teaching(keep_original=2)
    with pytest.raises(ConfigError, match="needs a metric"):
        Teaching(n_best=3)
    mixed = run_config(settings={"data.temperature": 5})
    with pytest.raises(ConfigError, match="one file of answers"):
        seqloom.distill(toy_folder, str(tmp_path / "none.tsv"), tmp_path / "student", student=mixed)
    (tmp_path / "none.tsv").write_text("")
    with pytest.raises(DataError, match="at least one source"):
        seqloom.distill(toy_folder, str(tmp_path / "none.tsv"), tmp_path / "student")
