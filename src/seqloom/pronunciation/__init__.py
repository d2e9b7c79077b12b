"""Pronunciation dictionaries: words → a model's pronunciations with probabilities, in the formats of other programs."""

from __future__ import annotations

from seqloom.pronunciation.formats import FORMATS, DictionaryFormat, dictionary_format
from seqloom.pronunciation.making import Entry, Pronunciation, PronunciationDictionary, known_words, make_dictionary

__all__ = [
    "FORMATS",
    "DictionaryFormat",
    "Entry",
    "Pronunciation",
    "PronunciationDictionary",
    "dictionary_format",
    "known_words",
    "make_dictionary",
]
