"""Prepare a run: read the pairs, train the tokenizers, encode the pairs, and build the model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import torch

from seqloom.breakdown import Kind, kind_of
from seqloom.checkpoint import StoredModel, load_model
from seqloom.codecs import Codecs
from seqloom.data import (
    BatchSampler,
    Corpus,
    Example,
    clean,
    corpus_digest,
    mix_of,
    shared_with,
    split_dev,
)
from seqloom.errors import ConfigError, DataError
from seqloom.label_targets import broken_tags, comparable, unknown_labels
from seqloom.model_config import WITHOUT_DECODER
from seqloom.networks import TrainedNetwork
from seqloom.nn.precision import Precision, choose_precision
from seqloom.planning import Choice, Plan
from seqloom.training.answer_length import learned_limits
from seqloom.training.answers import with_criterion
from seqloom.training.config import RunConfig
from seqloom.training.data_findings import worst_findings
from seqloom.training.dev_measures import decoded_examples, decoding_notices, dev_rows, with_measures
from seqloom.training.device import choose_device
from seqloom.training.fine_tuning import lost_parts, same_network
from seqloom.training.group import Group
from seqloom.training.network import built, sized_batches
from seqloom.training.pairs import Pair, PairSource
from seqloom.training.reading import read_once
from seqloom.training.run_length import Length, settle_length
from seqloom.training.stopping import MAIN
from seqloom.training.time_plan import Trained, within
from seqloom.training.uncut import uncut, with_cuts
from seqloom.training.update_count import UpdateCount


@dataclass(frozen=True)
class Inputs:
    """Pairs that are given in Python instead of in files; None takes those that `config.data` names.

    `made` says how the pairs were made, if a program made them; it becomes a part of the run's record. `said` are
    sentences for the user on how the pairs were taken.
    """

    train: Sequence[Pair] | None = None
    dev: Sequence[Pair] | None = None
    made: Mapping[str, Any] = field(default_factory=dict)
    said: Sequence[str] = ()


@dataclass(frozen=True)
class Prepared:
    """Everything that a run needs before its first update.

    In `config`, every `auto` that depends on the data is resolved, and the metrics are chosen. `dev_rows` are the dev
    pairs whose loss is computed, `dev_examples` the examples to decode. `updates` counts the updates; `plan` holds what
    was chosen from the training pairs; `notices` say what else was chosen for the user, `details` what follows from
    that, `warnings` what will probably go badly; `group` holds the processes that train together.
    """

    config: RunConfig
    codecs: Codecs
    train: Corpus
    dev: Corpus
    dev_rows: Sequence[int]
    dev_examples: list[Example]
    sampler: BatchSampler
    updates: UpdateCount
    model: TrainedNetwork
    device: torch.device
    precision: Precision
    notices: list[str]
    details: list[str] = field(default_factory=list)
    plan: Plan = field(default_factory=Plan)
    warnings: list[str] = field(default_factory=list)
    group: Group = field(default_factory=Group)

    @cached_property
    def divided_by(self) -> Kind | None:
        """What the figures of dev evaluations are shown by, besides those of all: tags, files, or None."""
        return kind_of(self.dev.examples(), self.config.evaluation.by) if len(self.dev) else None

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
    _check(config, inputs, new=earlier is None)
    notices, details = [*inputs.said, *_together(group)], list[str]()
    group, device = group.on(choose_device(config.training.device))
    precision = group.from_first(lambda: _precision(config, device, earlier))
    train_source = PairSource(config.data, config.data.train, inputs.train, "training pairs", group, notices.append)
    config = config.replace(data=train_source.settle())
    start = _start(config, earlier)
    notices += lost_parts(config, start)
    given = config.given
    if earlier is None:
        config, plan, codecs, said = group.from_first(lambda: read_once(config, train_source, start))
        notices += said
    else:
        plan, codecs = Plan(), earlier.codecs
    train, dev = _corpora(config, codecs, train_source, inputs, (notices, details))
    config = _settled(config, train, notices, details)
    timed = earlier is None and config.plan.minutes > 0
    if timed:
        pairs = Trained(codecs, train, dev, precision, device)
        config, plan, said = group.from_first(lambda: within(config, plan, pairs, given))
        notices += said
    model = with_criterion(built(config, codecs, start), config, train).to(device)
    group.copy_first(list(model.state_dict().values()))
    config, said = group.from_first(lambda: sized_batches(config, model, precision, train))
    sampler = _sampler(config, train, notices)
    length = settle_length(config.training, sampler, plan.updates, timed=timed)
    notices += [*said, *length.notices]
    rows, decoded = _dev_parts(dev, config, details if "training.selection.limit" in plan.settings else notices)
    found = group.from_first(lambda: worst_findings(train, train_source)) if earlier is None else []
    prepared = Prepared(
        config=config.replace(training=length.training),
        codecs=codecs,
        train=train,
        dev=dev,
        dev_rows=rows,
        dev_examples=decoded,
        sampler=sampler,
        updates=length.updates,
        model=model,
        device=device,
        precision=precision,
        notices=notices,
        details=details,
        plan=_with_warmup(plan, length, notices),
        warnings=[*found, *length.warnings],
        group=group,
    )
    return _checked(prepared)


def _dev_parts(dev: Corpus, config: RunConfig, said: list[str]) -> tuple[Sequence[int], list[Example]]:
    """The rows of the dev corpus whose loss is computed, and the examples that are decoded."""
    rows, decoded = dev_rows(dev, config.data), decoded_examples(dev, config)
    said += decoding_notices(config, len(decoded), len(rows))
    return rows, decoded


def _with_warmup(plan: Plan, length: Length, notices: list[str]) -> Plan:
    """Return the plan with the warm-up of a run of this length; one that was not planned and is shortened is said."""
    name, said = "training.schedule.warmup", length.shortened
    planned = bool(said) and name in plan.settings
    notices += [said] if said and not planned else []
    why = "a warm-up takes at most a quarter of the updates"
    return plan.chosen_instead(Choice({name: length.training.schedule.warmup}, why)) if planned else plan


def _together(group: Group) -> list[str]:
    """Say that several processes train together, where they do."""
    return [f"{group.size} processes train together, each on its part of every batch"] if group.size > 1 else []


def _check(config: RunConfig, inputs: Inputs, *, new: bool) -> None:
    """Refuse settings that no run, or no `new` one, can begin with."""
    training = config.training
    if new and config.plan.effort == "best":
        raise ConfigError(
            "plan.effort = best trains several models, and only seqloom train and seqloom.train do",
            hint="take normal for a single run",
        )
    if new and config.plan.minutes and (training.epochs != "auto" or training.max_steps):
        raise ConfigError(
            "plan.minutes and training.epochs or training.max_steps both say how long to train", hint="give one of them"
        )
    if config.search.shortlist:
        raise ConfigError(
            "search.shortlist needs a list that is learned from a trained model",
            hint="train without it; then seqloom shortlist MODEL FILES",
        )
    if inputs.train is None and not config.data.train:
        raise ConfigError("data.train must name at least one file of pairs", hint="seqloom train pairs.tsv …")
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


def _checked(prepared: Prepared) -> Prepared:
    """Refuse data that the processes or the selection cannot work with."""
    if len(set(prepared.group.gather(prepared.fingerprint))) > 1:
        raise DataError("every process must read the same pairs", hint="give all machines the same files")
    selection = prepared.config.training.selection
    if selection.mean == "macro" and len(prepared.dev) and prepared.divided_by is None:
        raise ConfigError(
            "training.selection.mean = macro needs dev data in several files or with several tags",
            hint="evaluation.by = tag divides the pairs of a single file by their first tag",
        )
    return prepared


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


def _settled(config: RunConfig, train: Corpus, notices: list[str], details: list[str]) -> RunConfig:
    """Return the configuration with the measures and the length limits chosen that depend on the training pairs."""
    config, said = with_measures(config, train)
    notices += said
    return _limited(config, train, details)


def _corpora(
    config: RunConfig, codecs: Codecs, source: PairSource, inputs: Inputs, said: tuple[list[str], list[str]]
) -> tuple[Corpus, Corpus]:
    """Training and dev pairs; the dev pairs are set aside from the training ones where none are given.

    What is to be said is added to the notices and details of `said`.
    """
    notices, _ = said
    train = source.corpus(codecs)
    _say_read("training data", train, *said)
    if inputs.dev is not None or config.data.dev:
        dev = PairSource(config.data, config.data.dev, inputs.dev, "dev pairs", source.group, source.say).corpus(codecs)
        if not len(dev):
            raise DataError(
                "there must be at least one dev pair, not none",
                where=", ".join(config.data.dev),
                hint="without dev pairs of your own, some of the training pairs are set aside",
            )
        _say_read("dev data", dev, *said)
        notices += shared_with(train, dev).sentences()
    else:
        train, dev = split_dev(train, config.data, source.say)
        if len(dev):
            notices.append(f"dev data: {len(dev):,} pairs set aside from the training data")
    before = len(train)
    train, cleaned = clean(train, config.data, source.say)
    if len(train) < before:
        notices.append(f"training data: {cleaned.summary()}")
    train, lost = with_cuts(train, codecs)
    notices += lost
    if not len(train):
        raise DataError("no training pairs are left after filtering", hint="look at the limits in [data]")
    if not len(dev):
        selection = config.training.selection
        if selection.on not in ("loss", MAIN) or selection.patience or selection.average_best > 1:
            raise ConfigError(
                "selection on a metric, patience and average_best need dev data, and there are none",
                hint="name a file in data.dev, or let data.dev_count and data.dev_fraction set some pairs aside",
            )
        few = "of so few different sources none are set aside, and " if config.data.dev_count else ""
        notices.append(f"no dev data: {few}the last weights become the model")
    if codecs.spoken is None:
        examples = comparable(dev.examples(), codecs.target)
        notices += unknown_labels(examples, codecs.target, "dev data")
        notices += broken_tags(examples, codecs.target, "dev data")
        notices += uncut(dev, codecs, "dev data", "answers to them count as wrong, and the loss leaves them out")
    return train, dev


def _say_read(name: str, corpus: Corpus, notices: list[str], details: list[str]) -> None:
    """Say how files were read; their number of pairs is a detail, unless lines were left out."""
    report = corpus.report
    (notices if report.bad_count else details).append(f"{name}: {report.summary()}")
    notices += [f"{name}: {each}" for each in report.sentences()]


def _sampler(config: RunConfig, train: Corpus, notices: list[str]) -> BatchSampler:
    """Return the batches of the run, which draw from each training corpus as much as `[data]` asks for."""
    mix, training = mix_of(train, config.data), config.training
    if mix is not None:
        notices.append(mix.describe())
    return BatchSampler(train.source_lengths, train.target_lengths, training.batch, training.seed, mix)


def _limited(config: RunConfig, train: Corpus, details: list[str]) -> RunConfig:
    """Return the configuration with the length limits of the search learned from the training pairs, where they are
    `auto`."""
    if config.model.answer in WITHOUT_DECODER:
        longest = config.model.encoder.longest or 0
        return config.replace(search=config.search.replace(source_positions=longest))
    positions = config.search.replace(source_positions=config.model.encoder.longest or 0)
    search = learned_limits(positions, train.source_lengths, train.target_lengths)
    if search == positions:
        return config.replace(search=search)
    details.append(
        f"answers have at most {search.max_length_ratio:g} × source + {search.max_length_extra} tokens: learned from "
        "the longest targets, with room"
    )
    return config.replace(search=search)
