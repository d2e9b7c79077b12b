"""Train tokenizers; the same texts and settings always give the same tokenizer, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any

from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers import Tokenizer as Engine

from seqloom.errors import ConfigError, DataError
from seqloom.text.alphabet import BYTES, SIGNS, covering, ranked
from seqloom.text.config import TextConfig, TokenizerConfig
from seqloom.text.special import UNK
from seqloom.text.splitting import parts, word_parts
from seqloom.text.target_form import WrittenForm
from seqloom.text.tokenizer import Tokenizer, reserved_names
from seqloom.text.unknown import unseen_symbols
from seqloom.text.words import KINDS as SPACED

UNKNOWN = reserved_names(())[UNK]
LOOKED_AT = 20_000
"""Number of targets from which their written form is found."""
RUN = 512
"""Longest run of characters that is split into subwords as a whole; a longer one, which is no word, is cut up first."""
PIECES = rf"▁?[\p{{L}}\p{{M}}\p{{N}}]{{1,{RUN}}}|▁?[^▁\p{{L}}\p{{M}}\p{{N}}]{{1,{RUN}}}|▁"
"""The units that subwords do not cross: a word or a run of punctuation, each with the space before it."""


def train_tokenizer(texts: Iterable[str], config: TokenizerConfig, tags: Sequence[str] = ()) -> Tokenizer:
    """Train the tokenizer of one side; `tags` get ids of their own after the special tokens."""
    if config.kind == "auto":
        raise ConfigError("the kind of tokenizer must be chosen before it is trained", hint="seqloom.text.choose")
    names = reserved_names(tags)
    if len(set(tags)) != len(tags):
        twice = next(tag for place, tag in enumerate(tags) if tag in tags[:place])
        raise DataError(f"tags must differ from each other, {twice!r} came twice")
    engine = _BUILDERS[config.kind](_texts(texts, config.kind), config, names)
    engine.normalizer = _normalizer(config)
    return Tokenizer(engine, config.kind, tuple(tags), config.dropout)


def train_tokenizers(
    pairs: Sequence[tuple[str, str]], config: TextConfig, tags: Sequence[str] = ()
) -> tuple[Tokenizer, Tokenizer]:
    """Train the tokenizers of both sides and fit them to the pairs; shared tokenizers are the same object twice."""
    if config.shared:
        both = train_tokenizer(chain.from_iterable(pairs), config.source, tags)
        return fitted(both, both, pairs, config)
    source = train_tokenizer((source for source, _ in pairs), config.source, tags)
    return fitted(source, train_tokenizer((target for _, target in pairs), config.target), pairs, config)


def train_source_tokenizer(sources: Sequence[str], config: TextConfig, tags: Sequence[str] = ()) -> Tokenizer:
    """Train the tokenizer of the source side alone, for targets that are no text."""
    return fitted_source(train_tokenizer(sources, config.source, tags), sources)


def fitted_source(tokenizer: Tokenizer, sources: Sequence[str], before: Tokenizer | None = None) -> Tokenizer:
    """Give the tokenizer of the source side what it should know of the sources: the symbols that occur in none."""
    if not tokenizer.spells_bytes:
        return tokenizer
    unseen = unseen_symbols(tokenizer, sources)
    if before is not None:
        unseen = tuple(name for name in unseen if name in before.unseen or not before.has(name))
    return replace(tokenizer, unseen=unseen)


def fitted(
    source: Tokenizer,
    target: Tokenizer,
    pairs: Sequence[tuple[str, str]],
    config: TextConfig,
    before: Tokenizer | None = None,
) -> tuple[Tokenizer, Tokenizer]:
    """Give tokenizers what they should know of the training pairs besides the vocabulary.

    This is the written form of the targets, and the symbols that occur in no source. In fine-tuning, `before` is the
    source tokenizer of the earlier model: symbols that it had met count as seen.
    """
    targets = [target for _, target in pairs[:LOOKED_AT]]
    form = WrittenForm.of(targets, config.target.unicode, spaced=target.kind in SPACED)
    shared = source is target
    read, written = replace(source, form=form) if shared else source, replace(target, form=form)
    if shared or source.spells_bytes:
        unseen = unseen_symbols(source, (source for source, _ in pairs))
        if before is not None:
            unseen = tuple(name for name in unseen if name in before.unseen or not before.has(name))
        read = replace(read, unseen=unseen)
    return read, read if shared else written


def _texts(texts: Iterable[str], kind: str) -> Iterator[str]:
    """The texts, long ones in parts; raises `DataError` for invalid Unicode."""
    for text in texts:
        try:
            text.encode("utf-8")
        except UnicodeError:
            raise DataError(f"text must be valid Unicode, not {text[:60]!r}") from None
        yield from word_parts(text) if kind in SPACED else parts(text)


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
    """Train a vocabulary of whole tokens, the most frequent first."""
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
    """A token for each of the 256 bytes of UTF-8; nothing is learnt from the texts."""
    alphabet = sorted(SIGNS.values())
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
    read = list(texts)
    size, names = _room(config, names)
    alphabet, _ = _alphabet(read, config, size - len(names))
    engine = Engine(models.BPE(unk_token=UNKNOWN, byte_fallback=config.byte_fallback))
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        special_tokens=names,
        show_progress=False,
    )
    return _subwords(engine, read, config, trainer)


def _unigram(texts: Iterator[str], config: TokenizerConfig, names: list[str]) -> Engine:
    """Subwords of a unigram language model (Kudo 2018, §3.2)."""
    read = list(texts)
    size, names = _room(config, names)
    _, rare = _alphabet(read, config, size - len(names))
    if rare:  # the trainer of the library cannot limit the alphabet
        spaces, normal = dict.fromkeys(map(ord, rare), " "), _normalizer(config).normalize_str
        read = [normal(text).translate(spaces) for text in read]
    if not any(text.strip() for text in read):
        read.append("\N{LOWER ONE EIGHTH BLOCK} ")
    trainer = trainers.UnigramTrainer(vocab_size=size, special_tokens=names, unk_token=UNKNOWN, show_progress=False)
    trained = _subwords(Engine(models.Unigram()), read, config, trainer)
    values = json.loads(trained.to_str())
    values["model"]["vocab"] = _canonical(values["model"]["vocab"], names, size)
    values["model"] |= {"unk_id": UNK, "byte_fallback": config.byte_fallback}
    return Engine.from_str(json.dumps(values))


def _room(config: TokenizerConfig, names: list[str]) -> tuple[int, list[str]]:
    """The size of a subword vocabulary, and the names in it that are not subwords (special tokens, tags, bytes)."""
    if not config.byte_fallback:
        return max(config.vocabulary_size, len(names) + 1), names
    names = [*names, *BYTES]
    if config.vocabulary_size <= len(names):
        raise ConfigError(
            f"vocabulary_size must be above {len(names)} with byte_fallback, not {config.vocabulary_size}",
            hint="256 bytes, the special tokens and the tags come first",
        )
    return config.vocabulary_size, names


def _alphabet(texts: Sequence[str], config: TokenizerConfig, room: int) -> tuple[list[str], list[str]]:
    """The characters that get pieces of their own, the space first, and those that do not.

    As many characters as there is room for get pieces. With byte fallback, characters that are rare in the text get
    none.
    """
    characters = ranked(texts, _normalizer(config).normalize_str)
    most = covering(characters) if config.byte_fallback else len(characters)
    names = [character for character, _ in characters if character != "▁"]
    most = min(most, room - 1)
    return ["▁", *names[:most]], names[most:]


def _canonical(vocabulary: list[tuple[str, float]], names: list[str], size: int) -> list[tuple[str, float]]:
    """Make the result of the unigram trainer deterministic: round the scores and put the pieces into a fixed order.

    The last bits of the scores and the order of the rarest characters depend on the trainer's threads. With little more
    room than characters the trainer also returns more pieces than requested; the least likely ones are dropped.
    """
    pieces = [(piece, score) for piece, score in vocabulary if piece not in names]
    lowest = min((score for _, score in pieces), default=0.0)
    near = lowest + 1e-4 * (1 + sum(len(piece) == 1 for piece, _ in pieces))
    level = [(piece, round(lowest if len(piece) == 1 and score < near else score, 6)) for piece, score in pieces]
    kept = sorted(level, key=lambda entry: (len(entry[0]) > 1, -entry[1], entry[0]))[: size - len(names)]
    return [(name, 0.0) for name in names] + sorted(kept, key=lambda entry: (-entry[1], entry[0]))


def _subwords(engine: Engine, texts: Sequence[str], config: TokenizerConfig, trainer: Any) -> Engine:
    engine.normalizer = _normalizer(config)
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(prepend_scheme="always", split=False),
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
        ]
    )
    words = decoders.Metaspace(prepend_scheme="always", split=False)
    engine.decoder = decoders.Sequence([decoders.ByteFallback(), words]) if config.byte_fallback else words
    _train(engine, iter(texts), trainer)
    return _without_added(engine)


def _train(engine: Engine, texts: Iterator[str], trainer: Any) -> None:
    engine.train_from_iterator(iter(lambda: list(islice(texts, 1000)), []), trainer=trainer)


def _without_added(engine: Engine) -> Engine:
    """The engine with reserved tokens in the vocabulary only, so that it never finds them in a text."""
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
