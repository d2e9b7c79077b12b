"""Targets of examples where answers are labels or tags: the one form in which they are compared, those that nobody
knows, tags that are more or fewer than the words, and how answers and their probabilities are counted against them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from seqloom.codecs import Labels, TagsCodec
from seqloom.codecs.labels import FIRST
from seqloom.codecs.pair import TargetCodec
from seqloom.confidence import LabelProbabilities
from seqloom.data import Example
from seqloom.errors import DataError
from seqloom.metrics import ClassificationReport, SeveralLabelsReport, classification
from seqloom.prediction import Prediction
from seqloom.tag_scheme import breaks
from seqloom.text.special import UNK
from seqloom.text.splitting import words_of

LabelReport = ClassificationReport | SeveralLabelsReport
"""The figures of each label, of one label or of several at once."""

NAMED = 3
"""How many examples a sentence names."""


def comparable(examples: Iterable[Example], codec: TargetCodec) -> list[Example]:
    """The examples with targets in the form that answers have: of several labels in their order. Text is left alone.

    Raises a `DataError` where a word has no tag of its own.
    """
    if not isinstance(codec, Labels):
        return list(examples)
    if isinstance(codec, TagsCodec):
        examples = list(examples)
        for error in filter(None, map(unequal, examples)):
            raise error
    form = codec.canonical
    return [replace(each, target=form(each.target), references=tuple(map(form, each.references))) for each in examples]


def unequal(example: Example) -> DataError | None:
    """The error of an example with a target that does not have as many tags as its source has words, if it has one."""
    words = words_of(example.source)
    for target in example.targets:
        tags = words_of(target)
        if len(tags) != len(words):
            at = min(len(tags), len(words))
            first = f"tag without a word is {tags[at]!r}" if at < len(tags) else f"word without a tag is {words[at]!r}"
            return DataError(
                f"every word must have one tag, and {len(words):,} words have {len(tags):,} tags; the first {first}",
                where=str(example.origin),
                hint="words and tags are separated by spaces",
            )
    return None


def broken_tags(examples: Sequence[Example], codec: TargetCodec, name: str) -> list[str]:
    """A sentence that names where targets break the scheme of the codec's tags; empty where none does."""
    if not isinstance(codec, TagsCodec) or codec.scheme == "none":
        return []
    found = []
    for each in examples:
        tags = words_of(each.target)
        around = ["", *tags, ""]
        found += [(around[place], around[place + 1], each.origin) for place in breaks(tags, codec.scheme)]
    if not found:
        return []
    shown = ", ".join(f"{two or 'the end'} after {one or 'the beginning'} ({at})" for one, two, at in found[:NAMED])
    return [
        f"{name}: {len(found):,} places break {codec.scheme}, such as {shown}; spans are read as conlleval reads them"
    ]


def unknown_labels(examples: Sequence[Example], codec: TargetCodec, name: str) -> list[str]:
    """A sentence that names the labels among the first targets that the codec lacks, with file and line; `name` is that
    of the data. Empty where it knows all."""
    if not isinstance(codec, Labels):
        return []
    encoded = codec.encode([each.target for each in examples])
    found = [(each, ids) for each, ids in zip(examples, encoded, strict=True) if UNK in ids]
    if not found:
        return []
    shown = (
        f"{', '.join(map(repr, codec.unwritable(each.target, ids)))} ({each.origin})" for each, ids in found[:NAMED]
    )
    more = f", and {len(found) - NAMED:,} more pairs" if len(found) > NAMED else ""
    return [
        f"{name}: {codec.noun} that no training pair has; answers to them count as wrong, and the loss leaves them "
        f"out: {', '.join(shown)}{more}"
    ]


def label_report(
    codec: TargetCodec, names: Sequence[str], answers: Sequence[Prediction], references: Sequence[Sequence[str]]
) -> LabelReport | None:
    """The figures of each label; None where the answers are no labels (see `classification`, to which `names` go), or
    tags.

    Of several accepted lists of labels the answer is compared with itself if it is among them, else with the first.
    """
    texts = [answer.text for answer in answers]
    if isinstance(codec, TagsCodec):
        return None
    if codec.answer != "labels":
        return classification(names, texts, references)
    assert isinstance(codec, Labels)  # as it answers with labels
    truths = [text if text in accepted else accepted[0] for text, accepted in zip(texts, references, strict=True)]
    return SeveralLabelsReport.of(
        [codec.parts(each) for each in texts], [codec.parts(each) for each in truths], codec.labels
    )


def label_probabilities(
    answers: Sequence[Prediction], examples: Sequence[Example], codec: TargetCodec
) -> LabelProbabilities | None:
    """The probabilities of answers beside the right labels, of several accepted targets those of the first. None where
    answers are text or tags.

    Examples that the network did not answer are left out, and those with one label that it does not know. None where
    nothing is left.
    """
    if not isinstance(codec, Labels) or isinstance(codec, TagsCodec):
        return None
    several = codec.answer == "labels"
    encoded = codec.encode([each.target for each in examples])
    known = [
        (answer, ids)
        for answer, ids in zip(answers, encoded, strict=True)
        if answer.probabilities and (several or ids != [UNK])
    ]
    if not known:
        return None
    probabilities = np.array([[answer.probabilities[label] for label in codec.labels] for answer, _ in known])
    given = np.zeros(probabilities.shape, bool)
    for row, (_, ids) in enumerate(known):
        given[row, [each - FIRST for each in ids if each >= FIRST]] = True
    return LabelProbabilities(codec.labels, probabilities, given, several, len(answers) - len(known))
