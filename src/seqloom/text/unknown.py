"""Find the symbols of a text that never occurred in the training sources.

Most of them have no id of their own and are read as the unknown token. Others have an id and are still new to the
model: bytes that occur in no training text, and symbols of a shared vocabulary that occur only in targets
(`Tokenizer.unseen`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from seqloom.text.alphabet import BYTES, in_bytes
from seqloom.text.special import UNK
from seqloom.text.tokenizer import SUBWORDS, Tokenizer


def behind_unknown(tokenizer: Tokenizer, text: str, ids: Sequence[int]) -> list[str]:
    """The parts of a text that the unknown tokens among its first ids stand for, in order."""
    count = list(ids).count(UNK)
    return list(islice(_without_id(tokenizer, text), count)) if count else []


def without_ids(tokenizer: Tokenizer, text: str, ids: Sequence[int]) -> list[str]:
    """The symbols in the beginning of a text, given by `ids`, that have no id of their own; each once, in order.

    A symbol is a word if tokens are words, and otherwise a character.
    """
    behind = behind_unknown(tokenizer, text, ids)
    return list(dict.fromkeys(behind if tokenizer.kind == "word" else "".join(behind)))


def new_symbols(tokenizer: Tokenizer, text: str, ids: Sequence[int]) -> list[str]:
    """The symbols in the beginning of a text, given by `ids`, that never occurred in training; each once, in order.

    These are the symbols without an id of their own, and those in `Tokenizer.unseen`.
    """
    found = set(without_ids(tokenizer, text, ids))
    if tokenizer.unseen:
        found |= {symbol for symbol in _symbols(tokenizer, ids) if _is_unseen(tokenizer, symbol)}
    normal = tokenizer.normalize(text) if len(found) > 1 else ""
    return sorted(found, key=lambda symbol: (normal.find(symbol), symbol))


def unseen_symbols(tokenizer: Tokenizer, sources: Iterable[str]) -> tuple[str, ...]:
    """The symbols that have ids of their own but occur in none of the sources."""
    words = tokenizer.kind == "word"
    seen: set[str] = set()
    for source in sources:
        normal = tokenizer.normalize(source)
        seen.update(normal.split(" ") if words else normal)
    if tokenizer.spells_bytes:
        seen.update(name for symbol in list(seen) for name in _spelling(tokenizer, symbol))
    pieces = set() if tokenizer.kind == "byte" else set(tokenizer.vocabulary[tokenizer.reserved :])
    own = pieces if words else {piece for piece in pieces if len(piece) == 1 and piece != "▁"}
    return tuple(sorted((own | set(BYTES if tokenizer.spells_bytes else ())) - seen))


def _without_id(tokenizer: Tokenizer, text: str) -> Iterator[str]:
    """The parts of a text that are each read as an unknown token."""
    engine: Any = tokenizer.engine
    known = engine.token_to_id
    for piece, _ in engine.pre_tokenizer.pre_tokenize_str(tokenizer.normalize(text)):
        if tokenizer.kind == "bpe":
            yield from (character.replace("▁", " ") for character in piece if known(character) is None)
        elif tokenizer.kind == "unigram":
            yield from (token.value.replace("▁", " ") for token in engine.model.tokenize(piece) if token.id == UNK)
        elif known(piece) is None:
            yield piece


def _symbols(tokenizer: Tokenizer, ids: Sequence[int]) -> set[str]:
    """The words or characters that some ids stand for."""
    kept = [token for token in ids if token >= tokenizer.reserved]
    if tokenizer.kind == "word":
        return {tokenizer.vocabulary[token] for token in kept}
    return set(tokenizer.engine.decode(kept, skip_special_tokens=False))


def _is_unseen(tokenizer: Tokenizer, symbol: str) -> bool:
    return any(name in tokenizer.unseen_names for name in _spelling(tokenizer, symbol))


def _spelling(tokenizer: Tokenizer, symbol: str) -> list[str]:
    """The names in the vocabulary that spell a symbol alone: itself, or its bytes."""
    name = "▁" if symbol == " " and tokenizer.kind in SUBWORDS else symbol
    if tokenizer.kind != "byte" and tokenizer.engine.token_to_id(name) is not None:
        return [name]
    return in_bytes(symbol) if tokenizer.spells_bytes else [symbol]
