"""Findings that a user mends by naming other columns: the model would learn something else than what is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from seqloom.data.inspection.finding import Finding, Topic, Weight
from seqloom.data.inspection.inspection import Inspection
from seqloom.data.inspection.table_columns import NUMBER, NUMBERS, Column

FEWEST = 20
"""With fewer pairs nothing is said of what they are like."""
FEW, SHORT, TIMES = 200, 3.0, 10
"""Sources look like labels if there are at most so many different ones, each ten times on average, of so many words on
average, and so many times as many different targets."""
NEARLY = 0.95
"""The share of the pairs for which something must hold to be said of the data."""
OF_TURNED = frozenset({Topic.SEVERAL, Topic.SHARED, Topic.LENGTHS})
OF_UNREAD_TAGS = frozenset({Topic.SEVERAL, Topic.REPEATED, Topic.SHARED})
OF_TAGS_AS_TARGETS = frozenset(Topic)
OF_ROW_NUMBERS = frozenset({Topic.SHARED, Topic.LENGTHS})
"""What else is found where labels are read as sources, tags are not read or read as targets, or sources number rows."""
FRAME = 3
"""A text with so many numbers is a series of numbers."""


def layout_findings(found: Inspection, columns: Sequence[Column]) -> Iterator[Finding]:
    """The findings on what is read as source, target and tags; `columns` are those of the table, if it is one."""
    ordered = _ordered(columns)
    untagged = [each for each in columns if each.kind == "tags" and not each.role]
    if ordered:
        yield ordered
    elif not any(each.role == "tags" for each in columns):
        yield from _unread_tags(untagged[:1])
    yield from _row_numbers(columns)
    if not ordered:
        yield from _unread_texts(columns)
    if not untagged and not ordered and found.count >= FEWEST:
        yield from _turned(found, columns)
    for each in columns:
        if each.role == "tags" and each.kind == "empty":
            yield Finding(Weight.LAYOUT, f"{each.called} is read as tags, and is empty in all {each.rows:,} first rows")
    yield from _numbers(found)


def _ordered(columns: Sequence[Column]) -> Finding | None:
    """Columns in the order lemma, tags, form, of which the tags are read as targets."""
    target = next((each for each in columns if each.role == "target"), None)
    form = next((each for each in columns if not each.role and each.kind in ("words", "text", "symbols")), None)
    if target is None or form is None or target.kind != "tags" or form.place < target.place:
        return None
    text = (
        f"{target.called} is read as the target and looks like tags ({target.sample!r}), {form.called} is not read "
        f"({form.sample!r}): if that is the target"
    )
    source = next((each.setting for each in columns if each.role == "source"), "1")
    names = {"data.source": source, "data.target": form.setting, "data.tags": target.setting}
    return Finding(Weight.LAYOUT, text, {**names, **_separated(target)}, explains=OF_TAGS_AS_TARGETS)


def _unread_tags(columns: Sequence[Column]) -> Iterator[Finding]:
    for each in columns:
        text = f"{each.called} looks like tags ({each.sample!r}) and is not read: to give them to the model"
        settings = {"data.tags": each.setting, **_separated(each)}
        yield Finding(Weight.LAYOUT, text, settings, explains=OF_UNREAD_TAGS)


def _unread_texts(columns: Sequence[Column]) -> Iterator[Finding]:
    """Columns of text that are not read, although no settings say which are: perhaps others are meant."""
    numbered = any(each.role == "source" and each.kind == "row numbers" for each in columns)  # a finding of its own
    unread = [each for each in columns if not (each.role or each.chosen) and each.kind in ("symbols", "words", "text")]
    if unread and not numbered:
        first, more = unread[0], len(unread) - 1
        others = f" (and {more} more column{'s' if more > 1 else ''} of text)" if more else ""
        read = " and ".join(f"{each.called} as the {each.role}" for each in columns if each.role)
        text = (
            f"{first.called} looks like {first.kind} ({_cut(first.sample)!r}) and is not read{others}: {read} is read; "
            "data.source and data.target name others"
        )
        yield Finding(Weight.LAYOUT, text)


def _separated(column: Column) -> dict[str, str]:
    return {} if column.separator in ("", ";") else {"data.tag_separator": f"'{column.separator}'"}


def _row_numbers(columns: Sequence[Column]) -> Iterator[Finding]:
    """A source column that only numbers the rows, with two columns of text after it."""
    texts = [each for each in columns if each.kind not in ("empty", "one value", "row numbers")]
    for each in columns:
        if each.role == "source" and each.kind == "row numbers" and len(texts) > 1:
            text = f"{each.called} is read as the source and numbers the rows: for the texts beside it"
            places = {"data.source": texts[0].setting, "data.target": texts[1].setting}
            yield Finding(Weight.LAYOUT, text, places, explains=OF_ROW_NUMBERS)


def _turned(found: Inspection, columns: Sequence[Column]) -> Iterator[Finding]:
    """Few different short sources with many different targets: probably labels and their texts."""
    sources = found.values["source"]
    few = len(sources.counts)
    if sources.many or few > min(FEW, found.count / TIMES) or found.mean_words("source") > SHORT:
        return
    inputs, targets = found.distinct_inputs, found.distinct_targets
    if inputs > found.count / TIMES or targets < TIMES * few:
        return
    roles = {each.role: each for each in columns}
    one, two = roles.get("source"), roles.get("target")
    values = f"{few:,} different value{'s' if few > 1 else ''}"
    if one is None or two is None:
        text = f"the sources have {values} and the targets {targets:,}: if the sources are labels"
        text = f"{text} and the model is to find them, give the pairs the other way round"
        yield Finding(Weight.LAYOUT, text, explains=OF_TURNED)
        return
    text = f"{one.called} has {values} and {two.called} {targets:,}, such as {_cut(two.sample)!r}: "
    places = {"data.source": two.setting, "data.target": one.setting}
    yield Finding(Weight.LAYOUT, f"{text}if {one.called} is the label", places, explains=OF_TURNED)


def _numbers(found: Inspection) -> Iterator[Finding]:
    """Sources that are series of measured values, and targets that are measured values."""
    sources, targets = ([pair[side] for pair in found.sample] for side in (0, 1))
    if len(sources) < FEWEST:
        return
    if _measured(sources) and _mean([len(NUMBER.findall(text)) for text in sources]) >= FRAME:
        yield Finding(
            Weight.LAYOUT,
            f"the sources are series of numbers, such as {_cut(sources[0])!r}: they are read as text, digit by digit; "
            "Seqloom learns from text, not from measured values",
        )
    if _measured(targets) and not found.labels:
        yield Finding(
            Weight.LAYOUT,
            f"the targets are measured values, such as {_cut(targets[0])!r}: they are written as text, digit by digit, "
            "and no measure says how far off an answer is",
        )


def _measured(texts: Sequence[str]) -> bool:
    """Whether nearly all texts are numbers, and most have decimals."""
    numbers = sum(NUMBERS.fullmatch(text) is not None for text in texts)
    return numbers >= NEARLY * len(texts) and 2 * sum("." in text for text in texts) > len(texts)


def _mean(numbers: Sequence[int]) -> float:
    return sum(numbers) / len(numbers)


def _cut(text: str, longest: int = 40) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
