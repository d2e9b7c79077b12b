"""A vocabulary that grows: new symbols of new data join those of a trained tokenizer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from tokenizers import Tokenizer as Engine

from seqloom.text.config import TokenizerConfig
from seqloom.text.tokenizer import Tokenizer, reserved_names
from seqloom.text.training import train_tokenizer

GROWING = {"character": ("min_count",), "word": ("min_count", "vocabulary_size")}
"""Kinds whose vocabulary is a list of symbols, each read by itself, and the settings that say which new ones join."""
TAGGABLE = (*GROWING, "byte")


def extended(
    tokenizer: Tokenizer, texts: Iterable[str], config: TokenizerConfig, tags: Sequence[str] = ()
) -> Tokenizer:
    """The tokenizer with the tags and symbols that it did not know, or itself where there are none.

    A symbol counts as a tokenizer trained on these texts alone would count it: `min_count` and `vocabulary_size` of
    the configuration hold for the new data. A subword tokenizer's pieces depend on each other and stay as they are.
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
    """For each id of `new` the id that the same symbol has in `old`, or -1."""
    places = {symbol: number for number, symbol in enumerate(old.vocabulary)}
    return [places.get(symbol, -1) for symbol in new.vocabulary]
