"""Extend the vocabulary of a trained tokenizer with the symbols of new data, for fine-tuning."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tokenizers import Tokenizer as Engine

from seqloom.text.config import TokenizerConfig
from seqloom.text.tokenizer import Tokenizer, reserved_names
from seqloom.text.training import train_tokenizer

GROWING = {"character": ("min_count",), "word": ("min_count", "vocabulary_size")}
"""Kinds whose vocabulary can grow, since its symbols are independent, and the settings that select new symbols."""
TAGGABLE = (*GROWING, "byte")


def extended(
    tokenizer: Tokenizer, texts: Iterable[str], config: TokenizerConfig, tags: Sequence[str] = ()
) -> Tokenizer:
    """Add the new tags and symbols of some texts; returns the tokenizer itself if there are none.

    A symbol is added if a tokenizer trained on these texts alone would contain it, so `min_count` and `vocabulary_size`
    apply to the new data. The pieces of a subword tokenizer depend on each other and are not changed.
    """
    if tokenizer.kind not in TAGGABLE:
        return tokenizer
    old = tokenizer.vocabulary
    more_tags = [tag for tag in tags if tag not in tokenizer.tags]
    more: list[str] = []
    if tokenizer.kind in GROWING:
        trained = train_tokenizer(texts, config.replace(kind=tokenizer.kind))
        known = set(old)
        more = [symbol for symbol in trained.vocabulary[trained.reserved :] if symbol not in known]
    if not more and not more_tags:
        return tokenizer
    all_tags = (*tokenizer.tags, *more_tags)
    symbols = [*reserved_names(all_tags), *old[tokenizer.reserved :], *more]
    values = json.loads(tokenizer.engine.to_str())
    values["model"]["vocab"] = {symbol: number for number, symbol in enumerate(symbols)}
    return replace(tokenizer, engine=Engine.from_str(json.dumps(values)), tags=all_tags)


def origins(old: Tokenizer, new: Tokenizer) -> list[int]:
    """For each id of `new`, the id of the same symbol in `old`, or -1 if it is new."""
    places = {symbol: number for number, symbol in enumerate(old.vocabulary)}
    return [places.get(symbol, -1) for symbol in new.vocabulary]
