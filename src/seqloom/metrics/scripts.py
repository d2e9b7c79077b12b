"""Scripts that put no spaces between words."""

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
"""First character, last character, and about how many characters make a word."""


@cache
def word_length(char: str) -> float:
    """About how many characters make a word in the character's script, where that writes no spaces; else 0."""
    return next((length for first, last, length in UNSPACED if first <= char <= last), 0.0)


def is_han(char: str) -> bool:
    """Whether the character is one of those that Chinese is written with."""
    return word_length(char) == 1.5


def word_count(text: str) -> float:
    """How many words the text has: pieces between spaces, and an estimate for pieces of scripts that write none."""
    if text.isascii():
        return len(text.split())
    return sum(max(1.0, sum(1 / length for length in map(word_length, piece) if length)) for piece in text.split())
