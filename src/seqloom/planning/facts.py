"""What the training pairs are like: the facts by which settings are chosen."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from seqloom.codecs import AnswerKind
from seqloom.evenly import evenly
from seqloom.planning.alignment import monotonicity
from seqloom.text.choice import Traits, words_to_words

COMPARED = 500
"""Number of pairs in which what is copied from the source is counted."""
ALIGNED = 2000
"""Number of pairs that are aligned."""
LONG = 100
"""A source with this many words is a text rather than a sentence."""
FOLDED = 0.6
"""An alphabet that Unicode's canonical decomposition makes smaller by this factor is one of composed characters."""

Task = Literal["labels", "tags", "transduction", "words", "sentences", "texts"]
TASKS: Mapping[Task, str] = {
    "labels": "texts have labels",
    "tags": "words of texts have tags",
    "transduction": "each symbol of a text becomes a short string",
    "words": "words, names or numbers become other words, or sequences of a small set such as phones",
    "sentences": "sentences become sentences",
    "texts": "long texts become shorter ones",
}
"""What kinds of pairs are told apart."""


@dataclass(frozen=True)
class Facts:
    """What the training pairs are like.

    - `pairs`: number of training pairs
    - `task`: what kind of pairs they are, one of `TASKS`
    - `source_symbols`, `target_symbols`: numbers of different characters, or of words where texts are longer than words
    - `source_length`, `target_length`: mean lengths in the same units
    - `distinct_targets`: number of different targets in the sample
    - `tags`: number of different source-side tags
    - `monotonic`: correlation of target positions with the source positions they are aligned with, from -1 to 1
    - `copied`: the share of target symbols that stand in the source in the same order
    - `shared`: the share of target letters that are letters of sources, too
    - `composed`: whether source characters are composed, such as Korean syllables or accented letters, so that their
      parts are far fewer
    - `answer`: what a model of them is to answer with
    - `tagged`: whether each word of a source has one tag out of few in its target
    """

    pairs: int
    task: Task
    source_symbols: int
    target_symbols: int
    source_length: float
    target_length: float
    distinct_targets: int
    tags: int
    monotonic: float
    copied: float
    shared: float
    composed: bool
    answer: AnswerKind = "sequence"
    tagged: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return asdict(self)

    def sentences(self) -> Iterator[str]:
        """What a user should know of the pairs before training."""
        said = "texts have a label, and their words have tags" if self.answer == "frame" else TASKS[self.task]
        yield f"{self.pairs:,} pairs: {said}"
        yield (
            f"sources have {self.source_length:.1f} symbols on average, of {self.source_symbols:,} different ones; "
            f"targets {self.target_length:.1f}, of {self.target_symbols:,}"
        )
        if self.task == "labels":
            yield f"{self.distinct_targets:,} different labels"
        if self.task in ("labels", "tags"):
            return
        yield f"{self.copied:.0%} of the target symbols stand in the source in the same order"
        yield f"order: a correlation of {self.monotonic:.2f} between positions in the target and in the source"
        if self.tags:
            yield f"{self.tags:,} different tags"


def facts_of(pairs: Sequence[tuple[str, str]], *, tags: int = 0, count: int | None = None) -> Facts:
    """The facts about some pairs, which are a sample of `count` pairs (None: they are all)."""
    source, target = (Traits.of([pair[side] for pair in pairs]) for side in (0, 1))
    task = _task(pairs, source, target)
    spelled = task == "words"
    cut = [(_cut(one, source, spelled=spelled), _cut(two, target, spelled=spelled)) for one, two in _spread(pairs)]
    return Facts(
        pairs=len(pairs) if count is None else count,
        task=task,
        source_symbols=_symbols(source, spelled=spelled),
        target_symbols=_symbols(target, spelled=spelled),
        source_length=_mean([len(one) for one, _ in cut]),
        target_length=_mean([len(two) for _, two in cut]),
        distinct_targets=target.distinct,
        tags=tags,
        monotonic=round(monotonicity(cut), 3),
        copied=round(_copied(cut[:COMPARED]), 3),
        shared=round(_shared(pairs), 3),
        composed=_composed([text for text, _ in pairs]),
    )


def _spread(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The pairs that are aligned, evenly spaced."""
    return [pairs[row] for row in evenly(len(pairs), ALIGNED)]


def _task(pairs: Sequence[tuple[str, str]], source: Traits, target: Traits) -> Task:
    if target.labels:
        return "labels"
    if words_to_words(pairs):
        return "words"
    long = source.running_words >= LONG and target.running_words <= source.running_words / 2
    return "texts" if long else "sentences"


def _cut(text: str, traits: Traits, *, spelled: bool) -> Sequence[str]:
    """A text in the units in which it is counted: words, or characters where the texts are words."""
    return text.split() if traits.closed or not (spelled or traits.unspaced) else list(text)


def _symbols(traits: Traits, *, spelled: bool) -> int:
    return traits.word_types if traits.closed or not (spelled or traits.unspaced) else traits.alphabet


def _mean(lengths: Sequence[int]) -> float:
    return round(sum(lengths) / max(1, len(lengths)), 2)


def _copied(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> float:
    """The share of target symbols in the matching blocks of source and target."""
    matched = sum(
        block.size
        for one, two in pairs
        for block in SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks()
    )
    return matched / max(1, sum(len(two) for _, two in pairs))


def _shared(pairs: Sequence[tuple[str, str]]) -> float:
    """The share of the letters of targets that occur in sources; what is no letter has no script and is not counted."""
    alphabet = set().union(*(source for source, _ in pairs))
    letters = Counter(letter for _, target in _spread(pairs) for letter in target if letter.isalpha())
    return sum(count for letter, count in letters.items() if letter in alphabet) / max(1, letters.total())


def _composed(texts: Sequence[str]) -> bool:
    """Whether far fewer characters remain when composed ones are taken apart."""
    alphabet = set().union(*texts)
    parts = {part for letter in alphabet for part in unicodedata.normalize("NFD", letter)}
    return len(parts) <= FOLDED * len(alphabet)
