"""Targets of examples where answers are labels, tags or frames: the one form in which they are compared, those that
nobody knows, tags that are more or fewer than the words, and how answers and their probabilities are counted against
them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from seqloom.codecs import FrameCodec, LabelCodec, Labels, LabelsCodec, TagsCodec
from seqloom.codecs.labels import FIRST
from seqloom.codecs.pair import TargetCodec
from seqloom.confidence import LabelProbabilities
from seqloom.data import Example
from seqloom.errors import DataError
from seqloom.metrics import ClassificationReport, SeveralLabelsReport, TaggingReport, classification, tagging
from seqloom.prediction import Prediction
from seqloom.tag_scheme import breaks, frame_parts
from seqloom.text.special import UNK
from seqloom.text.splitting import words_of

LabelReport = ClassificationReport | SeveralLabelsReport
"""The figures of each label, of one label or of several at once."""

NAMED = 3
"""How many examples a sentence names."""


def comparable(examples: Iterable[Example], codec: TargetCodec) -> list[Example]:
    """The examples with targets in the form that answers have: of several labels in their order. Text is left alone.

    Raises a `DataError` where a word has no tag of its own, or a frame no label.
    """
    if not isinstance(codec, Labels | FrameCodec):
        return list(examples)
    if not isinstance(codec, LabelCodec | LabelsCodec):
        examples = list(examples)
        for each in examples:
            if error := unequal(each if isinstance(codec, TagsCodec) else parted(each)[1]):
                raise error
    form = codec.canonical
    return [replace(each, target=form(each.target), references=tuple(map(form, each.references))) for each in examples]


def parted(example: Example) -> tuple[Example, Example]:
    """An example of frames as one of labels and one of tags; raises a `DataError` where a target is no frame."""
    parts = [frame_parts(target) for target in example.targets]
    for (label, _), target in zip(parts, example.targets, strict=True):
        if not label:
            raise DataError(
                f"a target must be a label, a colon, a space, and a tag for each word, not {target[:60]!r}",
                where=str(example.origin),
                hint="data.label names the column of labels where it stands beside that of tags",
            )
    (label, *labels), (tags, *others) = zip(*parts, strict=True)
    one = replace(example, target=label, references=tuple(labels))
    return one, replace(example, target=tags, references=tuple(others))


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
    if isinstance(codec, FrameCodec):
        return broken_tags([parted(each)[1] for each in examples], codec.tags, name)
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
    if isinstance(codec, FrameCodec):
        labels, tags = ([parted(each)[side] for each in examples] for side in (0, 1))
        return [*unknown_labels(labels, codec.label, name), *unknown_labels(tags, codec.tags, name)]
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
    """The figures of each label, of frames those of their labels; None where the answers are no labels (see
    `classification`, to which `names` go), or tags.

    Of several accepted lists of labels the answer is compared with itself if it is among them, else with the first.
    """
    texts = [answer.text for answer in answers]
    if isinstance(codec, TagsCodec):
        return None
    if isinstance(codec, FrameCodec):
        given = [[frame_parts(each)[0] for each in accepted] for accepted in references]
        return classification(("accuracy",), [frame_parts(each)[0] for each in texts], given)
    if codec.answer != "labels":
        return classification(names, texts, references)
    assert isinstance(codec, Labels)  # as it answers with labels
    truths = [text if text in accepted else accepted[0] for text, accepted in zip(texts, references, strict=True)]
    return SeveralLabelsReport.of(
        [codec.parts(each) for each in texts], [codec.parts(each) for each in truths], codec.labels
    )


def tag_report(
    codec: TargetCodec, names: Sequence[str], answers: Sequence[Prediction], references: Sequence[Sequence[str]]
) -> TaggingReport | None:
    """The figures of each type of span and each tag, of frames those of their tags; None where the answers are no tags
    (see `tagging`, to which `names` go)."""
    texts = [answer.text for answer in answers]
    if not isinstance(codec, FrameCodec):
        return tagging(names, texts, references)
    truths = [[frame_parts(each)[1] for each in accepted] for accepted in references]
    return tagging(("entity_f1",), [frame_parts(each)[1] for each in texts], truths)


def label_probabilities(
    answers: Sequence[Prediction], examples: Sequence[Example], codec: TargetCodec
) -> LabelProbabilities | None:
    """The probabilities of answers, of frames those of their labels, beside the right labels, of several accepted
    targets those of the first. None where answers are text or tags.

    Examples that the network did not answer are left out, and those with one label that it does not know. None where
    nothing is left.
    """
    if isinstance(codec, FrameCodec):
        return label_probabilities(answers, [parted(each)[0] for each in examples], codec.label)
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
