"""The ids a model reads: tags first, then the source, forwards or backwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.text.special import UNK
from seqloom.text.tokenizer import Tokenizer, tag_name
from seqloom.text.unknown import behind_unknown, new_symbols


@dataclass(frozen=True)
class ReadSource:
    """What a model reads of an input.

    `cut` says that the end was left out. `behind` is the text behind each unknown token, in the order of the ids, and
    `unknown` are the symbols that were never met in training, each once, tags among them.
    """

    ids: list[int]
    cut: bool = False
    behind: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def tokens(self, tokenizer: Tokenizer) -> tuple[str, ...]:
        """The pieces behind the ids; an unknown token shows what stands behind it."""
        hidden = iter(self.behind)
        pieces = zip(self.ids, tokenizer.tokens(self.ids), strict=True)
        return tuple(f"<unk:{next(hidden, '')}>" if token == UNK else piece for token, piece in pieces)


def encode_sources(
    tokenizer: Tokenizer,
    texts: Sequence[str],
    tags: Sequence[Sequence[str]] = (),
    *,
    reverse: bool = False,
    sample: bool = False,
    seed: int | None = None,
) -> list[list[int]]:
    """Ids of sources with their tags before them; `reverse` turns the text around (Sutskever et al. 2014, §3.3)."""
    encoded = tokenizer.encode(texts, sample=sample, seed=seed)
    if reverse:
        encoded = [ids[::-1] for ids in encoded]
    if any(tags):
        encoded = [tokenizer.tag_ids(own) + ids for own, ids in zip(tags, encoded, strict=True)]
    return encoded


def cut_sources(
    tokenizer: Tokenizer, texts: Sequence[str], tags: Sequence[Sequence[str]], limit: int, *, reverse: bool = False
) -> list[ReadSource]:
    """Sources as they are read for an answer: at most `limit` ids, tags counted, of a longer one the beginning.

    A text is cut before it is turned around, and of a long one only the beginning is looked at.
    """
    beginnings = [tokenizer.beginning(text, limit + 1) for text in texts]
    encoded = tokenizer.encode(beginnings)
    return [
        _read(tokenizer, text, own, ids, limit, reverse)
        for text, own, ids in zip(beginnings, tags, encoded, strict=True)
    ]


def _read(
    tokenizer: Tokenizer, text: str, tags: Sequence[str], ids: list[int], limit: int, reverse: bool
) -> ReadSource:
    if not text.strip():  # a text of nothing but spaces is no input, with tags or without
        return ReadSource([])
    before = tokenizer.tag_ids(tags)[:limit] if tags else []
    kept = ids[: limit - len(before)]
    cut = len(tags) + len(ids) > limit
    turned = kept[::-1] if reverse else kept
    if UNK not in kept and UNK not in before and not tokenizer.unseen:
        return ReadSource(before + turned, cut)
    unknown_tags = [tag for tag, token in zip(tags, before, strict=False) if token == UNK]
    behind = behind_unknown(tokenizer, text, kept)
    unknown = dict.fromkeys([*map(tag_name, unknown_tags), *new_symbols(tokenizer, text, kept)])
    return ReadSource(before + turned, cut, (*unknown_tags, *(reversed(behind) if reverse else behind)), tuple(unknown))
