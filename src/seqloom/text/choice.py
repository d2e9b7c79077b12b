"""Which tokenizer suits the data, and the words to say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.text.config import TextConfig, TokenizerConfig

LOOKED_AT = 20_000
"""Texts of a side that are looked at."""


@dataclass(frozen=True)
class Traits:
    """What a side's texts are like."""

    count: int
    distinct: int
    words: float
    word_types: int
    symbol_length: float
    characters: float

    @staticmethod
    def of(texts: Sequence[str]) -> Traits:
        """The traits of some texts."""
        words = Counter(word for text in texts for word in text.split())
        number = max(1, len(texts))
        total = words.total()
        return Traits(
            count=len(texts),
            distinct=len(set(texts)),
            words=total / number,
            word_types=len(words),
            symbol_length=sum(map(len, words)) / max(1, len(words)),
            characters=sum(map(len, texts)) / number,
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
    def wordlike(self) -> bool:
        """Single words or short phrases."""
        return self.words <= 2.5 and self.characters <= 40


def choose(
    sample: Sequence[tuple[str, str]], config: TextConfig, count: int | None = None
) -> tuple[TextConfig, list[str]]:
    """`config` with each `auto` replaced by a kind, and a sentence for each that says which and why.

    `count` is the number of all pairs where `sample` is a part of them.
    """
    pairs = sample[:LOOKED_AT]
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
    if config.dropout:
        size = _vocabulary(config, traits, total)
        return config.replace(kind="bpe", vocabulary_size=size), f"bpe of at most {size:,} pieces, as dropout asks for"
    if label and traits.labels:
        return config.replace(kind="word"), f"words, as {traits.distinct} distinct labels are all there is"
    if traits.closed:
        return config.replace(kind="word"), f"words, as all is written with {traits.word_types} separated symbols"
    if traits.wordlike:
        return config.replace(kind="character"), f"characters, as a text has {traits.characters:.0f} on average"
    size = _vocabulary(config, traits, total)
    reason = f"bpe of at most {size:,} pieces, as a text has {traits.words:.0f} words and there are {total:,} pairs"
    return config.replace(kind="bpe", vocabulary_size=size), reason


def _vocabulary(config: TokenizerConfig, traits: Traits, total: int) -> int:
    """Pieces for the amount of text: about one for every 25 running words, 500 at least, never above the setting."""
    running = total * max(traits.words, traits.characters / 6)
    return min(config.vocabulary_size, max(500, round(running / 25 / 500) * 500))
