"""What a run answers with: chosen from the targets of its pairs, with the labels where these are the answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import torch

from seqloom.codecs import OF_PARTS, AnswerKind, FrameCodec, LabelCodec, Labels, LabelsCodec
from seqloom.codecs.labels import FIRST
from seqloom.data import Corpus, Example
from seqloom.errors import ConfigError, DataError
from seqloom.label_network import LabelNetwork
from seqloom.label_targets import parted
from seqloom.model import SingleNetwork
from seqloom.model_config import LABELLING, OF_DECODER, WITHOUT_DECODER
from seqloom.nn.label_loss import LabelLoss, balanced
from seqloom.planning import Facts, Task
from seqloom.search.config import OF_LABELS
from seqloom.training.config import RunConfig
from seqloom.training.tag_answers import TagTargets

N = TypeVar("N", bound=SingleNetwork)
MOST = 10_000
"""More labels than these are taken for texts."""
NAMED = 3
"""How many labels, or places in files, a sentence names."""
OF_SEQUENCES = (*(f"model.{name}" for name in OF_DECODER), "text.target", "text.shared", "data.reverse_target")
"""Settings of networks that write sequences, besides those of the search."""


TASK_OF: Mapping[AnswerKind, Task] = {
    "label": "labels",
    "labels": "labels",
    "tags": "tags",
    "frame": "tags",
    "transduction": "transduction",
}
"""What kind of pairs they are, where a setting says what a model answers with."""


@dataclass
class Targets:
    """The targets of all pairs, counted while the pairs are read once; `first` says where each was met first, and
    `sources` are different sources, as many as matter; `tags` are the same targets read as tags. Of `frames` the labels
    are counted, and their tags are read as tags."""

    frames: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)
    tags: TagTargets = field(default_factory=TagTargets)

    @property
    def shared(self) -> bool:
        """Whether sources that differ have the same target, and not a few pairs are merely repeated."""
        return len(self.sources) >= 2 * len(self.counts)

    def counting(self, examples: Iterable[Example]) -> Iterator[Example]:
        """Pass examples on and count their targets, until there are too many different ones to be labels."""
        for example in examples:
            label, tags = parted(example) if self.frames else (example, example)
            if len(self.counts) <= MOST:
                target = label.target.strip()
                self.counts[target] += 1
                self.first.setdefault(target, str(example.origin))
            if len(self.sources) < 2 * MOST:
                self.sources.add(example.source)
            self.tags.add(tags)
            yield example


def answering(config: RunConfig, facts: Facts, given: Iterable[str], targets: Targets) -> Facts:
    """The facts with what a model of these pairs answers with: as `model.answer` says, or chosen.

    Frames are chosen where the data have a label beside each target. Tags are chosen where every word has one, and
    labels where targets are few and shared by different sources, if no setting of a decoder or of its search is given.
    """
    answer, facts = config.model.answer, replace(facts, tagged=targets.tags.fit)
    if answer == "auto" and config.data.label:
        answer = "frame"
    if answer == "auto" and facts.tagged and config.plan.effort != "none" and not of_sequences(given):
        answer = "tags"
    if answer != "auto":
        return replace(facts, answer=answer, task=TASK_OF.get(answer, facts.task))
    few = facts.task == "labels" and 1 < len(targets.counts) <= MOST and targets.shared and config.plan.effort != "none"
    return replace(facts, answer="label" if few and not of_sequences(given) else "sequence")


def of_sequences(given: Iterable[str]) -> list[str]:
    """Those of the given settings that only a network that writes sequences has, by their dotted names."""
    return sorted(
        name
        for name in given
        if any(name == each or name.startswith(f"{each}.") for each in OF_SEQUENCES)
        or (name.startswith("search.") and name.removeprefix("search.") not in OF_LABELS)
        or name in ("plan.tune_search", "training.selection.beam")
    )


def check_settings(config: RunConfig, given: Iterable[str]) -> None:
    """Refuse given settings that a model which answers as `config` says does not have, by name."""
    answer, training = config.model.answer, config.training
    if config.data.label and answer != "frame":
        raise ConfigError(
            f"data.label is of models that answer with frames, and model.answer is {answer}",
            hint="leave it out, or set model.answer = frame",
        )
    if answer not in LABELLING:
        wrong = [name for name in ("focal", "class_weights") if getattr(training, name) not in (0.0, "none")]
        if wrong:
            raise ConfigError(
                f"training.{wrong[0]} is of models that answer with labels, and model.answer is {answer}",
                hint="leave it out, or set model.answer = label",
            )
    if answer not in WITHOUT_DECODER:
        return
    if training.start_from:  # its other settings come from the model, and were right there
        given = [name for name in given if name.startswith("search.")]
    strange = [name for name in of_sequences(given) if answer != "transduction" or not name.startswith("text.target")]
    if strange:
        raise ConfigError(
            f"{strange[0]} is of models that write sequences, and model.answer is {answer}",
            hint="leave it out, or set model.answer = sequence",
        )
    if answer in OF_PARTS and training.r_drop:
        raise ConfigError(
            f"training.r_drop is of models that answer with sequences or labels, and model.answer is {answer}",
            hint="leave it out",
        )
    if answer == "labels" and training.class_weights != "none":
        raise ConfigError(
            "training.class_weights is for one label out of many, and model.answer is labels",
            hint="each of several labels has a threshold of its own instead, which is tuned on the dev data",
        )


def label_codec(
    answer: AnswerKind, targets: Targets, separator: str, old: Labels | None = None
) -> tuple[LabelCodec | LabelsCodec, list[str]]:
    """The codec of the labels of all pairs in alphabetical order, and notices about them; new labels join those of an
    `old` one. Raises `DataError` where there is nothing to tell apart, or too much."""
    codec = LabelsCodec((), separator) if answer == "labels" else LabelCodec(())
    counts, first = Counter[str](), dict[str, str]()
    for text, count in targets.counts.items():
        for label in codec.parts(text):
            counts[label] += count
            first.setdefault(label, targets.first[text])
    if len(targets.counts) > MOST or len(counts) > MOST:
        raise DataError(
            f"there are more than {MOST:,} different labels: these are texts",
            hint="set model.answer = sequence",
        )
    if len(counts) < 2 and old is None:
        (only,) = counts or [""]
        raise DataError(
            f"labels must differ, and all {targets.counts.total():,} pairs have the label {only!r}",
            where=first.get(only, ""),
            hint="look at data.target; model.answer = sequence would learn to write this text",
        )
    new = sorted(counts)
    if isinstance(old, LabelCodec | LabelsCodec):
        codec = old.joined_by(new)
        more = [label for label in new if label not in old.labels]
        said = [f"labels: {len(more)} new ones join the {len(old.labels)} of the model{_listed(more)}"]
    else:
        codec = codec.joined_by(new)
        most, share = counts.most_common(1)[0][0], 100 * counts.most_common(1)[0][1] / targets.counts.total()
        said = [
            f"labels: {len(new):,} different ones; the most frequent, {most!r}, stands in {share:.1f} % of the pairs"
        ]
    rare = [label for label in new if counts[label] == 1]
    if rare:
        places = ", ".join(f"{label!r} ({first[label]})" for label in rare[:NAMED])
        more_of = f", and {len(rare) - NAMED} more" if len(rare) > NAMED else ""
        said.append(f"labels with a single example, from which little can be learned: {places}{more_of}")
    return codec, said


def frame_codec(targets: Targets) -> tuple[FrameCodec, list[str]]:
    """The codec of the labels and the tags of all pairs, and notices about them, with the errors of either."""
    label, said = label_codec("label", targets, "")
    tags, more = targets.tags.codec()
    assert isinstance(label, LabelCodec)  # as one label was asked for
    return FrameCodec(label, tags), [*said, *more]


def with_criterion(network: N, config: RunConfig, train: Corpus) -> N:
    """The network itself; one of labels gets the loss that the settings ask for, weighed by the training labels."""
    if not isinstance(network, LabelNetwork):
        return network
    training, weights = config.training, None
    if training.class_weights == "balanced":
        ids = np.concatenate([train.target_ids(row) for row in range(len(train))])
        counts = np.bincount(ids - FIRST, minlength=network.target_size - FIRST)
        weights = balanced(torch.from_numpy(counts).float())
    network.criterion = LabelLoss(config.model.answer == "labels", training.focal, weights)
    return network


def _listed(labels: Sequence[str]) -> str:
    if not labels:
        return ""
    return f": {', '.join(map(repr, labels[:NAMED]))}{', …' if len(labels) > NAMED else ''}"
