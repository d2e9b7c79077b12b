"""Which measures suit the data, judged by its targets.

The first measure of each kind can tell models apart. BLEU compares runs of four words, so it is 0 for targets of two or
three words, whatever the model does: such targets are judged by chrF, single words by how many are exactly right.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Literal

from seqloom.metrics.form import in_one_form
from seqloom.metrics.scripts import is_han, word_count, word_length

Kind = Literal["labels", "symbols", "words", "phrases", "sentences", "chinese", "unspaced", "summaries"]

DEFAULT_METRICS: dict[Kind, tuple[str, ...]] = {
    "labels": ("accuracy", "macro_f1"),
    "symbols": ("error_rate", "per"),
    "words": ("exact_match", "cer"),
    "phrases": ("chrf", "exact_match"),
    "sentences": ("bleu", "chrf"),
    "chinese": ("bleu:zh", "chrf"),
    "unspaced": ("chrf", "bleu:char"),
    "summaries": ("rougeL", "rouge1", "rouge2"),
}

PHRASE, SENTENCE = 2, 5
"""From how many words on, in the middle of the targets, these are phrases, and sentences."""
SYMBOLS, SPELT = 500, 15
"""The largest inventory of symbols, and the most characters of a word that is spelt out."""
SUMMARY = 4
"""How many times as long as its summary a text is at least."""


def target_kind(targets: Sequence[str], sources: Sequence[str] = ()) -> Kind:
    """What the targets look like.

    - labels: few distinct targets, each met ten times or more on average;
    - symbols: strings of a small inventory, separated by spaces: short ones such as phones, or few such as commands;
    - words: one word each, for at least half of them: inflected forms, numbers, names;
    - phrases: two to four words;
    - summaries: texts of two words or more whose `sources` are four times as long or longer, and sentences at least;
    - chinese, unspaced: sentences in a script that writes no spaces;
    - sentences: everything else.
    """
    present = [text for text in map(in_one_form, targets) if text]
    if not present:
        return "sentences"
    if len(set(present)) <= min(200, len(present) // 10):
        return "labels"
    if _are_symbols(present):
        return "symbols"
    letters = "".join(present)
    unspaced = [char for char in letters if word_length(char)]
    if len(unspaced) <= 0.3 * len(letters) or _are_cut(present):
        return _by_words(present, sources, "sentences")
    chinese = sum(map(is_han, unspaced)) > 0.9 * len(unspaced)
    return _by_words(present, sources, "chinese" if chinese else "unspaced")


def choose_metrics(targets: Sequence[str], sources: Sequence[str] = ()) -> tuple[str, ...]:
    """Default measures for data with such targets; a sample of some thousands is enough. The first is the main one."""
    return DEFAULT_METRICS[target_kind(targets, sources)]


def _by_words(texts: Sequence[str], sources: Sequence[str], long: Kind) -> Kind:
    """The kind by how many words most texts have; `long` where they have many."""
    words = median(map(word_count, texts))
    if words < PHRASE:
        return "words"
    if sources and median(map(word_count, sources)) >= max(SUMMARY * words, SUMMARY * SENTENCE):
        return "summaries"
    return "phrases" if words < SENTENCE else long


def _are_symbols(texts: Sequence[str]) -> bool:
    """Whether the texts are strings of symbols between spaces.

    Either the inventory is small, and each symbol is met ten times or all of them are short; or the symbols are single
    characters, and too few for a sentence that is written character by character.
    """
    tokens = [text.split() for text in texts]
    flat = [token for line in tokens for token in line]
    if sum(len(line) > 1 for line in tokens) <= 0.5 * len(tokens):
        return False
    inventory, lengths = len(set(flat)), list(map(len, flat))
    if inventory <= SYMBOLS and len(flat) >= 10 * inventory:
        return True
    if inventory <= SYMBOLS and median(lengths) <= 2 and max(lengths) <= 4 and not _is_han_mostly(flat):
        return True
    return sum(length == 1 for length in lengths) > 0.95 * len(flat) and median(map(len, tokens)) <= SPELT


def _is_han_mostly(pieces: Sequence[str]) -> bool:
    """Whether most of the pieces begin with a character that Chinese is written with."""
    return sum(is_han(piece[0]) for piece in pieces) > 0.5 * len(pieces)


def _are_cut(texts: Sequence[str]) -> bool:
    """Whether the texts have spaces between words though their script writes none, as after a word segmenter."""
    return sum(len(text.split()) for text in texts) > 0.5 * sum(map(word_count, texts))
