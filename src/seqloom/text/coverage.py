"""Vocabulary coverage: how much of some texts a tokenizer can encode, and whether decoding gives the same texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from seqloom.text.config import TextConfig, TokenizerConfig
from seqloom.text.special import UNK
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.unknown import behind_unknown

LOOKED_AT = 20_000
"""Number of texts of a side that are checked, counted from the first."""
TOGETHER = 1000
NAMED = 5


@dataclass(frozen=True)
class Coverage:
    """How well a tokenizer covers some texts.

    `texts` and `characters` count what was checked. `affected` texts contain symbols without an id; these make up
    `lost` characters, and `symbols` counts each of them, which are words where the tokenizer makes `words`. `altered`
    texts are decoded with another Unicode form or other white space than they had; `example` is the first of them.
    """

    texts: int
    characters: int
    affected: int
    lost: int
    altered: int = 0
    example: str = ""
    symbols: Counter[str] = field(default_factory=Counter)
    words: bool = False

    @property
    def share(self) -> float:
        """The share of the characters that have no id."""
        return self.lost / max(1, self.characters)

    @staticmethod
    def of(tokenizer: Tokenizer, texts: Sequence[str], config: TokenizerConfig | None = None) -> Coverage:
        """Check the first texts; given the tokenizer's settings, also check whether decoding restores the texts."""
        looked_at = texts[:LOOKED_AT]
        returns = config is not None and not config.lowercase and "K" not in config.unicode
        affected = lost = altered = 0
        example, symbols = "", Counter[str]()
        for start in range(0, len(looked_at), TOGETHER):
            some = looked_at[start : start + TOGETHER]
            for text, ids in zip(some, tokenizer.encode(some), strict=True):
                if UNK in ids:
                    behind = [symbol.strip() for symbol in behind_unknown(tokenizer, text, ids)]
                    affected, lost = affected + 1, lost + sum(map(len, behind))
                    symbols.update(behind if tokenizer.kind == "word" else "".join(behind))
                if returns and not _plain(text) and tokenizer.form.write(tokenizer.normalize(text)) != text:
                    altered, example = altered + 1, example or text
        return Coverage(
            len(looked_at),
            sum(map(len, looked_at)),
            affected,
            lost,
            altered,
            example,
            symbols,
            tokenizer.kind == "word",
        )

    def sentences(self, side: str, *, written: bool, texts: str = "training texts") -> list[str]:
        """Warnings about the texts of a side, which are `written` (targets) or read; empty if there are none."""
        said = []
        if self.affected:
            shown = ", ".join(repr(symbol) for symbol, _ in self.symbols.most_common(NAMED))
            what = "cannot be written" if written else "are read as unknown"
            whole = "words with " if self.words else ""
            said.append(
                f"{side} text: {whole}{_percent(self.share)} of the characters in {self.affected:,} of {self.texts:,} "
                f"{texts} {what}, such as {shown} ({len(self.symbols):,} in all)"
            )
        if self.altered:
            shown = self.example if len(self.example) <= 40 else self.example[:39] + "…"
            said.append(
                f"{side} text: {self.altered:,} of {self.texts:,} {texts} have another Unicode form or other "
                f"white space than answers will have, the first is {shown!r}"
            )
        return said

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {
            "texts": self.texts,
            "characters": self.characters,
            "unknown_share": self.share,
            "unknown_characters": self.lost,
            "texts_with_unknown": self.affected,
            "unknown_symbols": dict(self.symbols.most_common(100)),
            "altered_texts": self.altered,
        }


def text_notices(
    tokenizers: tuple[Tokenizer, Tokenizer], pairs: Sequence[tuple[str, str]], config: TextConfig
) -> list[str]:
    """Remarks on how well the training pairs can be read, and on the form in which answers will be written."""
    source, target = tokenizers
    read = Coverage.of(source, [source for source, _ in pairs[:LOOKED_AT]])
    written = Coverage.of(target, [target for _, target in pairs[:LOOKED_AT]], config.target)
    said = target.form.sentences("target")
    return [*read.sentences("source", written=False), *said, *written.sentences("target", written=True)]


def _plain(text: str) -> bool:
    """Whether no tokenizer can alter the text."""
    return text.isascii() and text == " ".join(text.split())


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
