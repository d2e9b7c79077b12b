"""Settings of the tokenizers of both sides."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from seqloom.config import Section

Kind = Literal["auto", "character", "byte", "word", "bpe", "unigram"]


class TokenizerConfig(Section):
    """How the texts of one side become tokens."""

    kind: Kind = "auto"
    """What a token is; `auto` chooses by the data and reports the choice."""
    vocabulary_size: int = Field(default=8000, ge=8)
    """Largest size of the vocabulary (word, bpe, unigram). With kind = auto a smaller one is chosen for little text."""
    min_count: int = Field(default=1, ge=1)
    """Tokens that occur less often than this become unknown (character, word)."""
    unicode: Literal["none", "NFC", "NFD", "NFKC", "NFKD"] = "NFC"
    """Unicode normalisation form to which text is converted first."""
    lowercase: bool = False
    """Whether text is converted to lower case."""
    dropout: float = Field(default=0.0, ge=0.0, lt=1.0)
    """BPE dropout: the share of merges that are skipped at random in training (Provilkov et al. 2020); 0.1 is usual."""
    byte_fallback: bool = False
    """Whether characters that are not in the vocabulary are spelled in bytes, so that none is unknown (bpe, unigram).
    With `kind = "auto"` this is also switched on by itself if there are very many different characters."""

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
    """The tokenizers of source and target."""

    source: TokenizerConfig = TokenizerConfig()
    """The tokenizer of the source."""
    target: TokenizerConfig = TokenizerConfig()
    """The tokenizer of the target."""
    shared: bool = False
    """Whether both sides share one tokenizer, trained on the texts of both."""
    label_separator: str = Field(default=", ", min_length=1)
    """What stands between labels where model.answer = labels and a target names several; white space around it does
    not count."""

    @model_validator(mode="after")
    def _shared_means_equal(self) -> TextConfig:
        if self.shared and self.source != self.target:
            raise ValueError("shared = true needs equal settings in text.source and text.target")
        return self
