"""What bytes are that are not UTF-8 text: a container such as a spreadsheet, or text in another encoding."""

from __future__ import annotations

import codecs
import re

from seqloom.errors import DataError

SPREADSHEET = "save the sheet as CSV in UTF-8, or from pandas: pandas.read_excel(file).to_csv(...)"
UNPACK = "unpack it first; of compressed files gzip is read, by the suffix .gz"
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
    (b"%PDF-", "PDF", "copy its text into a file with a pair a line"),
    (b"SQLite format 3\x00", "an SQLite database", "write its table as CSV"),
)
"""How files begin that hold no lines of text, what they are, and what to do."""
ZIPPED = ((b"xl/", "an Excel sheet (XLSX)"), (b"opendocument.spreadsheet", "an OpenDocument sheet (ODS)"))
"""What tells a spreadsheet among zip archives."""
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
COMMON: dict[str, str] = {
    "cp1251": "[а-яёіїєґў]",
    "koi8-r": "[а-яё]",
    "cp1253": "[α-ωά-ώ]",
    "cp1255": "[א-ת]",
    "cp1256": "[ء-ي]",
    "shift_jis": "[ぁ-んァ-ヶー。、]",
    "euc_jp": "[ぁ-んァ-ヶー。、]",
    "euc_kr": "[가-힣]",
    "gb18030": "[的一是不了在人有我他这中大来上个国和也子时道说们为以，。]",
    "big5": "[的一是不了在人有我他這中大來上個國和也子時道說們為以，。]",
}
"""Encodings of scripts other than Latin, and characters that are frequent in their texts."""


def foreign(beginning: bytes, encoding: str) -> tuple[str, str] | None:
    """What a file is, by its first bytes, that holds no lines of text in `encoding`, and what to do about it."""
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
    """Refuse a file that holds no lines of text, whatever is done about bad lines."""
    found = foreign(beginning, encoding)
    if found is not None:
        what, hint = found
        raise DataError(f"must be lines of text, not {what}", where=where, hint=hint)


def likely_encoding(sample: bytes) -> str:
    """The encoding that bytes which are not UTF-8 are most likely in; a guess, by frequent characters of each script.

    Where letters beyond ASCII are a minority, as in the languages of Western Europe, it is cp1252, which holds latin-1.
    """
    wide = _wide(sample)
    if wide:
        return wide
    high, low = len(re.findall(rb"[\x80-\xff]", sample)), len(re.findall(rb"[A-Za-z]", sample))
    if high > low:
        shares = {name: _share(sample, name) for name in COMMON}
        best = max(shares, key=lambda name: shares[name])
        if shares[best] > 0.1:
            return best
    return "cp1252"


def reading(encoding: str) -> str:
    """The hint for a file in some encoding."""
    return f"data.encoding={encoding} reads it (it looks like {encoding}); or save it as UTF-8"


def _wide(sample: bytes) -> str:
    """UTF-16 or UTF-32 by their marks, or by the zero bytes beside each letter; empty where there is no such sign."""
    for mark, name in MARKS:
        if sample.startswith(mark):
            return name
    part = sample[: len(sample) // 2 * 2][:4096]
    even, odd = part[::2].count(0), part[1::2].count(0)
    few, many = min(even, odd), max(even, odd)
    if len(part) < 6 or many < 0.5 * len(part) / 2 or few > 0.1 * many:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _share(sample: bytes, encoding: str) -> float:
    """How many of the characters beyond ASCII are frequent ones of the encoding's script; 0 where bytes do not fit."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)  # which takes a character that is cut off
    except UnicodeDecodeError:
        return 0.0
    beyond = sum(not character.isascii() for character in text)
    return len(re.findall(COMMON[encoding], text)) / max(1, beyond)
