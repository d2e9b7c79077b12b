"""Read lines with a regular expression that has the groups `source`, `target` and optionally `tags`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example
from seqloom.data.readers.columns import checked, split_tags
from seqloom.data.readers.lines import read_lines
from seqloom.data.readers.report import ReadReport


def read_pattern(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the examples of a file; every line must match `data.pattern` as a whole."""
    pattern = re.compile(config.pattern)
    for origin, line in read_lines(entry, report, config.encoding):
        if line is None:
            continue
        match = pattern.fullmatch(line)
        if match is None:
            report.refuse(origin, f"must match data.pattern, not be {line[:60]!r}")
            continue
        groups = match.groupdict(default="")
        tags = split_tags(groups.get("tags", ""), config)
        example = checked(Example(groups["source"], groups["target"], origin, tags), report)
        if example is not None:
            yield example
