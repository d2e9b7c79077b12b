"""Examples to evaluate or tune on, whether given as files or as pairs in Python."""

from __future__ import annotations

from typing import Any

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, group_by_source
from seqloom.data.python_pairs import given_files, pairs_as_examples
from seqloom.data.readers import ReadReport, read_examples
from seqloom.errors import DataError


def given_examples(given: Any, config: DataConfig, report: ReadReport | None = None) -> list[Example]:
    """The examples in files, or in pairs; with `data.group_by_source`, those with the same source are one.

    Raises `DataError` for files without pairs.
    """
    report = ReadReport(config.on_bad_line) if report is None else report
    files = given_files(given)
    examples = list(read_examples(files, config, report) if files else pairs_as_examples(given, report, config=config))
    if files and not examples:
        raise DataError("there must be at least one pair, not none", where=", ".join(map(str, files)))
    return group_by_source(examples) if config.group_by_source else examples
