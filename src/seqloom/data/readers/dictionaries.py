"""Read pronunciation dictionaries: a word and its phones on each line, several lines for several pronunciations.

    mfa       word TAB phones, or word TAB probability TAB phones; numbers about silence may stand before the phones
    kaldi     word probability phones: Kaldi's lexiconp.txt
    lexicon   word phones: Kaldi's lexicon.txt, and lexicon.txt of sherpa and sherpa-onnx
    cmu       word phones: the CMU dictionary; WORD(2) is another pronunciation of WORD, ;;; and # begin a comment
    dictionary   one of mfa, kaldi and cmu, whichever the first lines look like; cmu reads a lexicon, too

Phones are separated by white space, and so are the columns, except for those of mfa, which are separated by tabs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import NamedTuple

from seqloom.data.config import DataConfig
from seqloom.data.examples import Example, Origin
from seqloom.data.readers.columns import checked
from seqloom.data.readers.lines import read_lines
from seqloom.data.readers.report import ReadReport
from seqloom.errors import DataError

LOOKED_AT = 100
"""Number of lines from which the format of a dictionary is found."""
PROBABLE = re.compile(r"(?:0?\.\d+|[01](?:\.\d*)?)(?:[eE]-\d+)?")
"""A probability as dictionaries write it."""
VARIANT = re.compile(r"(?<=.)\(\d+\)$")
"""The number of a further pronunciation, at the end of a word of the CMU dictionary."""
COMMENT = re.compile(r"(?:^|\s)#.*$")
"""A comment at the end of a line of the CMU dictionary."""


class Entry(NamedTuple):
    """What a line of a dictionary says: a word, its phones, and whether a probability came with them."""

    word: str
    phones: Sequence[str]
    weighted: bool = False


Parse = Callable[[str], Entry | None]
"""A line of a dictionary → its entry, or None for a comment; raises `DataError` for a line that is neither."""


def _mfa(line: str) -> Entry | None:
    cells = [cell.strip() for cell in line.split("\t")]
    numbers = cells[1:-1]
    if len(cells) < 2:
        hint = "data.format=lexicon reads words and phones with spaces between them"
        raise DataError("must have a tab between word and phones", hint=hint)
    if len(cells) not in (2, 3, 6):
        raise DataError(f"must have 2, 3 or 6 columns, not {len(cells)}")
    if numbers and not _is_probability(numbers[0]):
        raise DataError(f"must have a probability in column 2, not {numbers[0]!r}")
    return Entry(cells[0], cells[-1].split(), bool(numbers))


def _kaldi(line: str) -> Entry | None:
    word, *cells = line.split()
    if not cells or not _is_probability(cells[0]):
        said = repr(cells[0]) if cells else "nothing"
        hint = "data.format=lexicon reads a dictionary without probabilities"
        raise DataError(f"must have a probability above 0 and up to 1 after the word, not {said}", hint=hint)
    return Entry(word, cells[1:], weighted=True)


def _lexicon(line: str) -> Entry | None:
    word, *phones = line.split()
    return Entry(word, phones)


def _cmu(line: str) -> Entry | None:
    cells = COMMENT.sub("", line).split()
    if not cells or line.startswith(";;;"):
        return None
    return Entry(VARIANT.sub("", cells[0]), cells[1:])


PARSERS: dict[str, Parse] = {"mfa": _mfa, "kaldi": _kaldi, "lexicon": _lexicon, "cmu": _cmu}
"""How a line is read, for each format of dictionaries."""


def read_dictionary(kind: str, entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the examples of a dictionary in one of the formats of `PARSERS`: words are sources, phones are targets."""
    yield from _examples(kind, read_lines(entry, report, config.encoding), report)


def read_any_dictionary(entry: str, config: DataConfig, report: ReadReport) -> Iterator[Example]:
    """Read the examples of a dictionary whose format is found from its first lines, and said in the report."""
    lines = read_lines(entry, report, config.encoding)
    first = list(islice(lines, LOOKED_AT))
    kind = format_of_lines(line for _, line in first if line is not None)
    said = f"pronunciations in a dictionary whose format looks like {kind} (data.format={kind})"
    for example in _examples(kind, chain(first, lines), report):
        report.note(said, example.origin)
        yield example


def format_of_lines(lines: Iterable[str]) -> str:
    """The format of a dictionary with these lines: mfa if there are tabs, kaldi if numbers follow the words, or cmu."""
    looked_at = [line for line in lines if line.strip() and not line.startswith((";;;", "#"))]
    if any("\t" in line for line in looked_at):
        return "mfa"
    rows = [line.split() for line in looked_at]
    return "kaldi" if rows and all(len(row) > 2 and _is_probability(row[1]) for row in rows) else "cmu"


def _examples(kind: str, lines: Iterable[tuple[Origin, str | None]], report: ReadReport) -> Iterator[Example]:
    parse = PARSERS[kind]
    for origin, line in lines:
        if line is None or not line.strip():
            continue
        try:
            entry = parse(line)
        except DataError as error:
            report.refuse(origin, error.message, error.hint)
            continue
        if entry is None:
            continue
        if not entry.phones:
            report.refuse(origin, "must have phones after the word")
            continue
        if entry.weighted:
            report.note("pronunciations with a probability, which training does not use", origin)
        example = checked(Example(entry.word, " ".join(entry.phones), origin), report)
        if example is not None:
            yield example


def _is_probability(cell: str) -> bool:
    return PROBABLE.fullmatch(cell) is not None and 0 < float(cell) <= 1


DICTIONARIES = {kind: partial(read_dictionary, kind) for kind in PARSERS} | {"dictionary": read_any_dictionary}
"""The reader of each format."""
