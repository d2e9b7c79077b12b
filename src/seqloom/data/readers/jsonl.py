"""One JSON object a line; the keys are configurable, a target that is a list holds several references."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin, Source
from seqloom.data.readers.columns import checked, split_tags
from seqloom.data.readers.lines import read_lines
from seqloom.data.readers.report import ReadReport


class FieldError(Exception):
    """A field of a record does not hold text."""


def json_records(path: str, report: ReadReport) -> Iterator[tuple[Origin, dict[str, Any] | None]]:
    """The object of each line; None for one that was refused and skipped."""
    for origin, line in read_lines(path, report):
        yield origin, None if line is None else _object(line, origin, report)


def read_jsonl(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Examples of a JSONL file."""
    for origin, record in json_records(entry, report):
        example = None if record is None else record_example(record, config, origin, report)
        if example is not None:
            yield example


def record_example(record: Mapping[str, Any], config: DataConfig, origin: Origin, report: ReadReport) -> Example | None:
    """The example in a record of named fields; None where it was refused and skipped."""
    try:
        source = _text(record, config.source or "source")
        target, *more = _texts(record, config.target or "target")
        for name in config.references:
            if record.get(name) is not None:
                more += _texts(record, name)
        tags = record_tags(record, config)
    except FieldError as error:
        report.refuse(origin, str(error))
        return None
    return checked(Example(source, target, origin, tags, tuple(text for text in more if text.strip())), report)


def record_source(record: Mapping[str, Any], config: DataConfig, origin: Origin, report: ReadReport) -> Source | None:
    """The source in a record; None where it was refused and skipped."""
    try:
        return Source(_text(record, config.source or "source"), record_tags(record, config))
    except FieldError as error:
        report.refuse(origin, str(error))
        return None


def record_tags(record: Mapping[str, Any], config: DataConfig) -> tuple[str, ...]:
    """The tags of a record: a list, or text with separators."""
    if not config.tags or record.get(config.tags) is None:
        return ()
    texts = _texts(record, config.tags)
    return tuple(tag for text in texts for tag in split_tags(text, config))


def _object(line: str, origin: Origin, report: ReadReport) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", None) or "nested too deeply or number too long"
        report.refuse(origin, f"must be a JSON object: {reason[:1].lower() + reason[1:]}")
        return None
    if not isinstance(value, dict):
        report.refuse(origin, f"must be a JSON object, not {type(value).__name__}")
        return None
    return value


def _texts(record: Mapping[str, Any], name: str) -> list[str]:
    value = record.get(name)
    if isinstance(value, list | tuple) and value:
        return [_text({name: inner}, name) for inner in value]
    return [_text(record, name)]


def _text(record: Mapping[str, Any], name: str) -> str:
    """Text of a field; numbers (labels, as a rule) are written out."""
    if name not in record:
        raise FieldError(f"must have the field {name!r}; it has {', '.join(sorted(record))[:200] or 'none'}")
    value = record[name]
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return json.dumps(value)
    raise FieldError(f"the field {name!r} must hold text, not {type(value).__name__}")
