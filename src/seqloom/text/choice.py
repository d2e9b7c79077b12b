"""Choose the kind of tokenizer that suits the data, with a sentence that explains the choice."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.text.config import TextConfig, TokenizerConfig
from seqloom.text.special import SPECIAL_TOKENS

LOOKED_AT = 20_000
"""Number of texts of a side whose words are counted; characters are counted in all texts."""
UNSPACED = 20
"""Text with at least this many characters for each word counts as written without spaces between words."""
OFTEN, OFTEN_SHORT, SHORT = 20, 5, 2.5
"""Symbols occur so often on average where they are a small set; the second number is for symbols of at most `SHORT`
characters on average."""
BYTES_FIT = 1000
"""The smallest vocabulary in which 256 bytes for rare characters leave enough room for subwords."""


@dataclass(frozen=True)
class Traits:
    """Statistics of the texts of one side, from which a tokenizer is chosen."""

    count: int
    distinct: int
    words: float
    word_types: int
    characters: float
    alphabet: int

    @staticmethod
    def of(every: Sequence[str]) -> Traits:
        """Compute the statistics of some texts."""
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
        """Whether the texts are labels: few distinct short texts, each occurring many times."""
        return self.count >= 20 and self.distinct <= min(1000, self.count / 10) and self.words <= 5

    @property
    def closed(self) -> bool:
        """Whether texts consist of a small set of symbols separated by spaces, such as phones, each occurring often.

        Symbols of one or two characters, as phones are and words of a sentence seldom, need not occur as often.
        """
        length = (self.characters + 1) / max(1.0, self.words) - 1  # of a symbol, without the space after it
        often = OFTEN_SHORT if length <= SHORT else OFTEN
        return self.words >= 1.5 and self.word_types <= 500 and self.words * self.count >= often * self.word_types

    @property
    def unspaced(self) -> bool:
        """Whether words are written without spaces between them, as in Chinese, Japanese and Thai."""
        return self.characters >= UNSPACED * self.words

    @property
    def running_words(self) -> float:
        """Mean number of words in a text: counted, or guessed from the characters if that is more.

        The guess is six characters a word, or two where words are not separated and there are thousands of characters.
        """
        return max(self.words, self.characters / (2 if self.unspaced and self.alphabet > 1000 else 6))

    @property
    def wordlike(self) -> bool:
        """Whether the texts are single words or short phrases."""
        return self.words <= 2.5 and self.characters <= 40


def choose(
    sample: Sequence[tuple[str, str]], config: TextConfig, count: int | None = None
) -> tuple[TextConfig, list[str]]:
    """Replace each `auto` in `config` by a kind; also returns a sentence for each choice that says why.

    `count` is the number of all pairs if `sample` is only a part of them.
    """
    pairs = sample
    total = len(sample) if count is None else count
    if config.shared:
        chosen, reason = _side([text for pair in pairs for text in pair], config.source, total, label=False)
        said = [f"text on both sides: {reason}"] if reason else []
        return config.replace(source=chosen, target=chosen, shared=True), said
    source, source_reason = _side([source for source, _ in pairs], config.source, total, label=False)
    target, target_reason = _side([target for _, target in pairs], config.target, total, label=True)
    said = [
        f"{side} text: {reason}" for side, reason in (("source", source_reason), ("target", target_reason)) if reason
    ]
    return config.replace(source=source, target=target), said


def choose_source(
    sample: Sequence[tuple[str, str]], config: TextConfig, count: int | None = None
) -> tuple[TextConfig, list[str]]:
    """As `choose`, where only the sources are text."""
    total = len(sample) if count is None else count
    source, reason = _side([source for source, _ in sample], config.source, total, label=False)
    return config.replace(source=source), [f"source text: {reason}"] if reason else []


def words_to_words(sample: Sequence[tuple[str, str]]) -> bool:
    """Whether sources are single words or short phrases, and targets are so too or are symbols of a small set.

    Examples of such targets are phones and labels.
    """
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
        return config.replace(kind="word"), f"words, as all is made of {traits.word_types} that are separated by spaces"
    if traits.wordlike or config.vocabulary_size < min(BYTES_FIT, 2 * traits.alphabet):
        most = f"a text has {traits.characters:.0f} on average and there are {traits.alphabet:,} different ones"
        return config.replace(kind="character"), f"characters, as {most}"
    return _subwords(config, traits, total)


def _subwords(config: TokenizerConfig, traits: Traits, total: int, asked: str = "") -> tuple[TokenizerConfig, str]:
    """BPE with a vocabulary that fits the amount of text: one piece for about 25 running words, and at least 500.

    The size never exceeds `vocabulary_size`. Every character gets a piece, unless characters would take more than half
    of the allowed pieces; then bytes spell the rarest characters.
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
