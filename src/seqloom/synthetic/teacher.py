"""A teacher, and its answers to the sources that a student is to learn from, kept in a file as they are made."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

from seqloom.checkpoint import format as layout
from seqloom.checkpoint.files import disk_errors, make_folder, output_file
from seqloom.checkpoint.format import read_json_object
from seqloom.checkpoint.reading import read_manifest
from seqloom.checkpoint.seal import identity
from seqloom.combining import Combination, load_any
from seqloom.data import Source
from seqloom.data.whole_files import Say
from seqloom.errors import ConfigError, DataError
from seqloom.inference.predicting_model import PredictingModel
from seqloom.inference.predictor import WINDOW
from seqloom.metrics import Metric
from seqloom.prediction import Prediction

ANSWERS, ABOUT = "answers.jsonl", "about.json"
NOT_ANSWERING = frozenset({layout.CARD, layout.METRICS})
"""Files of a model folder that do not matter for its answers."""


@dataclass(frozen=True)
class Lesson:
    """A source, and the targets that are given for it; none for a source without a pair."""

    source: Source
    targets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Teaching:
    """How a teacher answers and what a student learns from.

    - `beam`: the beam of the teacher's search; 0 for the teacher's own
    - `closest`: the metric by which, of the teacher's n best answers, the one closest to the given targets is taken
      (Kim & Rush 2016, §3.3); empty for the best answer
    - `n_best`: how many answers `closest` chooses from; 0 for as many as the beam is wide
    - `keep_original`: the share of the given pairs that the student learns from as well, between 0 and 1
    """

    beam: int = 0
    closest: str = ""
    n_best: int = 0
    keep_original: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.keep_original <= 1:
            raise ConfigError(f"the share of original pairs must be between 0 and 1, not {self.keep_original:g}")
        if self.n_best and not self.closest:
            raise ConfigError("a number of answers to choose from needs a metric to choose by", hint="--closest chrf")


@dataclass(frozen=True)
class Teacher:
    """A model that answers, its folder, and a hash of the files that its answers follow from."""

    model: PredictingModel | Combination
    folder: str
    sha256: str

    @classmethod
    def load(cls, folder: Path | str, teaching: Teaching) -> Teacher:
        """The model in a folder, whatever engine runs it, or a combination of models in a file, with the search that it
        is to answer with."""
        model = load_any(folder)
        model.predictor.codecs.refuse_tags("distillation", str(folder))
        several = teaching.n_best or teaching.beam or model.config.search.beam
        model = model.with_settings(beam=teaching.beam or None, n_best=several if teaching.closest else 1)
        folders = model.settings.models if isinstance(model, Combination) else [str(folder)]
        files = {
            f"{number}/{name}": record
            for number, each in enumerate(folders)
            for name, record in read_manifest(Path(each)).files.items()
            if name not in NOT_ANSWERING
        }
        digest = identity(files)
        if isinstance(model, Combination):
            digest = sha256(f"{digest} {json.dumps(model.to_json(), sort_keys=True)}".encode()).hexdigest()
        return cls(model, str(folder), digest)

    @property
    def facts(self) -> dict[str, str]:
        """What a student's record says of its teacher."""
        return {"folder": self.folder, "sha256": self.sha256}


@dataclass(frozen=True)
class Answers:
    """The answers to some lessons, in the file of a folder; a lesson's answer is on the line of its number.

    With `closest`, the answer is the one of the n-best list that is closest to the given targets by this metric, the
    first of several that are equally close (Kim & Rush 2016, §3.3: sequence-level interpolation); otherwise, and where
    no target is given, it is the best one.
    """

    folder: Path
    teacher: Teacher
    lessons: Sequence[Lesson]
    closest: Metric | None = None

    @property
    def key(self) -> str:
        """A hash of all that the answers follow from."""
        digest = sha256(self.teacher.sha256.encode())
        digest.update(json.dumps(self.teacher.model.config.search.model_dump(mode="json"), sort_keys=True).encode())
        digest.update((self.closest.name if self.closest else "").encode())
        for lesson in self.lessons:
            digest.update(json.dumps([lesson.source.text, lesson.source.tags, lesson.targets]).encode())
        return digest.hexdigest()

    def begin(self, *, overwrite: bool) -> int:
        """Make the folder ready, and return how many lessons are answered in it already.

        Answers of another teacher, search or data are refused, or removed with `overwrite`.
        """
        about, answers = self.folder / ABOUT, self.folder / ANSWERS
        if overwrite or not about.exists():
            make_folder(self.folder)
            answers.unlink(missing_ok=True)
            with output_file(about) as stream:
                stream.write(
                    json.dumps({"answers_of": self.key, "teacher": self.teacher.facts}, indent=1).encode() + b"\n"
                )
        elif read_json_object(about.read_text(encoding="utf-8"), str(about)).get("answers_of") != self.key:
            raise ConfigError(
                "the answers that are kept here are of another teacher, or to other sources",
                where=str(self.folder),
                hint="start again with --overwrite, or name another --output",
            )
        return len(self._kept())

    def all(self, say: Say) -> Iterator[Prediction]:
        """The answer to each lesson, in order: those in the file first, then new ones, which are added to it."""
        kept = self._kept()
        yield from kept
        remaining = iter(self.lessons[len(kept) :])
        done = len(kept)
        path = self.folder / ANSWERS
        with disk_errors(path), path.open("ab") as stream:
            while window := list(islice(remaining, WINDOW)):
                found = self._closest(window, self.teacher.model.predictor.answer([each.source for each in window]))
                stream.write(b"".join(_line(each) for each in found))
                stream.flush()
                os.fsync(stream.fileno())
                done += len(window)
                if done < len(self.lessons):
                    say(f"{done:,} of {len(self.lessons):,} sources answered")
                yield from found

    def _kept(self) -> list[Prediction]:
        """The answers in the file; a line that was not written to its end is cut off."""
        path = self.folder / ANSWERS
        if not path.exists():
            return []
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(path, len(whole))
        return [_prediction(line, f"{path}:{number}") for number, line in enumerate(whole.splitlines(), start=1)]

    def _closest(self, lessons: Sequence[Lesson], found: Sequence[Prediction]) -> list[Prediction]:
        """The chosen answer of each n-best list."""
        if self.closest is None:
            return list(found)
        lists = [
            (each, *each.alternatives) if lesson.targets else (each,)
            for lesson, each in zip(lessons, found, strict=True)
        ]
        texts = [each.text for answers in lists for each in answers]
        targets = [
            lesson.targets or (answers[0].text,)
            for lesson, answers in zip(lessons, lists, strict=True)
            for _ in answers
        ]
        sign = 1 if self.closest.higher_is_better else -1
        values = iter(self.closest.per_example(texts, targets))
        scored = [[(sign * next(values), -rank, each) for rank, each in enumerate(answers)] for answers in lists]
        return [max(answers, key=lambda each: each[:2])[2] for answers in scored]


def _line(answer: Prediction) -> bytes:
    values = {"text": answer.text, "score": answer.score, "cut": answer.cut, "at_limit": answer.at_limit}
    return json.dumps({**values, "unknown": list(answer.unknown), "origin": answer.origin}).encode() + b"\n"


def _prediction(line: bytes, where: str) -> Prediction:
    try:
        values = json.loads(line)
        unknown, cut, at_limit = tuple(values["unknown"]), bool(values["cut"]), bool(values["at_limit"])
        text, score, origin = str(values["text"]), float(values["score"]), values["origin"]
        return Prediction(text, score, cut=cut, unknown=unknown, at_limit=at_limit, origin=origin)
    except (ValueError, KeyError, TypeError):
        raise DataError("must be an answer that was kept", where=where, hint="start again with --overwrite") from None
