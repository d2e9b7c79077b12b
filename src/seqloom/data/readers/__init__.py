"""Files → examples. A format is a file of this folder and a line of `READERS`, or a reader of a plugin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Source
from seqloom.data.readers.columns import checked
from seqloom.data.readers.conll import read_conll, read_conll_words
from seqloom.data.readers.delimited import read_csv, read_tsv
from seqloom.data.readers.dictionaries import DICTIONARIES
from seqloom.data.readers.file_tags import tagged_examples, tagged_sources, without_replaced
from seqloom.data.readers.inputs import plain_source, read_cells, read_plain, read_records, read_table
from seqloom.data.readers.jsonl import read_jsonl
from seqloom.data.readers.lines import read_lines
from seqloom.data.readers.parallel import parallel_paths, read_parallel
from seqloom.data.readers.pattern import read_pattern
from seqloom.data.readers.report import USUAL, BadLine, ReadReport
from seqloom.data.readers.shards import matches, shards_of
from seqloom.data.readers.tables import read_arrow, read_parquet
from seqloom.errors import DataError
from seqloom.plugins import Family, at_work, instance_of

Reader = Callable[[str, DataConfig, ReadReport], Iterator[Example]]
"""(path, settings, report) → the examples of a file, one after the other; `report` is filled on the way."""

READERS: Family[Reader] = Family(
    "READERS",
    {
        "tsv": read_tsv,
        "csv": read_csv,
        "jsonl": read_jsonl,
        "parquet": read_parquet,
        "arrow": read_arrow,
        "parallel": read_parallel,
        "pattern": read_pattern,
        "conll": read_conll,
        **DICTIONARIES,
    },
    instance_of("a function (path, DataConfig, ReadReport) → examples", callable),
)

SUFFIXES = {
    ".tsv": "tsv",
    ".tab": "tsv",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".dict": "dictionary",
    ".conll": "conll",
    ".conllu": "conll",
    ".bio": "conll",
    ".iob": "conll",
}


UNLABELLED = ("conll", "pattern")
"""Formats that have no place for a label beside a target (`data.label`)."""


def format_of(entry: str, config: DataConfig, default: str = "tsv") -> str:
    """The format of an entry: the configured one, or else by `data.pattern`, a comma (parallel files) or the suffix."""
    if config.format != "auto":
        return config.format
    if config.pattern:
        return "pattern"
    if "," in entry and not Path(entry).exists():
        return "parallel"
    return SUFFIXES.get(Path(entry.removesuffix(".gz")).suffix.lower(), default)


def expanded(entry: str, config: DataConfig) -> list[str]:
    """The entries that an entry stands for: itself, or one for each file if it is a pattern such as `shards/*.tsv`."""
    return shards_of(entry, parallel=format_of(entry, config) == "parallel")


def files_of(entry: str, config: DataConfig) -> list[str]:
    """The files that an entry names, with patterns expanded and parallel files separate."""
    parallel = format_of(entry, config) == "parallel"
    return [file for shard in expanded(entry, config) for file in (parallel_paths(shard) if parallel else [shard])]


def matched(entry: str, config: DataConfig) -> list[str]:
    """Like `files_of`, but a pattern may match nothing, and parallel files need not pair up."""
    sides = parallel_paths(entry) if format_of(entry, config) == "parallel" else [entry]
    return [file for side in sides for file in matches(side)]


def read_examples(entries: Iterable[str], config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the examples of all entries in turn, as a stream; `report` is filled while reading."""
    config = without_replaced(config)
    for entry in entries:
        before = report.examples
        for shard in expanded(entry, config):
            kind = "parallel" if format_of(entry, config) == "parallel" else format_of(shard, config)
            if config.label and kind in UNLABELLED:
                raise DataError(
                    f"files of the format {kind} have no column of labels, and data.label is {config.label!r}",
                    where=shard,
                    hint="give columns, fields of JSON, or a third parallel file",
                )
            reader = READERS[kind] if kind in READERS.own else partial(_of_plugin, kind)
            yield from tagged_examples(reader(shard, config, report), shard, config, report)
        report.parts.append(report.examples - before)


def _of_plugin(kind: str, entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """The examples of a plugin's reader; whatever goes wrong in it is an error in words."""
    with at_work(f"reader {kind!r}", entry):
        for example in READERS[kind](entry, config, report):
            if not isinstance(example, Example):
                raise TypeError(f"it must yield examples (seqloom.data.Example), not {type(example).__name__}")
            yield example


def layouts(entries: Iterable[str], config: DataConfig) -> ReadReport:
    """Find the layouts of files from their first lines; only `tables` of the returned report is filled."""
    found = ReadReport(config.on_bad_line)
    for entry in entries:
        for shard in expanded(entry, config):
            report = ReadReport(config.on_bad_line)
            next(read_examples([shard], config, report), None)
            for table, files in report.tables.items():
                found.add_table(table, files.where)
    return found


def settled(config: DataConfig, report: ReadReport) -> DataConfig:
    """The settings with the delimiter and column names found in training files, for reading other files alike.

    Only what all text tables have in common is adopted, and settings that are given are kept.
    """
    tables = [table for table in report.tables if table.format in USUAL]
    changes: dict[str, object] = {}
    delimiters = {(table.delimiter, USUAL[table.format]) for table in tables}
    if not config.delimiter and len(delimiters) == 1:
        ((found, usual),) = delimiters
        changes |= {"delimiter": found} if found != usual else {}
    headers = {table.header for table in tables if table.header}
    if not config.header_names and len(headers) == 1:
        (header,) = headers
        changes["header_names"] = header
        places = {table.columns for table in report.tables}
        named = {name: header[place - 1] for name, place in tables[0].columns if name in ("source", "target")}
        turned = tables[0].header and (("source", 1) not in tables[0].columns or ("target", 2) not in tables[0].columns)
        if turned and len(places) == 1 and not config.source and not config.target:
            changes |= named
    return config.replace(**changes) if changes else config


def read_sources(path: str, config: DataConfig, report: ReadReport | None = None) -> Iterator[Source]:
    """Read inputs to predict from; standard input and files without a known suffix hold one source on each line.

    There is one `Source` for each line, including empty lines and, where bad lines are skipped, bad lines. The reader
    of a plugin reads inputs as it reads pairs; their targets are left out.
    """
    report = ReadReport(config.on_bad_line) if report is None else report
    config = without_replaced(config)
    return tagged_sources(_sources(path, config, report), path, config, report)


def _sources(path: str, config: DataConfig, report: ReadReport) -> Iterator[Source]:
    of_pairs = config.pattern or config.format in ("parallel", "pattern")
    match format_of(path, config.replace(format="auto", pattern="") if of_pairs else config, "lines"):
        case "jsonl":
            return read_records(path, config, report)
        case "parquet" | "arrow" as kind:
            return read_table(path, config, report, parquet=kind == "parquet")
        case "tsv" | "csv" as kind:
            return read_cells(path, config, report, comma=kind == "csv")
        case "conll":
            return read_conll_words(path, config, report)
        case "lines" | "parallel" | "pattern":
            return read_plain(path, config, report)
        case kind:
            return (Source(each.source, each.tags) for each in READERS[kind](path, config, report))


__all__ = [
    "READERS",
    "BadLine",
    "ReadReport",
    "Reader",
    "checked",
    "expanded",
    "files_of",
    "format_of",
    "layouts",
    "matched",
    "plain_source",
    "read_examples",
    "read_lines",
    "read_sources",
    "settled",
]
