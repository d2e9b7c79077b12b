"""How much of some texts a tokenizer knows, and whether it gives them back as they are."""

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
"""Texts of a side that are looked at, from the first."""
TOGETHER = 1000
NAMED = 5


@dataclass(frozen=True)
class Coverage:
    """Of `texts` with `characters`, `affected` have symbols without an id, which make up `lost` characters.

    `symbols` are these, with how often each occurs. `altered` texts come back in another Unicode form or with other
    white space than they have, the first of them being `example`.
    """

    texts: int
    characters: int
    affected: int
    lost: int
    altered: int = 0
    example: str = ""
    symbols: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        """The part of the characters that is lost."""
        return self.lost / max(1, self.characters)

    @staticmethod
    def of(tokenizer: Tokenizer, texts: Sequence[str], config: TokenizerConfig | None = None) -> Coverage:
        """What a tokenizer knows of the first texts and, with its settings, whether it gives them back as they are."""
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
        return Coverage(len(looked_at), sum(map(len, looked_at)), affected, lost, altered, example, symbols)

    def sentences(self, side: str, *, written: bool, texts: str = "training texts") -> list[str]:
        """What a user should know of a side's texts, which are `written` or read; empty where all is well."""
        said = []
        if self.affected:
            shown = ", ".join(repr(symbol) for symbol, _ in self.symbols.most_common(NAMED))
            what = "cannot be written" if written else "are read as unknown"
            said.append(
                f"{side} text: {_percent(self.share)} of the characters in {self.affected:,} of {self.texts:,} "
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
    """What there is to say of how training pairs are read and how answers will be written."""
    source, target = tokenizers
    read = Coverage.of(source, [source for source, _ in pairs[:LOOKED_AT]])
    written = Coverage.of(target, [target for _, target in pairs[:LOOKED_AT]], config.target)
    said = target.form.sentences("target")
    return [*read.sentences("source", written=False), *said, *written.sentences("target", written=True)]


def _plain(text: str) -> bool:
    """Whether no tokenizer alters the text."""
    return text.isascii() and text == " ".join(text.split())


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
