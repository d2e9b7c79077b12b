"""The ids a model reads: tags first, then the source, forwards or backwards."""

from __future__ import annotations

from collections.abc import Sequence

from seqloom.text.tokenizer import Tokenizer


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
