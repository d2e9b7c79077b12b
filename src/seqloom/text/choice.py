"""Which tokenizer suits the data, and the words to say so."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.text.config import TextConfig, TokenizerConfig
from seqloom.text.special import SPECIAL_TOKENS

LOOKED_AT = 20_000
"""Texts of a side whose words are looked at; characters are of all."""
UNSPACED = 20
"""Characters a space from which a text is taken for one without spaces between words."""
BYTES_FIT = 1000
"""The smallest vocabulary in which bytes for rare characters leave room for pieces."""


@dataclass(frozen=True)
class Traits:
    """What a side's texts are like."""

    count: int
    distinct: int
    words: float
    word_types: int
    characters: float
    alphabet: int

    @staticmethod
    def of(every: Sequence[str]) -> Traits:
        """The traits of some texts."""
        texts = every[:LOOKED_AT]
        words = Counter(word for text in texts for word in text.split())
        number = max(1, len(texts))
        total = words.total()
        return Traits(
            count=len(texts),
            distinct=len(set(texts)),
            words=total / number,
            word_types=len(words),
            characters=sum(map(len, texts)) / number,
            alphabet=len(set().union(*every)),
        )

    @property
    def labels(self) -> bool:
        """Few distinct short texts, each met many times."""
        return self.count >= 20 and self.distinct <= min(1000, self.count / 10) and self.words <= 5

    @property
    def closed(self) -> bool:
        """A small closed set of whitespace-separated symbols, such as phones or commands, each met many times."""
        return self.words >= 1.5 and self.word_types <= 500 and self.words * self.count >= 20 * self.word_types

    @property
    def unspaced(self) -> bool:
        """Written without spaces between words, as Chinese, Japanese and Thai are."""
        return self.characters >= UNSPACED * self.words

    @property
    def running_words(self) -> float:
        """Words of a text; without spaces as its characters let one guess: two a word in scripts of thousands."""
        return max(self.words, self.characters / (2 if self.unspaced and self.alphabet > 1000 else 6))

    @property
    def wordlike(self) -> bool:
        """Single words or short phrases."""
        return self.words <= 2.5 and self.characters <= 40


def choose(
    sample: Sequence[tuple[str, str]], config: TextConfig, count: int | None = None
) -> tuple[TextConfig, list[str]]:
    """`config` with each `auto` replaced by a kind, and a sentence for each that says which and why.

    `count` is the number of all pairs where `sample` is a part of them.
    """
    pairs = sample
    total = len(sample) if count is None else count
    if config.shared:
        chosen, reason = _side([text for pair in pairs for text in pair], config.source, total, label=False)
        said = [f"text on both sides: {reason}"] if reason else []
        return TextConfig(source=chosen, target=chosen, shared=True), said
    source, source_reason = _side([source for source, _ in pairs], config.source, total, label=False)
    target, target_reason = _side([target for _, target in pairs], config.target, total, label=True)
    said = [
        f"{side} text: {reason}" for side, reason in (("source", source_reason), ("target", target_reason)) if reason
    ]
    return TextConfig(source=source, target=target), said


def words_to_words(sample: Sequence[tuple[str, str]]) -> bool:
    """Whether single words or short phrases go to others, to symbols of a small set such as phones, or to labels."""
    pairs = sample[:LOOKED_AT]
    source, target = (Traits.of([pair[side] for pair in pairs]) for side in (0, 1))
    return source.wordlike and (target.wordlike or target.closed)


def _side(texts: list[str], config: TokenizerConfig, total: int, *, label: bool) -> tuple[TokenizerConfig, str]:
    if config.kind != "auto":
        return config, ""
    traits = Traits.of(texts)
    room = config.vocabulary_size - len(SPECIAL_TOKENS)
    if config.dropout or config.byte_fallback:
        return _subwords(config, traits, total, "dropout asks for" if config.dropout else "byte_fallback asks for")
    if label and traits.labels and traits.word_types <= room:
        return config.replace(kind="word"), f"words, as {traits.distinct} distinct labels are all there is"
    if traits.closed and traits.word_types <= room:
        return config.replace(kind="word"), f"words, as all is written with {traits.word_types} separated symbols"
    if traits.wordlike or config.vocabulary_size < min(BYTES_FIT, 2 * traits.alphabet):
        most = f"a text has {traits.characters:.0f} on average and there are {traits.alphabet:,} different ones"
        return config.replace(kind="character"), f"characters, as {most}"
    return _subwords(config, traits, total)


def _subwords(config: TokenizerConfig, traits: Traits, total: int, asked: str = "") -> tuple[TokenizerConfig, str]:
    """Pieces for the amount of text: about one for every 25 running words, 500 at least, never above the setting.

    Every character has one, unless they would take more than half of the pieces that the setting allows: then bytes
    spell the rarest.
    """
    amount = max(500, round(total * traits.running_words / 25 / 500) * 500)
    alphabet = math.ceil((traits.alphabet + amount / 2) / 500) * 500
    size = min(config.vocabulary_size, max(amount, alphabet))
    crowded = 2 * traits.alphabet > config.vocabulary_size >= BYTES_FIT
    chosen = config.replace(kind="bpe", vocabulary_size=size, byte_fallback=config.byte_fallback or crowded)
    text = f"{traits.characters:.0f} characters without spaces" if traits.unspaced else f"{traits.words:.0f} words"
    reason = asked or f"a text has {text} and there are {total:,} pairs"
    bytewise = ", with bytes for rare characters" if chosen.byte_fallback else ""
    return chosen, f"bpe of at most {size:,} pieces{bytewise}, as {reason}"
