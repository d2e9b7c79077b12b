"""Sequence-level knowledge distillation (Kim & Rush 2016, §3.2): a student learns from the answers of a teacher."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from seqloom.api import Model, train_run
from seqloom.data import DataConfig, Example, Origin, ReadReport, read_examples
from seqloom.data.digests import content_digests
from seqloom.data.readers import files_of
from seqloom.data.readers.lines import readable_once
from seqloom.errors import ConfigError, DataError
from seqloom.metrics import metric
from seqloom.metrics.text_form import in_one_form
from seqloom.prediction import Prediction
from seqloom.remarks import Remarks
from seqloom.synthetic.filters import Filters, Tally
from seqloom.synthetic.lessons import held_out, learning, lessons, more_sources, reading, write_pairs
from seqloom.synthetic.teacher import Answers, Lesson, Teacher, Teaching
from seqloom.training import Inputs, RunConfig
from seqloom.training.group import Place
from seqloom.training.runs import run_config
from seqloom.training.states.folder import RunFolder
from seqloom.training.states.lock import sole_writer

PAIRS, DEV = "train.jsonl", "dev.jsonl"
Say = Callable[[str], None]


@dataclass
class Distilled:
    """What the student learns from.

    `tally` counts the sources and the answers that were kept, `paired` the sources with given targets, `different`
    those of them whose answer is none of the given targets, `given` those that keep a given target because their answer
    was left out, and `original` the given pairs that the student learns from beside the answers.
    """

    tally: Tally = field(default_factory=Tally)
    remarks: Remarks = field(default_factory=Remarks)
    paired: int = 0
    different: int = 0
    given: int = 0
    original: int = 0

    def sentences(self) -> Iterator[str]:
        """What a user should know."""
        yield f"the teacher's answers differ from the given targets for {self.different:,} of {self.paired:,} sources"
        yield from self.tally.sentences()
        if self.given:
            yield f"{self.given:,} sources keep their given target, because the teacher's answer was left out"
        if self.original:
            yield f"{self.original:,} given pairs are learned from beside the answers"
        yield from self.remarks.sentences()

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        counts = {name: getattr(self, name) for name in ("paired", "different", "given", "original")}
        return {**self.tally.to_json(), **counts, "remarks": self.remarks.to_json()}


def distill(
    teacher: Path | str,
    pairs: Sequence[str] | str,
    output: Path | str,
    *,
    dev: Sequence[str] = (),
    sources: Sequence[str] = (),
    teaching: Teaching = Teaching(),  # noqa: B008 - a frozen value
    student: RunConfig | None = None,
    progress: TextIO | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Model:
    """Let the model in the folder `teacher` answer the sources of some files of pairs, and train a student on that.

    `sources` are files of further sources without targets. Dev pairs stay as they were given; without `dev`, some of
    the pairs are set aside. `student` holds the student's settings. The pairs are read as the teacher's were, but for
    what these settings say, and are held in memory. The answers and the student's pairs are kept in a folder beside
    `output`, from which `resume` goes on where it was stopped.
    """
    folder, config = RunFolder(Path(output)), student or run_config()
    if Place.here().size > 1:
        raise ConfigError(
            "several processes would all ask the teacher",
            hint=f"run seqloom distill alone; then several can train on {_beside(folder.output) / PAIRS}",
        )
    if config.data.mixes and config.data.mix_by == "entry":
        raise ConfigError(
            "a student learns from one file of answers, and data.weights and data.temperature mix several files",
            hint="data.mix_by = tag mixes by tag",
        )
    if not resume and not overwrite:
        folder.check_free()
    if resume and (folder.begun or folder.finished):
        return train_run(None, output, progress=progress, resume=True)

    def say(text: str) -> None:
        if progress is not None:
            progress.write(f"{text}\n")
            progress.flush()

    files = _Files([pairs] if isinstance(pairs, str) else pairs, dev or config.data.dev, sources)
    material = _Material(Teacher.load(teacher, teaching), files, config, teaching, say)
    lessons_folder = _beside(folder.output)
    with sole_writer(lessons_folder):
        data, made = material.written(lessons_folder, overwrite=overwrite)
    inputs = Inputs(made=made)
    return train_run(config.replace(data=data), output, inputs=inputs, progress=progress, overwrite=overwrite)


def _beside(output: Path) -> Path:
    """The folder of the answers and the pairs, beside the student's."""
    return output.with_name(f"{output.name}-lessons")


@dataclass(frozen=True)
class _Files:
    pairs: Sequence[str]
    dev: Sequence[str]
    sources: Sequence[str]


@dataclass(frozen=True)
class _Material:
    """Makes what a student learns from."""

    teacher: Teacher
    files: _Files
    config: RunConfig
    teaching: Teaching
    say: Say

    def written(self, folder: Path, *, overwrite: bool) -> tuple[DataConfig, dict[str, Any]]:
        """Write the files of training and dev pairs; returns the settings to read them, and facts for the record."""
        data, teaching = reading(self.teacher.model.config.data, self.config.data), self.teaching
        report = ReadReport(data.on_bad_line)
        examples = list(read_examples(self.files.pairs, data, report))
        if self.files.dev:
            dev = list(read_examples(self.files.dev, data, report))
        else:
            examples, dev = held_out(examples, self.config.data)
        more = more_sources(self.files.sources, data, report)
        answers = Answers(
            folder, self.teacher, lessons(examples, more), metric(teaching.closest) if teaching.closest else None
        )
        if not answers.lessons:
            raise DataError("there must be at least one source for the teacher to answer, not none")
        before, done = answers.begin(overwrite=overwrite), Distilled()
        already = f", {before:,} of them are answered already" if before else ""
        self.say(f"{self.teacher.folder} answers {len(answers.lessons):,} sources{already}")
        train, aside = (str(folder / PAIRS),), (str(folder / DEV),) if dev else ()
        learned = learning(data, train=train, dev=aside, dev_count=data.dev_count if dev else 0)
        try:
            write_pairs(folder / PAIRS, self._pairs(answers, examples, done), learned)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("stopped; the answers are kept, and the same command goes on with them") from None
        write_pairs(folder / DEV, dev, learned)
        for sentence in (*report.sentences(), *done.sentences()):
            self.say(f"note: {sentence}")
        return learned, {"teacher": self.teacher.facts, **self._sources(data), "counts": done.to_json()}

    def _sources(self, data: DataConfig) -> dict[str, Any]:
        """The files that were read, with their hashes, and how the teacher answered."""
        entries = [*self.files.pairs, *self.files.dev]
        named = [*(file for entry in entries for file in files_of(entry, data)), *self.files.sources]
        files = [file for file in named if not readable_once(file)]
        hashes = zip(files, content_digests(files, None), strict=True)
        return {
            "files": [{"file": file, "sha256": each} for file, each in hashes],
            "closest": self.teaching.closest,
            "search": self.teacher.model.config.search.model_dump(mode="json"),
            "keep_original": self.teaching.keep_original,
        }

    def _pairs(self, answers: Answers, examples: Sequence[Example], done: Distilled) -> Iterator[Example]:
        """The pairs that the student learns from; `done` is filled on the way."""
        filters, origin = Filters(), Origin(str(answers.folder), 1)
        for lesson, answer in zip(answers.lessons, answers.all(self.say), strict=True):
            done.tally.read += 1
            done.remarks.add(answer)
            reason = filters.reason(lesson.source.text, answer)
            text = answer.text if not reason else lesson.targets[0] if lesson.targets else ""
            _count(done, lesson, answer, reason)
            if text:
                yield Example(lesson.source.text, text, origin, lesson.source.tags)
        chance = random.Random(self.config.training.seed)
        for example in examples:
            if chance.random() < self.teaching.keep_original:
                done.original += 1
                yield example


def _count(done: Distilled, lesson: Lesson, answer: Prediction, reason: str) -> None:
    given = {in_one_form(target) for target in lesson.targets}
    done.paired += bool(given)
    if reason:
        done.tally.left_out[reason] += 1
        done.given += bool(given)
        return
    done.tally.kept += 1
    done.different += bool(given) and in_one_form(answer.text) not in given
