"""Decide whether the first row of a table is a header that names the columns.

It is a header if the settings say so, if its cells are usual names of columns, or if it can hardly be a pair like the
other rows: in some column, the words or letters of its cell do not occur in any other cell, although the words or
letters of the other cells do recur.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from seqloom.data.config import DataConfig

# fmt: off
FIRST = frozenset({"source", "src", "input", "inputs"})
SECOND = frozenset({"target", "tgt", "trg", "output", "outputs"})
LABELS = frozenset({"label", "labels", "category", "class", "sentiment", "intent", "emotion"})
"""Names that leave no doubt about the side of a column, and names of labels that are assigned to a text."""
SOURCES = FIRST | frozenset({
    "text", "sentence", "question", "word", "words", "lemma", "grapheme",
    "graphemes", "orthography", "original", "article", "document", "query", "prompt", "context", "utterance",
    "body", "noisy", "incorrect", "before", "written", "tokens",
    "dialogue", "dialog", "mr", "comment", "review", "tweet", "passage", "spelling",
})
TARGETS = SECOND | LABELS | frozenset({
    "translation", "phones", "phone", "phonemes",
    "phoneme", "pronunciation", "pronunciations", "ipa", "transcription", "answer", "response", "summary",
    "headline", "title", "subject", "form", "inflection",
    "inflected", "reply", "completion", "corrected", "normalized", "normalised",
    "after", "spoken",
})
OTHERS = frozenset({
    "id", "idx", "index", "number", "nr", "tag", "tags", "feature", "features", "msd", "lang", "language",
    "reference", "references", "score", "split", "date", "name", "column", "key", "value", "file", "from", "to",
    "out", "in", "en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "ru", "uk", "tr",
    "ar", "he", "hi", "zh", "ja", "ko", "vi", "eng", "deu", "ger", "fra", "fre", "spa", "ita", "por", "rus", "jpn",
    "zho", "english", "german", "french", "spanish", "italian", "portuguese", "dutch", "russian", "chinese",
    "japanese", "korean", "arabic", "hindi", "turkish", "polish",
})
COUNTS = frozenset({"", "id", "idx", "index", "no", "nr", "number", "count", "length"})
# fmt: on
NAMES = SOURCES | TARGETS | OTHERS
"""Usual names of columns; the columns named in `COUNTS` hold numbers of rows and no text to learn from."""
NAME = re.compile(r"[\w \-./#:()\[\]]{0,40}")
PARTS = re.compile(r"[\s_\-.]+")
UNLIKELY = 0.03
"""A first row that is at most this probable as a pair is a header."""
DOUBTFUL = 0.1
"""A first row that is at most this probable is read as a pair, with a remark."""
LETTERS = 200
"""Number of characters of a cell that are compared."""


def names_columns(rows: Sequence[Sequence[str]], config: DataConfig) -> tuple[bool, bool]:
    """Whether the first row is a header, and, if it is read as a pair, whether that is doubtful."""
    if not rows or config.header == "no":
        return False, False
    first = [cell.strip() for cell in rows[0]]
    named = [name for name in (config.source, config.target, *config.references) if name]
    named += [config.label] if config.label else []
    named += [config.tags] if config.tags_needed else []
    if config.header == "yes" or any(not name.isdecimal() for name in named):
        return True, False
    if {"source", "target"} <= set(first) or (config.header_names and set(first) <= set(config.header_names)):
        return True, False
    return _judged(first, rows[1:])


def known_name(cell: str, names: frozenset[str] = NAMES) -> bool:
    """Whether a cell is a usual column name, such as `Source`, `text_en` or `label 2`."""
    plain = cell.strip().casefold()
    parts = [part for part in PARTS.split(plain.rstrip("0123456789")) if part]
    return plain in names or (bool(parts) and parts[0] in names and all(part in NAMES for part in parts))


def turned(first: str, second: str) -> bool:
    """Whether the names of two columns say clearly that the target comes first (`phones` and `word` do not)."""
    sided = known_name(first, SECOND) and known_name(second, FIRST)
    return sided or (known_name(first, LABELS) and known_name(second, SOURCES))


def crossed(source: str, target: str) -> bool:
    """Whether the source column has a usual name of targets and the target column one of sources."""
    return known_name(source, TARGETS) and known_name(target, SOURCES)


def counts_rows(cell: str) -> bool:
    """Whether a column with this name numbers the rows instead of holding texts."""
    parts = [part for part in PARTS.split(cell.strip().casefold()) if part]
    return not parts or parts[-1] in COUNTS


def _judged(first: Sequence[str], body: Sequence[Sequence[str]]) -> tuple[bool, bool]:
    columns = [[row[place].strip() for row in body if place < len(row)] for place in range(len(first))]
    if (
        len(first) < 2
        or not _are_names(first)
        or any(cell and cell in column for cell, column in zip(first, columns, strict=True))
    ):
        return False, False
    known = sum(known_name(cell) for cell in first)
    if known >= 2 and 2 * known >= len(first):
        return True, False
    improbable = min(_probability(cell, column) for cell, column in zip(first, columns, strict=True))
    if improbable <= UNLIKELY:
        return True, False
    short = all(" " not in cell for cell in first)
    long = all(2 * sum(" " in cell for cell in column) > len(column) for column in columns)
    return False, known > 0 or improbable <= DOUBTFUL or (short and long)


def _are_names(first: Sequence[str]) -> bool:
    """Whether cells could be names of columns: short, distinct, and with letters.

    The first may be empty, above an index, and so may the last, where all lines end with a delimiter.
    """
    names = [cell for cell in first if cell]
    if (len(names) < 2 and first[0]) or any(not cell for cell in first[1:-1]):
        return False
    distinct = len({name.casefold() for name in names}) == len(names)
    return distinct and all(NAME.fullmatch(name) and len(name.split()) <= 3 and _letter(name) for name in names)


def _letter(name: str) -> bool:
    return any(character.isalpha() for character in name)


def _probability(cell: str, column: Sequence[str]) -> float:
    """The probability that a cell of this column has as little in common with the others as `cell` has.

    A cell has little in common with the others if none of its words, or none of its letters, or at least two of its
    ASCII letters occur in no other cell. The probability is the share of the cells for which this is so; it is 1
    if `cell` shares enough with the others.
    """
    found = [1.0]
    for pieces, enough in ((str.split, None), (_letters, None), (_ascii_letters, 2)):
        sets = [frozenset(pieces(each[:LETTERS])) for each in column]
        counts = Counter(piece for each in sets for piece in each)
        mine = frozenset(pieces(cell))
        if _odd(sum(piece not in counts for piece in mine), len(mine), enough):
            others = sum(_odd(sum(counts[piece] == 1 for piece in each), len(each), enough) for each in sets)
            found.append((others + 1) / (len(column) + 1))
    return min(found)


def _odd(new: int, count: int, enough: int | None) -> bool:
    """Whether `new` pieces that occur nowhere else, of `count`, are `enough`; None: all pieces must be new."""
    return count > 0 and new >= (count if enough is None else enough)


def _letters(text: str) -> Iterable[str]:
    found = frozenset(filter(str.isalpha, text))
    return found if len(found) > 1 else ()


def _ascii_letters(text: str) -> Iterable[str]:
    return (character for character in text if character.isascii() and (character.isalpha() or character == "_"))
