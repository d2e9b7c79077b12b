"""Alphabets: which characters of the texts a vocabulary has room for, and how bytes spell the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from seqloom.text.splitting import begins_anew

COVERED = 0.9995
"""With byte fallback, the share of running text whose characters get pieces of their own.

It is the usual share for languages with thousands of characters (Kudo, Richardson 2018).
"""
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
"""Names of the bytes of UTF-8 in a subword vocabulary, as the tokenizers library expects them."""
PLAIN = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
SIGNS = {byte: chr(byte) for byte in PLAIN} | {
    byte: chr(0x100 + number) for number, byte in enumerate(sorted(set(range(256)).difference(PLAIN)))
}
"""The character that stands for each byte in a byte vocabulary (Radford et al. 2019): itself if it is printable."""


def ranked(texts: Iterable[str], normalize: Callable[[str], str]) -> list[tuple[str, int]]:
    """Count the characters of normalised texts, without spaces; the most frequent come first."""
    read: Counter[str] = Counter()
    for word, number in Counter(chain.from_iterable(text.split(" ") for text in texts)).items():
        apart = word.isascii() or all(map(begins_anew, word))  # then each character can be normalised by itself
        for character in word if apart else normalize(word):
            read[character] += number
    counts: Counter[str] = Counter()
    for character, number in read.items():
        for each in normalize(character).replace(" ", ""):
            counts[each] += number
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def covering(characters: Sequence[tuple[str, int]], share: float = COVERED) -> int:
    """How many of the most frequent characters are needed to cover a share of the running text."""
    left = sum(count for _, count in characters) * (1 - share)
    rare = 0
    for _, count in reversed(characters):
        left -= count
        if left < 0:
            break
        rare += 1
    return len(characters) - rare


def in_bytes(text: str) -> list[str]:
    """The names of the bytes that spell a text."""
    return [BYTES[byte] for byte in text.encode("utf-8")]
