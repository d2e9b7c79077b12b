"""Prepare a run: read the pairs, train the tokenizers, encode the pairs, and build the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from typing import Any

import torch

from seqloom.checkpoint import StoredModel, load_model
from seqloom.codecs import Codecs
from seqloom.data import (
    BatchSampler,
    Corpus,
    Example,
    Mix,
    clean,
    corpus_digest,
    mix_of,
    shared_with,
    split_dev,
    survey,
)
from seqloom.errors import ConfigError, DataError
from seqloom.model import Seq2Seq
from seqloom.nn.precision import Precision, choose_precision
from seqloom.text import TextConfig, Tokenizer, train_tokenizers
from seqloom.text.choice import choose, words_to_words
from seqloom.text.coverage import text_notices
from seqloom.training.answer_length import learned_limits
from seqloom.training.attention_place import fitted
from seqloom.training.config import RunConfig
from seqloom.training.dev_measures import decoded_examples, decoding_notices, dev_rows, with_measures
from seqloom.training.device import choose_device
from seqloom.training.fine_tuning import fill_from, grown, same_network
from seqloom.training.group import Group
from seqloom.training.pairs import Pair, PairSource
from seqloom.training.plan import Plan
from seqloom.training.run_length import settle_length
from seqloom.training.updates.budget import find_budget
from seqloom.training.updates.freezing import freeze
from seqloom.training.updates.randomness import seed_everything


@dataclass(frozen=True)
class Inputs:
    """Pairs that are given in Python instead of in files; None takes those that `config.data` names.

    `made` says how the pairs were made, if a program made them; it becomes a part of the run's record.
    """

    train: Sequence[Pair] | None = None
    dev: Sequence[Pair] | None = None
    made: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """Everything that a run needs before its first update.

    In `config`, every `auto` that depends on the data is resolved, and the metrics are chosen. `dev_rows` are the dev
    pairs whose loss is computed, `dev_examples` the examples to decode. `plan` counts the updates; `notices` say what
    was chosen for the user, `warnings` what will probably go badly; `group` holds the processes that train together.
    """

    config: RunConfig
    codecs: Codecs
    train: Corpus
    dev: Corpus
    dev_rows: Sequence[int]
    dev_examples: list[Example]
    sampler: BatchSampler
    plan: Plan
    model: Seq2Seq
    device: torch.device
    precision: Precision
    notices: list[str]
    warnings: list[str] = field(default_factory=list)
    group: Group = field(default_factory=Group)

    @cached_property
    def fingerprint(self) -> str:
        """A hash that changes with any of the training or dev pairs, or with their order."""
        digest = hashlib.sha256()
        for corpus in (self.train, self.dev):
            digest.update(corpus.rows.tobytes())
            digest.update(corpus_digest(corpus).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Earlier:
    """What a resumed run brings along: its tokenizers, the precision chosen at its start, and whether its weights are
    saved."""

    codecs: Codecs
    precision: Precision
    saved: bool = False


def prepare(
    config: RunConfig,
    inputs: Inputs,
    earlier: Earlier | None = None,
    group: Group = Group(),  # noqa: B008 - a frozen value
) -> Prepared:
    """Read and encode the data, choose what is left open, and build the model; what a run chose `earlier` is kept.

    Of a group, the first process measures, chooses and trains tokenizers for all; each process reads and encodes the
    pairs. Torch's generators are seeded here, just before the weights are initialised, and nothing after that draws
    from them.
    """
    _check(config, inputs)
    notices = [f"{group.size} processes train together, each on its part of every batch"] if group.size > 1 else []
    group, device = group.on(choose_device(config.training.device))
    precision = group.from_first(lambda: _precision(config, device, earlier))
    train_source = PairSource(config.data, config.data.train, inputs.train, "training pairs", group, notices.append)
    config = config.replace(data=train_source.settle())
    start = _start(config, earlier)
    if earlier is None:
        config, codecs, said = group.from_first(lambda: _text(config, train_source, start))
        notices += said
    else:
        codecs = earlier.codecs
    train, dev = _corpora(config, codecs, train_source, inputs, notices)
    if not len(train):
        raise DataError("no training pairs are left after filtering", hint="look at the limits in [data]")
    config, said = with_measures(config, train)
    notices += said
    config = _limited(config, train, notices)
    seed_everything(config.training.seed)
    model = _model(config, codecs, start).to(device)
    group.copy_first(list(model.state_dict().values()))
    config, said = group.from_first(lambda: _sized_batches(config, model, precision, train))
    notices += said
    training = config.training
    mix = _mix(config, train, notices)
    sampler = BatchSampler(train.source_lengths, train.target_lengths, training.batch, training.seed, mix)
    length = settle_length(training, sampler)
    rows, decoded = dev_rows(dev, config.data), decoded_examples(dev, config)
    prepared = Prepared(
        config=config.replace(training=length.training),
        codecs=codecs,
        train=train,
        dev=dev,
        dev_rows=rows,
        dev_examples=decoded,
        sampler=sampler,
        plan=length.plan,
        model=model,
        device=device,
        precision=precision,
        notices=[*notices, *length.notices, *decoding_notices(config, len(decoded), len(rows))],
        warnings=length.warnings,
        group=group,
    )
    if len(set(group.gather(prepared.fingerprint))) > 1:
        raise DataError("every process must read the same pairs", hint="give all machines the same files")
    return prepared


def _check(config: RunConfig, inputs: Inputs) -> None:
    """Refuse settings that no run can begin with."""
    if config.search.shortlist:
        raise ConfigError(
            "search.shortlist needs a list that is learned from a trained model",
            hint="train without it; then seqloom shortlist MODEL FILES",
        )
    if inputs.train is None and not config.data.train:
        raise ConfigError("data.train must name at least one file of pairs", hint="seqloom train --train pairs.tsv …")
    if config.data.mixes and config.data.mix_by == "entry" and (inputs.train is not None or len(config.data.train) < 2):
        raise ConfigError(
            "data.weights and data.temperature mix the entries of data.train, of which there must be at least two",
            hint="pairs given in Python, and all files of one pattern, are one corpus; data.mix_by = tag mixes by tag",
        )
    if config.data.tag_from_name and inputs.train is not None:
        raise ConfigError(
            "data.tag_from_name takes tags from the names of files, and pairs from Python have none",
            hint="give the pairs as seqloom.data.Example(source, target, origin, tags=(tag,))",
        )


def _precision(config: RunConfig, device: torch.device, earlier: Earlier | None) -> Precision:
    """Return the precision of the run that is resumed, if it ran on this kind of device; otherwise choose one."""
    if earlier is not None and earlier.precision.device == device.type:
        return earlier.precision
    return choose_precision(config.training.precision, device.type)


def _start(config: RunConfig, earlier: Earlier | None) -> StoredModel | None:
    """Load the model whose weights to start from; None where there is none, or the resumed run has saved weights of its
    own."""
    if not config.training.start_from or (earlier is not None and earlier.saved):
        return None
    start = load_model(config.training.start_from)
    start.single("fine-tuning", config.training.start_from)
    same_network(config, start)
    return start


def _model(config: RunConfig, codecs: Codecs, start: StoredModel | None) -> Seq2Seq:
    """Return a new network, with the weights of the model to start from, if any, and with the parts to freeze
    frozen."""
    model = Seq2Seq(config.model, codecs.source.size, codecs.target.size, reserved=codecs.source.reserved)
    if start is not None:
        fill_from(model, start, codecs, config.training.start_from)
    freeze(model, config.training.freeze)
    return model


def _text(config: RunConfig, source: PairSource, start: StoredModel | None) -> tuple[RunConfig, Codecs, list[str]]:
    """Return the configuration with `auto` resolved for text and attention, the tokenizers, and notices of what was
    chosen.

    The tokenizers are trained, or extended from those of the model to start from; they are cached with the pairs.
    """

    def make() -> str:
        seen = survey(source.examples(), seed=config.training.seed)
        if start is None:
            text, said = choose(seen.pairs, config.text, seen.count)
            tokenizers = train_tokenizers(seen.pairs, text, seen.tags)
        else:
            text, (tokenizers, said) = config.text, grown(config, start, seen)
        said = said + text_notices(tokenizers, seen.pairs, text)
        made = [each.to_json() for each in tokenizers]
        words = words_to_words(seen.pairs)
        return json.dumps({"text": text.model_dump(), "said": said, "tokenizers": made, "words": words})

    old = [] if start is None else [start.codecs.source.to_json(), start.codecs.target.to_json()]
    makers = [version("seqloom"), version("tokenizers")]
    about = [config.text.model_dump_json(), str(config.training.seed), *makers, *old]
    values = json.loads(source.remembered(about, make))
    first, second = map(Tokenizer.from_json, values["tokenizers"])
    text = TextConfig.model_validate(values["text"])
    model, said = fitted(config.model, words=values["words"])
    config = config.replace(text=text, model=model)
    target = first if text.shared else second
    codecs = Codecs.of_text(first, target, **config.data.reversed)
    return config, codecs, [*values["said"], *said]


def _corpora(
    config: RunConfig, codecs: Codecs, source: PairSource, inputs: Inputs, notices: list[str]
) -> tuple[Corpus, Corpus]:
    """Training and dev pairs; the dev pairs are set aside from the training ones where none are given."""
    train = source.corpus(codecs)
    notices += _read("training data", train)
    if inputs.dev is not None or config.data.dev:
        dev = PairSource(config.data, config.data.dev, inputs.dev, "dev pairs", source.group, source.say).corpus(codecs)
        notices += [*_read("dev data", dev), *shared_with(train, dev).sentences()]
    else:
        train, dev = split_dev(train, config.data, source.say)
        if len(dev):
            notices.append(f"dev data: {len(dev):,} pairs set aside from the training data")
    before = len(train)
    train, cleaned = clean(train, config.data, source.say)
    if len(train) < before:
        notices.append(f"training data: {cleaned.summary()}")
    if not len(dev):
        selection = config.training.selection
        if selection.on != "loss" or selection.patience or selection.average_best > 1:
            raise ConfigError(
                "selection on a metric, patience and average_best need dev data, and there are none",
                hint="name a file in data.dev, or let data.dev_count and data.dev_fraction set some pairs aside",
            )
        notices.append("no dev data: the last weights become the model")
    return train, dev


def _read(name: str, corpus: Corpus) -> list[str]:
    """Return notices of how files were read."""
    return [f"{name}: {corpus.report.summary()}", *(f"{name}: {each}" for each in corpus.report.sentences())]


def _mix(config: RunConfig, train: Corpus, notices: list[str]) -> Mix | None:
    """Return how many pairs an epoch draws from each training corpus, if `[data]` asks for a mixture; else None."""
    mix = mix_of(train, config.data)
    if mix is not None:
        notices.append(mix.describe())
    return mix


def _limited(config: RunConfig, train: Corpus, notices: list[str]) -> RunConfig:
    """Return the configuration with the length limits of the search learned from the training pairs, where they are
    `auto`."""
    positions = config.search.replace(source_positions=config.model.encoder.longest or 0)
    search = learned_limits(positions, train.source_lengths, train.target_lengths)
    if search == positions:
        return config.replace(search=search)
    notices.append(
        f"answers have at most {search.max_length_ratio:g} × source + {search.max_length_extra} tokens: learned from "
        "the longest targets, with room"
    )
    return config.replace(search=search)


def _sized_batches(
    config: RunConfig, model: Seq2Seq, precision: Precision, train: Corpus
) -> tuple[RunConfig, list[str]]:
    """Return the configuration with the number of tokens in a batch chosen, where it is `auto`, and a notice of it."""
    training = config.training
    if training.batch.tokens != "auto":
        return config, []
    if training.batch.sentences:
        return config.replace(training=training.replace(batch=training.batch.replace(tokens=0))), []
    found = find_budget(model, precision, train, training.accumulate, training.r_drop)
    sized = config.replace(training=training.replace(batch=training.batch.replace(tokens=found.tokens)))
    return sized, [f"batches of {found.tokens:,} tokens: {found.reason}"]
