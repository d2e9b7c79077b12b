"""Normalisation of predictions and references before they are compared.

Texts that look the same can be encoded in different ways: an accented letter is one code point or a letter and a
combining accent, a gap is one space or several. Such differences say nothing about a model. All metrics therefore
compare texts in Unicode's normal form NFC, in which each run of white space is replaced by one space, and white space
at either end is removed. Signatures of scores say so by `form:nfc`.
"""

from __future__ import annotations

import unicodedata

FORM = "form:nfc"
"""The part of a signature that names the normalisation."""


def in_one_form(text: str) -> str:
    """Normalise a text to NFC with single spaces."""
    return " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())
