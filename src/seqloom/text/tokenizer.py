"""Strings ⇄ ids. An immutable wrapper of a Hugging Face tokenizer; normalisation is part of it.

Reserved tokens (the four special ones and the tags) are spelled with a leading space inside the vocabulary. No text
token is: words and subwords contain no space, and characters are one symbol long. So no text can be taken for one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tokenizers import Tokenizer as Engine

from seqloom.errors import DataError, ModelFolderError
from seqloom.text.sampling import MergeSampler
from seqloom.text.special import SPECIAL_TOKENS, UNK
from seqloom.text.words import KINDS, WordMemory

FORMAT = 1


@dataclass(frozen=True)
class Tokenizer:
    """Text to ids and back; `dropout` is the share of merges skipped when a sampled segmentation is asked for."""

    engine: Engine = field(repr=False, compare=False)
    kind: str
    tags: tuple[str, ...] = ()
    dropout: float = 0.0

    @property
    def size(self) -> int:
        """Number of ids, reserved ones included."""
        return int(self.engine.get_vocab_size(with_added_tokens=False))

    @property
    def reserved(self) -> int:
        """Ids below this one are special tokens and tags."""
        return len(SPECIAL_TOKENS) + len(self.tags)

    @property
    def samples(self) -> bool:
        """Whether `encode(..., sample=True)` differs from one call to the next."""
        return self.dropout > 0

    def normalize(self, text: str) -> str:
        """The text as the tokenizer sees it, and as decoding gives it back."""
        try:
            normalizer = self.engine.normalizer
            return text if normalizer is None else str(normalizer.normalize_str(text))
        except (UnicodeError, TypeError):
            raise _not_text(text) from None

    def encode(self, texts: Sequence[str], *, sample: bool = False, seed: int | None = None) -> list[list[int]]:
        """Ids of each text, without begin or end marks; with `sample`, a random segmentation drawn from `seed`."""
        if sample and self.samples:
            return self._sampler.encode([self.normalize(text) for text in texts], seed)
        try:
            return self._words.encode(texts) if self.kind in KINDS else self._cut(list(texts))
        except (UnicodeError, TypeError, AttributeError):
            bad = next((text for text in texts if not _encodable(text)), "")
            raise _not_text(bad) from None

    def decode(self, sequences: Sequence[Sequence[int]]) -> list[str]:
        """Text of each sequence of ids; special tokens and tags leave no trace."""
        reserved = self.reserved
        kept = [[token for token in sequence if token >= reserved] for sequence in sequences]
        return list(self.engine.decode_batch(kept, skip_special_tokens=False))

    def tokens(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The pieces behind ids as one writes them beside an alignment."""
        return tuple(self._piece(int(token)) for token in ids)

    def tag_ids(self, tags: Sequence[str]) -> list[int]:
        """Ids of source-side tags; a tag not seen in training is unknown."""
        known = {tag: number for number, tag in enumerate(self.tags, start=len(SPECIAL_TOKENS))}
        return [known.get(tag, UNK) for tag in tags]

    def to_json(self) -> str:
        """Everything needed to rebuild the tokenizer; the part below `tokenizer` is Hugging Face's own format."""
        head = {"format": FORMAT, "kind": self.kind, "tags": list(self.tags), "dropout": self.dropout}
        return json.dumps({"seqloom": head, "tokenizer": json.loads(self.engine.to_str())}, ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> Tokenizer:
        """The tokenizer that `to_json` wrote."""
        try:
            values = json.loads(text)
            head = values["seqloom"]
            version = head["format"]
            engine = Engine.from_str(json.dumps(values["tokenizer"])) if version == FORMAT else None
            fields = str(head["kind"]), tuple(head["tags"]), float(head["dropout"])
        except Exception as error:  # the library raises bare Exception on a malformed file
            raise ModelFolderError(f"must be a tokenizer written by seqloom: {error}") from None
        if engine is None:
            raise ModelFolderError(f"tokenizer format must be {FORMAT}, not {version!r}")
        return Tokenizer(engine, *fields)

    def _cut(self, texts: list[str]) -> list[list[int]]:
        return [encoding.ids for encoding in self.engine.encode_batch_fast(texts, add_special_tokens=False)]

    @cached_property
    def _words(self) -> WordMemory:
        return WordMemory(self._cut, self.size)

    @cached_property
    def _sampler(self) -> MergeSampler:
        return MergeSampler(self.engine, self.dropout)

    def _piece(self, token: int) -> str:
        piece = self.engine.id_to_token(token)
        if piece is None:
            return SPECIAL_TOKENS[UNK]
        if token < self.reserved:
            return str(piece[1:])
        if self.kind == "byte":
            return str(self.engine.decode([token]))
        return str(piece)


def reserved_names(tags: Sequence[str]) -> list[str]:
    """How the special tokens and tags are spelled inside a vocabulary, in the order of their ids."""
    return [f" {name}" for name in SPECIAL_TOKENS] + [f" <{tag}>" for tag in tags]


def _encodable(text: object) -> bool:
    try:
        return isinstance(text, str) and text.encode("utf-8") is not None
    except UnicodeError:
        return False


def _not_text(text: object) -> DataError:
    shown = repr(text)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return DataError(f"text must be valid Unicode, not {shown}", hint="lone surrogates cannot be encoded")
