"""Tags that stand in no column: from the name of a file, such as the language of `rum_train.tsv`, or given by hand.

    tags of an example = those given by hand, or else the one in the name of its file; then those of its column

Tags given by hand (`data.fixed_tags`) stand in place of the one in the name; where `data.tag_from_name` is not set,
they stand in place of the column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Source
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError


def tag_in_name(name: str, pattern: str) -> str | None:
    """The tag in the name of a file: the group `tag` of the last place at which the pattern matches; None if nowhere.

    A pattern with a slash is searched for in the whole path, any other in the name of the file without its folder.
    """
    searched = name if "/" in pattern else Path(name).name
    found = [match["tag"] for match in re.finditer(pattern, searched)]
    return (found[-1] or None) if found else None


def without_replaced(config: DataConfig) -> DataConfig:
    """The settings without the column of tags, if tags given by hand stand in its place."""
    return config.replace(tags="") if config.fixed_tags and not config.tag_from_name else config


def tagged_examples(
    examples: Iterable[Example], name: str, config: DataConfig, report: ReadReport
) -> Iterator[Example]:
    """The examples of the file `name`, with the tags that stand in no column before their own.

    Raises `DataError` for a file in whose name `data.tag_from_name` finds no tag.
    """
    tag = _named(name, config)
    if tag is None and config.tag_from_name and not config.fixed_tags:
        raise DataError(
            f"the name of the file must hold a tag where data.tag_from_name = {config.tag_from_name!r} finds it",
            where=name,
            hint="give the tag by --tag NAME (data.fixed_tags), or change data.tag_from_name",
        )
    for example in examples:
        yield replace(example, tags=_joined(tag, example.tags, config, report))


def tagged_sources(sources: Iterable[Source], name: str, config: DataConfig, report: ReadReport) -> Iterator[Source]:
    """The inputs in the file `name`, with the tags that stand in no column before their own; the name need have none.

    Empty lines stay without tags.
    """
    tag = _named(name, config)
    for source in sources:
        yield Source(source.text, _joined(tag, source.tags, config, report)) if source.text else source


def _named(name: str, config: DataConfig) -> str | None:
    """The tag in the name of a file, where it is asked for."""
    asked = config.tag_from_name and not config.fixed_tags
    return tag_in_name(name, config.tag_from_name) if asked else None


def _joined(tag: str | None, own: tuple[str, ...], config: DataConfig, report: ReadReport) -> tuple[str, ...]:
    if config.fixed_tags:
        return (*config.fixed_tags, *own) if config.tag_from_name else config.fixed_tags
    if tag is None:
        return own
    report.named[tag] = report.named.get(tag, 0) + 1
    return (tag, *own)
