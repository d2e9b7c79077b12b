"""The one form in which predictions and references are compared.

One text can be written in several ways that look alike: an accented letter is one code point or a letter and an accent,
a gap is one space or several. Such differences say nothing about a model, so every measure compares texts in Unicode's
form NFC, with each run of white space made one space, and none at either end. Signatures name it: `form:nfc`.
"""

from __future__ import annotations

import unicodedata

FORM = "form:nfc"
"""What a signature says of the form."""


def in_one_form(text: str) -> str:
    """The text in NFC, with single spaces."""
    return " ".join((text if text.isascii() else unicodedata.normalize("NFC", text)).split())
