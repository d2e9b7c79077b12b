"""What a student learns from: the sources to be answered, the dev pairs that are held out, and the file of pairs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from seqloom.checkpoint.files import output_file
from seqloom.data import DataConfig, Example, ReadReport, Source, group_by_source, read_sources
from seqloom.data.cache import READING
from seqloom.synthetic.teacher import Lesson


def reading(teacher: DataConfig, student: DataConfig) -> DataConfig:
    """The student's settings, with those that say how files are read as the teacher has them, where the student has
    none of its own; without training files."""
    usual, own = DataConfig().model_dump(), student.model_dump()
    given = {name: value for name, value in teacher.model_dump(include=READING).items() if own[name] == usual[name]}
    return DataConfig.model_validate({**own, **given, "train": (), "weights": ()})


def learning(read: DataConfig, **files: Any) -> DataConfig:
    """The settings for reading what `write_pairs` has written, from pairs that were read with the settings `read`: tags
    from the names of files, or given by hand, stand in a column of their own."""
    named = {"tag_from_name": "", "fixed_tags": (), "tags": read.tags or "tags"}
    return read.replace(**files, **(named if read.tag_from_name or read.fixed_tags else {}), format="auto", pattern="")


def lessons(examples: Sequence[Example], more: Iterable[Source]) -> list[Lesson]:
    """One lesson for each different source with its tags: those of pairs first, then the others that are not empty."""
    paired = [Lesson(Source(each.source, each.tags), each.targets) for each in group_by_source(examples)]
    known = {lesson.source for lesson in paired}
    others = dict.fromkeys(source for source in more if source.text.strip() and source not in known)
    return [*paired, *map(Lesson, others)]


def held_out(examples: Sequence[Example], config: DataConfig) -> tuple[list[Example], list[Example]]:
    """Training and dev pairs: as many sources as `data.dev_count` and `data.dev_fraction` allow are set aside, chosen
    by `data.seed`, with all their pairs."""

    def key(source: str) -> bytes:
        return blake2b(f"{config.seed} {source}".encode(), digest_size=16).digest()

    sources = sorted({each.source for each in examples}, key=key)
    aside = set(sources[: min(config.dev_count, int(len(sources) * config.dev_fraction))])
    return [each for each in examples if each.source not in aside], [each for each in examples if each.source in aside]


def write_pairs(path: Path, pairs: Iterable[Example], config: DataConfig) -> None:
    """Write pairs as JSON Lines in the fields and the encoding that `config` reads them from."""
    source, target = config.source or "source", config.target or "target"
    with output_file(path) as stream:
        for pair in pairs:
            values: dict[str, Any] = {
                source: pair.source,
                target: list(pair.targets) if pair.references else pair.target,
            }
            values |= {config.tags: list(pair.tags)} if config.tags else {}
            stream.write(f"{json.dumps(values)}\n".encode(config.encoding))


def more_sources(files: Sequence[str], config: DataConfig, report: ReadReport) -> Iterator[Source]:
    """The sources in some files without targets, read as inputs of a model are."""
    inputs = config.of_inputs({})
    return (source for file in files for source in read_sources(file, inputs, report))
