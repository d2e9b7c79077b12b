"""Where a text may be parted: what stands on both sides is normalised as it is in the whole text.

A character that may combine with what stands before it, such as an accent, is no place to part at. So the beginning
of a long text can be read without the rest of it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

PART = 1 << 14
"""Characters of a part: enough that parts cost nothing, and few beside what a tokenizer needs for each of them."""
VOWELS_AND_TAILS = ("\u1160", "\u11ff"), ("\ud7b0", "\ud7ff"), ("\U00016d63", "\U00016d67")
"""Letters that combine with the one before them: those of Hangul syllables, and vowels of Kirat Rai."""


@lru_cache(maxsize=1 << 14)
def begins_anew(character: str) -> bool:
    """Whether a character never combines with what stands before it, in any Unicode form."""
    first = unicodedata.normalize("NFKD", character)[0]
    if unicodedata.category(first)[0] == "M" or unicodedata.category(character) in ("Cn", "Cs"):
        return False
    return not any(low <= first <= high for low, high in VOWELS_AND_TAILS)


def place_to_part(text: str, start: int) -> int:
    """The first place from `start` on where the text may be parted; its end at the latest."""
    places = (place for place in range(start, len(text)) if begins_anew(text[place]))
    return next(places, len(text))


def parts(text: str) -> Iterator[str]:
    """The text in parts that are normalised one by one as they are together; short texts whole."""
    start = 0
    while len(text) - start > PART:
        end = place_to_part(text, start + PART)
        yield text[start:end]
        start = end
    if start < len(text) or not start:
        yield text[start:]


def word_parts(text: str) -> Iterator[str]:
    """The text in parts that end at spaces; short texts whole."""
    start = 0
    while len(text) - start > PART:
        end = text.find(" ", start + PART)
        if end < 0:
            break
        yield text[start:end]
        start = end + 1
    yield text[start:]
