"""Read JSON objects, one on each line or all in one array.

The names of the fields are configurable, and a list of targets gives several references.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin, Source
from seqloom.data.readers.columns import checked, labelled, split_tags
from seqloom.data.readers.lines import display_name, read_lines
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError
from seqloom.text.splitting import words_of

Line = tuple[Origin, str | None]
Records = Iterator[tuple[Origin, dict[str, Any] | None]]
BLANK = 1000
"""Number of blank lines that may come before an array."""
NUMBERS = 'data.numbers = "text" converts numbers to text'


class FieldError(Exception):
    """A field of a record is missing or does not hold text; becomes a refused line."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def json_records(path: str, config: DataConfig, report: ReadReport) -> Records:
    """The objects of a file, one on each line or all in one array; None for one that was refused and skipped.

    An array is read as a whole, and its elements are numbered from 1.
    """
    lines = read_lines(path, report, config.encoding)
    head = list(islice(_until_text(lines), BLANK))
    lines = chain(head, lines)
    if head and (head[-1][1] or "").lstrip().startswith("["):
        gathered = list(lines)
        elements = _array(gathered, path)
        if elements is not None:
            for number, value in enumerate(elements, start=1):
                origin = Origin(display_name(path), number)
                yield origin, _object(value, origin, report)
            return
        lines = iter(gathered)
    for origin, line in lines:
        yield origin, None if line is None else _parsed(line, origin, report)


def _until_text(lines: Iterator[Line]) -> Iterator[Line]:
    """The lines up to the first that is not blank, including it."""
    for line in lines:
        yield line
        if line[1] and not line[1].isspace():
            return


def read_jsonl(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the examples of a file of JSON objects."""
    for origin, record in json_records(entry, config, report):
        example = None if record is None else record_example(record, config, origin, report)
        if example is not None:
            yield example


def record_example(record: Mapping[str, Any], config: DataConfig, origin: Origin, report: ReadReport) -> Example | None:
    """The example in a record of named fields; None if it was refused and skipped."""
    fields = Fields(record, config, origin, report)
    try:
        source = fields.source()
        label = fields.label()
        target, *more = fields.targets()
        for name in config.references:
            if record.get(name) is not None:
                more += fields.texts(name)
        tags = fields.tags()
    except FieldError as error:
        report.refuse(origin, str(error), error.hint)
        return None
    frame = labelled(label, target, origin, report) if config.label else target
    if frame is None:
        return None
    return checked(Example(source, frame, origin, tags, tuple(text for text in more if text.strip())), report)


def record_source(record: Mapping[str, Any], config: DataConfig, origin: Origin, report: ReadReport) -> Source | None:
    """The source in a record; None if it was refused and skipped."""
    fields = Fields(record, config, origin, report)
    try:
        return Source(fields.source(), fields.tags())
    except FieldError as error:
        report.refuse(origin, str(error), error.hint)
        return None


@dataclass(frozen=True)
class Fields:
    """Reads texts from a record; raises `FieldError` for a field that is missing or does not hold text."""

    record: Mapping[str, Any]
    config: DataConfig
    origin: Origin
    report: ReadReport

    def source(self) -> str:
        """The source: a text, or a list of words."""
        name = self._source_name
        return self._words(name) if self._lists_words else self.text(name)

    def targets(self) -> list[str]:
        """The target and further ones, in a list; or the tags of a list of words, as one target."""
        name = self.config.target or ("tags" if self._lists_words and "target" not in self.record else "target")
        if self._lists_words and isinstance(self.record.get(name), list | tuple):
            return [self._words(name)]
        return self.texts(name)

    def label(self) -> str:
        """The label beside the target; empty where none is configured."""
        name = self.config.label
        if name and name not in self.record:
            raise self._lacking(name, "data.label names the field of the label")
        return self.text(name) if name else ""

    @property
    def _source_name(self) -> str:
        """The name of the field of the source: `tokens` where there is no `source`, and none is configured."""
        listed = "source" not in self.record and isinstance(self.record.get("tokens"), list | tuple)
        return self.config.source or ("tokens" if listed else "source")

    @property
    def _lists_words(self) -> bool:
        """Whether the source is a list of words."""
        return isinstance(self.record.get(self._source_name), list | tuple)

    def _words(self, name: str) -> str:
        """Words or tags in a list, with a space between them."""
        words = [self._written(each, name) for each in self.record[name]]
        for place, word in enumerate(words, start=1):
            if words_of(word) != [word]:
                raise FieldError(
                    f"the field {name!r} must hold words without white space, and number {place} is {word!r}"
                )
        return " ".join(words)

    def text(self, name: str) -> str:
        """The text in a field."""
        if name not in self.record:
            raise self._lacking(name, "data.source and data.target name fields")
        return self._written(self.record[name], name)

    def texts(self, name: str) -> list[str]:
        """The texts in a field that holds one text or a list of texts."""
        value = self.record.get(name)
        if isinstance(value, list | tuple) and value:
            return [self._written(inner, name) for inner in value]
        return [self.text(name)]

    def tags(self) -> tuple[str, ...]:
        """The tags in the configured field, which holds a list or a text with separators."""
        name = self.config.tags
        if not name:
            return ()
        if name not in self.record:
            if self.config.tags_needed:
                raise self._lacking(name, "data.tags names the field of the tags; null or [] stands for none")
            self.report.note("records without tags (data.untagged)", self.origin)
            return ()
        if self.record[name] is None or self.record[name] == []:
            return ()
        return tuple(tag for text in self.texts(name) for tag in split_tags(text, self.config))

    def _lacking(self, name: str, hint: str) -> FieldError:
        has = ", ".join(sorted(self.record))[:200] or "none"
        return FieldError(f"must have the field {name!r}; it has {has}", hint)

    def _written(self, value: Any, name: str) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            if not math.isfinite(value):
                raise FieldError(f"the field {name!r} must hold text, not {value}")
            if self.config.numbers == "text":
                self.report.note("numbers converted to text", self.origin)
                return repr(value)
            raise FieldError(f"the field {name!r} must hold text, not the number {value!r}", NUMBERS)
        kind = "nothing (null)" if value is None else type(value).__name__
        raise FieldError(f"the field {name!r} must hold text, not {kind}")


def _array(lines: Sequence[Line], path: str) -> list[Any] | None:
    """The elements of the array that the lines form together; None if each line is JSON of its own."""
    try:
        value = json.loads("\n".join(line or "" for _, line in lines), object_pairs_hook=_unique)
    except FieldError as error:
        raise DataError(str(error), where=display_name(path)) from None
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return None
        where = f"{display_name(path)}:{error.lineno}"
        raise DataError(f"must be an array of JSON objects: {_lowered(error.msg)}", where=where) from None
    except (ValueError, RecursionError):
        return None
    assert isinstance(value, list)
    return value


def _parsed(line: str, origin: Origin, report: ReadReport) -> dict[str, Any] | None:
    try:
        value = json.loads(line, object_pairs_hook=_unique)
    except FieldError as error:
        report.refuse(origin, str(error))
        return None
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", None) or "nested too deeply or number too long"
        begins = origin.line == 1 and line.rstrip().endswith("{")
        hint = "an object must stand on one line; or give one array of objects" if begins else ""
        report.refuse(origin, f"must be a JSON object: {_lowered(reason)}", hint)
        return None
    return _object(value, origin, report)


def _object(value: Any, origin: Origin, report: ReadReport) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        hint = 'name the texts: {"source": …, "target": …}' if isinstance(value, list) else ""
        report.refuse(origin, f"must be a JSON object, not {type(value).__name__}", hint)
        return None
    return value


def _unique(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object from its fields; raises `FieldError` if a key occurs twice."""
    found = dict(fields)
    if len(found) < len(fields):
        twice = next(name for place, (name, _) in enumerate(fields) if name in dict(fields[:place]))
        raise FieldError(f"must have each field once, and has {twice!r} twice")
    return found


def _lowered(reason: str) -> str:
    return reason[:1].lower() + reason[1:]
