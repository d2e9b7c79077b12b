"""The report on data for people: what was read, what it is like, what training would choose, what looks wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from textwrap import wrap
from typing import Any

from rich.table import Table

from seqloom.cli.printing import file_name, plain_console, plain_table, short, short_place, told_apart

LABELS, ONCE = 12, 12
"""How many labels, and how many characters that occur once, are shown; the JSON has all."""
BAR = 20
"""Length of the bar of the most frequent label in characters."""
PLACE = 22
"""Length of a place in a table of 80 columns; the JSON has all of it."""
COUNTS = ("pairs", "duplicates", "distinct_sources", "distinct_targets", "sources_with_several_targets", "bad_lines")


def report_tables(values: Mapping[str, Any]) -> None:
    """Print a report on data: facts first, then what training would choose, then warnings, the worst first."""
    console = plain_console()
    for each in (*_read(values), *_alike(values)):
        console.print(each)
    console.print()
    for sentence in _chosen(values["outlook"]):
        console.print("\n".join(wrap(sentence, 80, subsequent_indent="  ", break_long_words=False)))
    console.print(_vocabulary(values["vocabulary"]))
    if values["against"]:
        console.print(_against(values))
    for warning in values["warnings"]:
        said = f"warning: {warning}"
        console.print("\n".join(wrap(said, console.width, subsequent_indent="  ")) if console.is_terminal else said)


def _read(values: Mapping[str, Any]) -> Iterator[Table | str]:
    """How the files were read: their layout, columns and numbers."""
    table = plain_table(", ".join(values["files"]), "")
    for name in COUNTS:
        table.add_row(name.replace("_", " "), f"{values[name]:,}")
    for name, value in {**values["layout"], "encoding": values["encoding"]}.items():
        table.add_row(name, short(value, 50))
    yield table
    if values["columns"]:
        columns = plain_table("column", "read as", "looks like", "different", "empty", "such as")
        for each in values["columns"]:
            name = f"{each['place']} {each['name']}".strip()
            counts = (f"{each['distinct']:,}", f"{each['empty']:,}")
            columns.add_row(short(name, 16), each["role"] or "-", each["kind"], *counts, short(each["sample"], 26))
        rows = max(each["rows"] for each in values["columns"])
        columns.caption = f"by the first {rows:,} rows of the first file"
        columns.caption_justify = "left"
        yield columns


def _alike(values: Mapping[str, Any]) -> Iterator[Table | str]:
    """What the pairs are like: lengths, labels, contradictions, characters."""
    table = plain_table("length", "mean", "median", "p95", "p99", "longest", "at")
    for name, each in values["lengths"].items():
        quantiles = (f"{each[part]:,}" for part in ("median", "p95", "p99", "longest"))
        table.add_row(name, f"{each['mean']:.1f}", *quantiles, short_place(each["longest_at"], PLACE))
    ratio = values["length_ratio"]
    quantiles = (f"{ratio[part]:.2f}" for part in ("median", "p95", "p99", "largest"))
    table.add_row("longer : shorter", "", *quantiles, short_place(ratio["largest_at"], PLACE))
    yield table
    if values["labels"]:
        yield _labels(values)
    if values["contradictions"]:
        yield _contradictions(values)
    characters = plain_table("characters", "different", "once", "which occur once, and where")
    for side, each in values["characters"].items():
        named = [f"{character} {file_name(where)}" for character, where in islice(each["once"].items(), ONCE // 3)]
        more = " …" if len(each["once"]) > len(named) else ""
        shown = ", ".join(name if name[0].isprintable() else repr(name[0]) + name[1:] for name in named)
        characters.add_row(side, f"{each['different']:,}", f"{len(each['once']):,}", f"{shown}{more}")
    yield characters


def _labels(values: Mapping[str, Any]) -> Table:
    labels, most = values["labels"], max(values["labels"].values())
    table = plain_table("label", "pairs", "share", "")
    for label, count in islice(labels.items(), LABELS):
        share = f"{100 * count / values['pairs']:.1f} %"
        table.add_row(short(label, 30), f"{count:,}", share, "█" * max(1, round(BAR * count / most)))
    if len(labels) > LABELS:
        rest = sum(islice(labels.values(), LABELS, None))
        share = f"{100 * rest / values['pairs']:.1f} %"
        table.add_row(f"{len(labels) - LABELS:,} others together", f"{rest:,}", share, "")
    return table


def _contradictions(values: Mapping[str, Any]) -> Table:
    table = plain_table("different targets of", "number", "such as", "at")
    for each in values["contradictions"]:
        source = short("; ".join([each["source"], *each["tags"]]), 24)
        for number, target in enumerate(each["targets"][:2]):
            first = (source, f"{each['different']:,}") if not number else ("", "")
            table.add_row(*first, short(target["target"], 24), short_place(target["where"], PLACE))
    return table


def _chosen(outlook: Mapping[str, Any]) -> Iterator[str]:
    """What training would choose, and why."""
    yield f"kind of pairs: {outlook['kind']}"
    yield from (f"tokenizers: {sentence}" for sentence in outlook["tokenizers"])
    yield f"measures: {', '.join(outlook['measures'])}, as {outlook['measures_why']}"
    yield "seqloom plan FILE shows the other choices, and how long training takes"


def _vocabulary(values: Mapping[str, Any]) -> Table:
    """The share of characters that the chosen vocabularies cannot read or write."""
    table = plain_table("vocabulary", "unknown in sources", "unwritable in targets")
    for name, sides in zip(told_apart(values["files"]), values["files"].values(), strict=True):
        shares = (f"{100 * sides[side]['unknown_share']:.2g} % of characters" for side in ("source", "target"))
        table.add_row(name, *shares)
    return table


def _against(values: Mapping[str, Any]) -> Table:
    """What files have in common with the data; of sources with tags also how many were seen with any tags."""
    tagged = any(each["texts_seen"] != each["sources_seen"] for each in values["against"])
    more = ["with any tags"] if tagged else []
    shared = plain_table("shared with", "pairs", "sources seen", *more, "pairs seen", "unknown characters")
    names = told_apart([", ".join(values["files"]), *(each["file"] for each in values["against"])])[1:]
    for name, each in zip(names, values["against"], strict=True):
        unknown = sum(map(len, each["unknown_characters"].values()))
        texts = [each["texts_seen"]] if tagged else []
        numbers = (each["pairs"], each["sources_seen"], *texts, each["pairs_seen"], unknown)
        shared.add_row(name, *(f"{number:,}" for number in numbers))
    return shared
