"""Split long texts at places where both parts are normalised as they are in the whole text.

A text is not split before a character that may combine with the one before it, such as an accent. This makes it
possible to read the beginning of a long text without the rest.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

PART = 1 << 14
"""Characters in a part: enough to make splitting cheap, and few enough to keep the memory of a tokenizer small."""
VOWELS_AND_TAILS = ("\u1160", "\u11ff"), ("\ud7b0", "\ud7ff"), ("\U00016d63", "\U00016d67")
"""Ranges of letters that combine with the one before them: parts of Hangul syllables, and vowels of Kirat Rai."""

SPACES = re.compile(r"[ \t\n\r\f\v]+")
"""White space between words that each have a part of the answer of their own."""


@lru_cache(maxsize=1 << 14)
def begins_anew(character: str) -> bool:
    """Whether a character never combines with the one before it, in any Unicode form."""
    first = unicodedata.normalize("NFKD", character)[0]
    if unicodedata.category(first)[0] == "M" or unicodedata.category(character) in ("Cn", "Cs"):
        return False
    return not any(low <= first <= high for low, high in VOWELS_AND_TAILS)


def place_to_part(text: str, start: int) -> int:
    """The first place from `start` on at which the text can be split; at the latest its end."""
    places = (place for place in range(start, len(text)) if begins_anew(text[place]))
    return next(places, len(text))


def parts(text: str) -> Iterator[str]:
    """Split a long text into parts that can be normalised one by one; a short text is one part."""
    start = 0
    while len(text) - start > PART:
        end = place_to_part(text, start + PART)
        yield text[start:end]
        start = end
    if start < len(text) or not start:
        yield text[start:]


def word_parts(text: str) -> Iterator[str]:
    """Split a long text at spaces; a short text is one part."""
    start = 0
    while len(text) - start > PART:
        end = text.find(" ", start + PART)
        if end < 0:
            break
        yield text[start:end]
        start = end + 1
    yield text[start:]


def words_of(text: str) -> list[str]:
    """The words of a text: what stands between ASCII white space. A no-break space is a part of its word."""
    return [word for word in SPACES.split(text) if word]
