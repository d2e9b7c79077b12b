"""Scripts without spaces between words, and estimates of how many words their texts have."""

from __future__ import annotations

from functools import cache

UNSPACED: tuple[tuple[str, str, float], ...] = (
    ("\u0e00", "\u0eff", 4),  # Thai, Lao
    ("\u0f00", "\u0fff", 4),  # Tibetan
    ("\u1000", "\u109f", 4),  # Burmese
    ("\u1780", "\u17ff", 4),  # Khmer
    ("\u1950", "\u19df", 4),  # Tai Le, New Tai Lue
    ("\u3040", "\u30ff", 3),  # kana
    ("\u31f0", "\u31ff", 3),  # kana
    ("\uff66", "\uff9f", 3),  # kana of half width
    ("\u3100", "\u312f", 1.5),  # Bopomofo
    ("\u3400", "\u9fff", 1.5),  # Han
    ("\uf900", "\ufaff", 1.5),  # Han
    ("\U00020000", "\U0003ffff", 1.5),  # Han
    ("\ua000", "\ua4cf", 1.5),  # Yi
)
"""First and last character of each range, and the approximate number of characters in a word."""


@cache
def word_length(char: str) -> float:
    """The approximate number of characters in a word if the character's script has no spaces, otherwise 0."""
    return next((length for first, last, length in UNSPACED if first <= char <= last), 0.0)


def is_han(char: str) -> bool:
    """Whether the character is in a range for which 1.5 characters make a word, such as Han characters."""
    return word_length(char) == 1.5


def word_count(text: str) -> float:
    """The number of words of a text: its parts between spaces, or an estimate for parts in scripts without spaces."""
    if text.isascii():
        return len(text.split())
    return sum(max(1.0, sum(1 / length for length in map(word_length, piece) if length)) for piece in text.split())
