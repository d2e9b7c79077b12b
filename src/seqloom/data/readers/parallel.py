"""Read parallel text files: line n of the first file is a source, line n of the second its target, of others
references; one of the others may hold labels (`data.label`)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example
from seqloom.data.readers.columns import checked, labelled
from seqloom.data.readers.lines import read_lines
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError


def parallel_paths(entry: str) -> list[str]:
    """The files of an entry such as `train.en,train.de`; raises `DataError` if there are fewer than two."""
    paths = [path.strip() for path in entry.split(",")]
    if len(paths) < 2 or not all(paths):
        raise DataError("must name two files", where=entry, hint='"train.en,train.de"')
    return paths


def read_parallel(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the examples of two or more files, which must have the same number of lines."""
    paths = parallel_paths(entry)
    if config.tags_needed:
        raise DataError("parallel files have no column of tags", where=entry, hint="use TSV or JSONL for tags")
    place = _label_place(paths, config, entry)
    for number, lines in enumerate(
        zip_longest(*(read_lines(path, report, config.encoding) for path in paths)), start=1
    ):
        if None in lines:
            ended = ", ".join(path for path, line in zip(paths, lines, strict=True) if line is None)
            raise DataError(
                f"parallel files must have as many lines as each other, not end at line {number - 1}", where=ended
            )
        texts = [text for _, text in lines]
        if any(text is None for text in texts):
            continue
        given = [text for text in texts if text is not None]
        origin = lines[0][0]
        label = None if place is None else given.pop(place)
        source, target, *more = given
        frame = target if label is None else labelled(label, target, origin, report)
        if frame is None:
            continue
        example = checked(Example(source, frame, origin, (), tuple(text for text in more if text.strip())), report)
        if example is not None:
            yield example


def _label_place(paths: list[str], config: DataConfig, entry: str) -> int | None:
    """The place, from 0, of the file of labels among the files of an entry; None where there is none."""
    if not config.label:
        return None
    if not config.label.isdecimal() or not 2 < int(config.label) <= len(paths):
        raise DataError(
            f"data.label must be the number of a file behind those of sources and targets, not {config.label!r}",
            where=entry,
            hint="--train words,tags,labels --set 'data.label=\"3\"'",
        )
    return int(config.label) - 1
