"""Which metrics suit the data, judged by its targets."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Literal

Kind = Literal["labels", "symbols", "words", "sentences", "unspaced"]

DEFAULT_METRICS: dict[Kind, tuple[str, ...]] = {
    "labels": ("accuracy", "macro_f1"),
    "symbols": ("error_rate", "per"),
    "words": ("exact_match", "cer"),
    "sentences": ("bleu", "chrf"),
    "unspaced": ("bleu:char", "chrf"),
}

UNSPACED = (
    ("\u0e00", "\u0eff"),
    ("\u1000", "\u109f"),
    ("\u1780", "\u17ff"),
    ("\u3040", "\u30ff"),
    ("\u3400", "\u9fff"),
)
"""Thai and Lao, Burmese, Khmer, kana, Han: scripts that put no spaces between words."""


def target_kind(targets: Sequence[str]) -> Kind:
    """What the targets look like.

    - labels: few distinct targets, each met ten times or more on average;
    - symbols: strings of a small inventory, separated by spaces: short ones such as phones, or few such as commands;
    - words: one word, without spaces;
    - unspaced: sentences in a script that writes no spaces;
    - sentences: everything else.
    """
    present = [target.strip() for target in targets if target.strip()]
    if not present:
        return "sentences"
    if len(set(present)) <= min(200, len(present) // 10):
        return "labels"
    tokens = [target.split() for target in present]
    flat = [token for line in tokens for token in line]
    several = sum(len(line) > 1 for line in tokens) / len(tokens)
    inventory = len(set(flat))
    small = inventory <= 500 and len(flat) >= 10 * inventory
    if several > 0.5 and (small or (median(map(len, flat)) <= 2 and max(map(len, flat)) <= 4)):
        return "symbols"
    unspaced = sum(any(low <= char <= high for low, high in UNSPACED) for text in present for char in text)
    if unspaced > 0.3 * sum(map(len, present)) and median(map(len, present)) > 6:
        return "unspaced"
    return "sentences" if several > 0.2 else "words"


def choose_metrics(targets: Sequence[str]) -> tuple[str, ...]:
    """Default metrics for data with such targets; a sample of some thousands is enough. The first is the main one."""
    return DEFAULT_METRICS[target_kind(targets)]
