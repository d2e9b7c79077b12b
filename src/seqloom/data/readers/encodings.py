"""Recognise files that are not UTF-8 text: archives, spreadsheets and other containers, and other text encodings."""

from __future__ import annotations

import codecs
import re

from seqloom.errors import DataError

SPREADSHEET = "save the sheet as CSV in UTF-8, or from pandas: pandas.read_excel(file).to_csv(...)"
UNPACK = "unpack it first; the only compressed files that are read are gzip files with the suffix .gz"
CONTAINERS: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive", UNPACK),
    (b"PK\x05\x06", "an empty zip archive", UNPACK),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office file such as .xls", SPREADSHEET),
    (b"\x1f\x8b", "gzip", "give it a name that ends in .gz"),
    (b"BZh", "bzip2", UNPACK),
    (b"\xfd7zXZ\x00", "xz", UNPACK),
    (b"\x28\xb5\x2f\xfd", "Zstandard", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"PAR1", "Parquet", "data.format=parquet reads it"),
    (b"ARROW1\x00\x00", "Arrow", "data.format=arrow reads it"),
    (b"%PDF-", "PDF", "copy its text into a file with one pair on each line"),
    (b"SQLite format 3\x00", "an SQLite database", "write its table as CSV"),
)
"""First bytes of files that do not hold lines of text, what such files are, and a hint."""
SHOWN = 60
"""Number of characters of a line that a hint shows."""
ZIPPED = ((b"xl/", "an Excel sheet (XLSX)"), (b"opendocument.spreadsheet", "an OpenDocument sheet (ODS)"))
"""Bytes that identify a spreadsheet among zip archives."""
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def foreign(beginning: bytes, encoding: str) -> tuple[str, str] | None:
    """What a file is, judged by its first bytes, that cannot hold text in `encoding`, with a hint; otherwise None."""
    for magic, what, hint in CONTAINERS:
        if beginning.startswith(magic):
            if magic.startswith(b"PK"):
                for sign, sheet in ZIPPED:
                    if sign in beginning:
                        return sheet, SPREADSHEET
            return what, hint
    wide = _wide(beginning)
    if wide and not codecs.lookup(encoding).name.startswith(("utf-16", "utf-32")):
        return f"text in {wide.upper()}", reading(wide)
    return None


def refuse_foreign(beginning: bytes, encoding: str, where: str) -> None:
    """Raise `DataError` for a file that does not hold lines of text, even if bad lines are skipped."""
    found = foreign(beginning, encoding)
    if found is not None:
        what, hint = found
        raise DataError(f"must be lines of text, not {what}", where=where, hint=hint)


def likely_encoding(line: bytes, after: bytes = b"") -> str:
    """Guess the encoding of a line that is not UTF-8; returns Python's name of it.

    The result is utf-8 if the bytes `after` the line are UTF-8 with characters beyond ASCII: then the line itself is
    damaged. These bytes may end within a character. Only cells with characters beyond ASCII are used for guessing.
    """
    if not after.isascii() and is_utf8(after, cut=True):
        return "utf-8"
    import chardet  # noqa: PLC0415 - which takes a while, and is needed for bad lines only

    sample = line + after
    wide = _wide(sample)
    if wide:
        return wide
    cells = b"\n".join(cell for cell in re.split(rb"[\t\n]", sample) if not cell.isascii())
    era = chardet.EncodingEra.MODERN_WEB | chardet.EncodingEra.LEGACY_ISO
    return codecs.lookup(chardet.detect(cells, encoding_era=era)["encoding"] or "cp1252").name


def reading(encoding: str, line: bytes = b"") -> str:
    """The hint for a file in an encoding, which shows one of its lines decoded."""
    if encoding == "utf-8":
        return "the text around it is UTF-8, so this line is damaged: correct it"
    text = line.decode(encoding, "replace").strip()
    shown = f", in which the line is {text if len(text) <= SHOWN else text[:SHOWN] + '…'!r}" if text else ""
    return f"data.encoding={encoding} reads it (it looks like {encoding}{shown}); or save it as UTF-8"


def is_utf8(text: bytes, *, cut: bool = False) -> bool:
    """Whether bytes are UTF-8; with `cut`, the last character may be incomplete."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(text, final=not cut)
    except UnicodeDecodeError:
        return False
    return True


def _wide(sample: bytes) -> str:
    """UTF-16 or UTF-32, by the byte order mark or by zero bytes beside most letters; empty if there is no such sign."""
    for mark, name in MARKS:
        if sample.startswith(mark):
            return name
    part = sample[: len(sample) // 2 * 2][:4096]
    even, odd = part[::2].count(0), part[1::2].count(0)
    few, many = min(even, odd), max(even, odd)
    if len(part) < 6 or many < 0.5 * len(part) / 2 or few > 0.1 * many:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"
