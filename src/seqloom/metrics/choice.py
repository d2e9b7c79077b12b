"""Choice of default metrics for some data, by what its targets look like.

The first metric of each kind is able to tell models apart. BLEU, for example, counts matches of up to four words and is
0 for targets of two or three words, whatever the model predicts. Such targets are therefore scored by chrF, and single
words by exact match.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Literal

from seqloom.metrics.scripts import is_han, word_count, word_length
from seqloom.metrics.text_form import in_one_form
from seqloom.tag_scheme import scheme_of

Kind = Literal["labels", "symbols", "spelled", "words", "phrases", "sentences", "chinese", "unspaced", "summaries"]

DEFAULT_METRICS: dict[Kind, tuple[str, ...]] = {
    "labels": ("accuracy", "macro_f1"),
    "symbols": ("error_rate", "per"),
    "spelled": ("exact_match", "wer"),
    "words": ("exact_match", "cer"),
    "phrases": ("chrf", "exact_match"),
    "sentences": ("bleu", "chrf"),
    "chinese": ("bleu:zh", "chrf"),
    "unspaced": ("chrf", "bleu:char"),
    "summaries": ("rougeL", "rouge1", "rouge2"),
}
"""The default metrics for each kind of target (see `target_kind`), the main one first."""

FRAME_METRICS = ("exact_match", "slot_f1", "intent_accuracy")
"""The default metrics of frames, a label and a tag for each word: whole frames, spans and labels that are right."""

KINDS: dict[Kind, str] = {
    "labels": "there are few different targets, each of which comes often",
    "symbols": "targets are symbols between spaces, such as phones",
    "spelled": "targets are made of few different words, such as numbers and dates that are spelled out",
    "words": "most targets are single words",
    "phrases": "targets have two to four words",
    "sentences": "targets are sentences",
    "chinese": "targets are sentences in Chinese",
    "unspaced": "targets are sentences without spaces between words",
    "summaries": "sources are texts that are at least four times as long as their targets",
}
"""What targets of each kind are, as the reason for the metrics."""

PHRASE, SENTENCE = 2, 5
"""The median numbers of words from which on targets are phrases or sentences."""
SYMBOLS, SPELT = 500, 15
"""The largest number of different symbols, and the largest median number of characters in spelt-out words."""
WORD = 3
"""The least median length of symbols that are words; symbols of phones have one or two characters."""
SUMMARY = 4
"""How many times as long as their targets sources must be at least for targets to be summaries."""


def target_kind(targets: Sequence[str], sources: Sequence[str] = ()) -> Kind:
    """The kind of the targets.

    - labels: few different targets, each of which occurs ten times or more on average;
    - symbols: sequences of symbols separated by spaces, either short symbols such as phones or few such as commands;
    - spelled: sequences of few different words and numbers, such as dates that are spelled out;
    - words: at least half of the targets are single words, such as inflected forms, numbers or names;
    - phrases: two to four words;
    - summaries: texts of two words or more whose `sources` are at least four times as long and have 20 words or more;
    - chinese, unspaced: sentences in a script without spaces between words;
    - sentences: everything else.
    """
    present = [text for text in map(in_one_form, targets) if text]
    if not present:
        return "sentences"
    if len(set(present)) <= min(200, len(present) // 10):
        return "labels"
    if _are_symbols(present):
        return "spelled" if _are_spelled(present) else "symbols"
    letters = "".join(present)
    unspaced = [char for char in letters if word_length(char)]
    if len(unspaced) <= 0.3 * len(letters) or _are_cut(present):
        return _by_words(present, sources, "sentences")
    chinese = sum(map(is_han, unspaced)) > 0.9 * len(unspaced)
    return _by_words(present, sources, "chinese" if chinese else "unspaced")


def choose_metrics(targets: Sequence[str], sources: Sequence[str] = ()) -> tuple[str, ...]:
    """Choose default metrics for data with such targets, the main one first; a few thousand examples are enough."""
    return DEFAULT_METRICS[target_kind(targets, sources)]


def tag_metrics(targets: Sequence[str]) -> tuple[str, ...]:
    """Choose default metrics for answers that are a tag for each word, the main one first: F1 of spans where the tags
    mark spans, and the share of right tags."""
    marks = scheme_of({tag for target in targets for tag in target.split()}) != "none"
    return ("entity_f1", "token_accuracy") if marks else ("token_accuracy", "exact_match")


def _by_words(texts: Sequence[str], sources: Sequence[str], long: Kind) -> Kind:
    """The kind of texts by their median number of words; `long` is the kind for sentences."""
    words = median(map(word_count, texts))
    if words < PHRASE:
        return "words"
    if sources and median(map(word_count, sources)) >= max(SUMMARY * words, SUMMARY * SENTENCE):
        return "summaries"
    return "phrases" if words < SENTENCE else long


def _are_symbols(texts: Sequence[str]) -> bool:
    """Whether the texts are sequences of symbols separated by spaces.

    They are in two cases. Either there are few different symbols, which occur ten times each on average or are short;
    or the symbols are single characters, but not so many that the texts are sentences split into characters.
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


def _are_spelled(texts: Sequence[str]) -> bool:
    """Whether symbols between spaces are words and numbers, most of them of three letters or digits or more."""
    symbols = [symbol for text in texts for symbol in text.split()]
    plain = sum(symbol.isalnum() for symbol in symbols)
    return plain > 0.8 * len(symbols) and median(map(len, symbols)) >= WORD


def _is_han_mostly(pieces: Sequence[str]) -> bool:
    """Whether most of the pieces begin with a Han character."""
    return sum(is_han(piece[0]) for piece in pieces) > 0.5 * len(pieces)


def _are_cut(texts: Sequence[str]) -> bool:
    """Whether texts in a script without spaces have spaces between words nevertheless, as after word segmentation."""
    return sum(len(text.split()) for text in texts) > 0.5 * sum(map(word_count, texts))
