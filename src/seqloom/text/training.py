"""Tokenizers from text: the same text and settings give the same tokenizer, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as Engine

from seqloom.errors import ConfigError, DataError
from seqloom.text.config import TextConfig, TokenizerConfig
from seqloom.text.special import SPECIAL_TOKENS, UNK
from seqloom.text.tokenizer import Tokenizer, reserved_names

UNKNOWN = reserved_names(())[UNK]
PIECES = r"▁?[\p{L}\p{M}\p{N}]+|▁?[^▁\p{L}\p{M}\p{N}]+|▁"
"""Where subwords may not cross: a word, a run of punctuation, each with the space before it."""


def train_tokenizer(texts: Iterable[str], config: TokenizerConfig, tags: Sequence[str] = ()) -> Tokenizer:
    """The tokenizer of one side; `tags` get ids of their own after the special tokens."""
    if config.kind == "auto":
        raise ConfigError("the kind of tokenizer must be chosen before it is trained", hint="seqloom.text.choose")
    names = reserved_names(tags)
    if len(set(names)) != len(names):
        raise DataError(f"tags must differ from each other and from {', '.join(SPECIAL_TOKENS)}")
    engine = _BUILDERS[config.kind](_texts(texts), config, names)
    engine.normalizer = _normalizer(config)
    return Tokenizer(engine, config.kind, tuple(tags), config.dropout)


def train_tokenizers(
    pairs: Sequence[tuple[str, str]], config: TextConfig, tags: Sequence[str] = ()
) -> tuple[Tokenizer, Tokenizer]:
    """The tokenizers of both sides (the same object twice where they are shared)."""
    if config.shared:
        both = train_tokenizer(chain.from_iterable(pairs), config.source, tags)
        return both, both
    source = train_tokenizer((source for source, _ in pairs), config.source, tags)
    return source, train_tokenizer((target for _, target in pairs), config.target)


def _texts(texts: Iterable[str]) -> Iterator[str]:
    """The texts; refuses what the library could not read."""
    for text in texts:
        try:
            text.encode("utf-8")
        except UnicodeError:
            raise DataError(f"text must be valid Unicode, not {text[:60]!r}") from None
        yield text


def _normalizer(config: TokenizerConfig) -> Any:
    steps: list[Any] = [] if config.unicode == "none" else [getattr(normalizers, config.unicode)()]
    if config.lowercase:
        steps.append(normalizers.Lowercase())
    if config.kind in ("bpe", "unigram"):
        steps += [normalizers.Replace(Regex(r"[\s▁]+"), " "), normalizers.Strip()]
    elif config.kind == "word":
        steps += [normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()]
    return normalizers.Sequence(steps)


def _character(texts: Iterator[str], config: TokenizerConfig, names: list[str]) -> Engine:
    splitter = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    engine = _counted(texts, config, names, splitter, limit=1 << 30)
    engine.decoder = decoders.Fuse()
    return engine


def _word(texts: Iterator[str], config: TokenizerConfig, names: list[str]) -> Engine:
    limit = max(config.vocabulary_size, len(names))
    return _counted(texts, config, names, pre_tokenizers.Split(" ", "removed"), limit)


def _counted(texts: Iterator[str], config: TokenizerConfig, names: list[str], splitter: Any, limit: int) -> Engine:
    """A table of whole tokens, the most frequent first."""
    engine = Engine(models.WordLevel({}, unk_token=UNKNOWN))
    engine.normalizer, engine.pre_tokenizer = _normalizer(config), splitter
    _train(
        engine,
        texts,
        trainers.WordLevelTrainer(
            vocab_size=limit, min_frequency=config.min_count, special_tokens=names, show_progress=False
        ),
    )
    return _without_added(engine)


def _byte(texts: Iterator[str], config: TokenizerConfig, names: list[str]) -> Engine:  # noqa: ARG001
    """One token for each of the 256 bytes of UTF-8; nothing is learned."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    engine = Engine(models.WordLevel({name: i for i, name in enumerate([*names, *alphabet])}, unk_token=UNKNOWN))
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated"),
        ]
    )
    engine.decoder = decoders.ByteLevel()
    return engine


def _bpe(texts: Iterator[str], config: TokenizerConfig, names: list[str]) -> Engine:
    """Byte-pair encoding of characters (Sennrich, Haddow, Birch 2016)."""
    engine = Engine(models.BPE(unk_token=UNKNOWN))
    size = max(config.vocabulary_size, len(names) + 1)
    trainer = trainers.BpeTrainer(
        vocab_size=size, limit_alphabet=size - len(names), special_tokens=names, show_progress=False
    )
    return _subwords(engine, texts, config, trainer)


def _unigram(texts: Iterator[str], config: TokenizerConfig, names: list[str]) -> Engine:
    """Subwords of a unigram language model (Kudo 2018, §3.2)."""
    first = list(islice(texts, 1))
    if not any(text.strip() for text in first):
        first.append("\N{LOWER ONE EIGHTH BLOCK} ")
    engine = Engine(models.Unigram())
    trainer = trainers.UnigramTrainer(
        vocab_size=max(config.vocabulary_size, len(names) + 1),
        special_tokens=names,
        unk_token=UNKNOWN,
        show_progress=False,
    )
    trained = _subwords(engine, chain(first, texts), config, trainer)
    values = json.loads(trained.to_str())
    values["model"]["vocab"] = _canonical(values["model"]["vocab"], names)
    values["model"]["unk_id"] = UNK
    return Engine.from_str(json.dumps(values))


def _canonical(vocabulary: list[tuple[str, float]], names: list[str]) -> list[tuple[str, float]]:
    """The same pieces in one order: the trainer's threads leave the last bits and the rarest characters to chance."""
    pieces = [(piece, score) for piece, score in vocabulary if piece not in names]
    lowest = min((score for _, score in pieces), default=0.0)
    near = lowest + 1e-4 * (1 + sum(len(piece) == 1 for piece, _ in pieces))
    level = [(piece, round(lowest if len(piece) == 1 and score < near else score, 6)) for piece, score in pieces]
    return [(name, 0.0) for name in names] + sorted(level, key=lambda entry: (-entry[1], entry[0]))


def _subwords(engine: Engine, texts: Iterator[str], config: TokenizerConfig, trainer: Any) -> Engine:
    engine.normalizer = _normalizer(config)
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="always", split=False),
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
        ]
    )
    engine.decoder = decoders.Metaspace(prepend_scheme="always", split=False)
    _train(engine, texts, trainer)
    return _without_added(engine)


def _train(engine: Engine, texts: Iterator[str], trainer: Any) -> None:
    engine.train_from_iterator(iter(lambda: list(islice(texts, 1000)), []), trainer=trainer)


def _without_added(engine: Engine) -> Engine:
    """The engine with reserved tokens in the vocabulary only, so that they are never looked for in text."""
    values = json.loads(engine.to_str())
    values["added_tokens"] = []
    return Engine.from_str(json.dumps(values))


_BUILDERS: dict[str, Callable[[Iterator[str], TokenizerConfig, list[str]], Engine]] = {
    "character": _character,
    "byte": _byte,
    "word": _word,
    "bpe": _bpe,
    "unigram": _unigram,
}
