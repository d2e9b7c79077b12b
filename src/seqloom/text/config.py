"""Settings of the text room: which tokenizer each side has."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from seqloom.config import Section

Kind = Literal["auto", "character", "byte", "word", "bpe", "unigram"]


class TokenizerConfig(Section):
    """How the strings of one side become ids."""

    kind: Kind = "auto"
    """What a token is; `auto` looks at the data, chooses, and says so."""
    vocabulary_size: int = Field(default=8000, ge=8)
    """Upper bound of the number of tokens (word, bpe, unigram)."""
    min_count: int = Field(default=1, ge=1)
    """Rarer tokens become unknown (character, word)."""
    unicode: Literal["none", "NFC", "NFD", "NFKC", "NFKD"] = "NFC"
    """Unicode form that text is brought to first."""
    lowercase: bool = False
    """Whether upper and lower case are the same."""
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share of merges skipped at random while training (bpe; Provilkov et al. 2020), 0.1 is usual."""
    byte_fallback: bool = False
    """Whether characters without a piece are spelled in bytes, so that none is unknown (bpe, unigram): the rarest ones,
    and whatever comes later. `auto` decides by the number of characters."""

    @model_validator(mode="after")
    def _bytes_need_pieces(self) -> TokenizerConfig:
        if self.byte_fallback and self.kind not in ("bpe", "unigram", "auto"):
            raise ValueError(f"byte_fallback is for kind = 'bpe' or 'unigram', not for {self.kind!r}")
        return self

    @model_validator(mode="after")
    def _dropout_needs_merges(self) -> TokenizerConfig:
        if self.dropout and self.kind not in ("bpe", "auto"):
            raise ValueError(f"dropout is for kind = 'bpe', kind {self.kind!r} has no merges to skip")
        return self


class TextConfig(Section):
    """The tokenizers of both sides."""

    source: TokenizerConfig = TokenizerConfig()
    """The source side."""
    target: TokenizerConfig = TokenizerConfig()
    """The target side."""
    shared: bool = False
    """One tokenizer, trained on both sides."""

    @model_validator(mode="after")
    def _shared_means_equal(self) -> TextConfig:
        if self.shared and self.source != self.target:
            raise ValueError("shared = true needs equal settings in text.source and text.target")
        return self
