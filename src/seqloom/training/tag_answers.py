"""What the targets of a run tell of tags: whether each word has one, their scheme and its breaks, and their codec."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from seqloom.codecs import Labels, TagsCodec
from seqloom.data import Example
from seqloom.errors import DataError
from seqloom.label_targets import unequal
from seqloom.tag_scheme import follows, scheme_of
from seqloom.text.splitting import words_of

MOST, OFTEN = 500, 20
"""Tags are chosen where there are at most so many, which occur this often on average."""
KEPT = 20_000
"""How many different words of sources are compared with the tags."""
OWN = 0.5
"""Tags are chosen where less than this share of them are words of sources; else pairs copy or reorder symbols."""
NAMED = 3
"""How many tags, or places in files, a sentence names."""


@dataclass
class TagTargets:
    """Targets read as tags, until one of them does not have as many as its source has words.

    `counts` are of tags, `first` says where each was met first, `steps` how often and where first a tag came after
    another (an empty text is the beginning or the end), and `uneven` is the error of the first pair that does not fit.
    """

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    words: set[str] = field(default_factory=set)
    pairs: int = 0
    several: int = 0
    uneven: DataError | None = None

    def add(self, example: Example) -> None:
        """Count the tags of a pair."""
        if self.uneven is not None:
            return
        self.uneven = unequal(example)
        if self.uneven is not None:
            return
        words, tags = words_of(example.source), words_of(example.target)
        self.pairs += 1
        self.several += len(tags) > 1
        if len(self.words) < KEPT:
            self.words.update(words)
        for step in zip(["", *tags], [*tags, ""], strict=True):
            self.steps[step] += 1
            if step not in self.places:
                self.places[step] = str(example.origin)
        for tag in tags:
            self.counts[tag] += 1
            self.first.setdefault(tag, str(example.origin))

    @property
    def fit(self) -> bool:
        """Whether the pairs are words and their tags: each target has as many as its source, mostly several, and they
        are few, repeated, and no words of the sources."""
        shared = sum(tag in self.words for tag in self.counts)
        return (
            self.uneven is None
            and 2 * self.several > self.pairs
            and 1 < len(self.counts) <= MOST
            and self.counts.total() >= OFTEN * len(self.counts)
            and shared < OWN * len(self.counts)
        )

    def codec(self, old: Labels | None = None) -> tuple[TagsCodec, list[str]]:
        """The codec of the tags of all pairs in alphabetical order, and notices about them; new tags join those of an
        `old` one. Raises `DataError` for a pair whose numbers differ, and where there is nothing to tell apart."""
        if self.uneven is not None:
            raise self.uneven
        if len(self.counts) < 2 and old is None:
            (only,) = self.counts or [""]
            raise DataError(
                f"tags must differ, and all {self.counts.total():,} words have the tag {only!r}",
                where=self.first.get(only, ""),
                hint="look at data.target",
            )
        new = sorted(self.counts)
        if isinstance(old, TagsCodec):
            codec = old.joined_by(new)
            more = [tag for tag in new if tag not in old.labels]
            listed = f": {', '.join(map(repr, more[:NAMED]))}{', …' if len(more) > NAMED else ''}" if more else ""
            said = [f"tags: {len(more)} new ones join the {len(old.labels)} of the model{listed}"]
            strict = old.strict
        else:
            codec, strict = TagsCodec(tuple(new)), True
            (most, count), total = self.counts.most_common(1)[0], self.counts.total()
            said = [
                f"tags: {len(new):,} different ones of {total:,} words; the most frequent, {most!r}, is that of "
                f"{100 * count / total:.1f} %"
            ]
        broken = {step: count for step, count in self.steps.items() if not follows(*step, codec.scheme)}
        codec = TagsCodec(codec.labels, strict and not broken)
        rare = [tag for tag in new if self.counts[tag] == 1]
        return codec, [*said, *self._of_scheme(codec, broken), *self._rare(rare)]

    def _of_scheme(self, codec: TagsCodec, broken: dict[tuple[str, str], int]) -> list[str]:
        """Say which scheme the tags have, and where they break it."""
        scheme = scheme_of(codec.labels)
        if scheme == "none":
            return ["tags: of no scheme for spans (BIO, BIOES); every word has a tag of its own"]
        types = {tag[2:] for tag in codec.labels if tag[1:2] == "-"}
        told = f"tags: {scheme}, spans of {len(types):,} types"
        if not broken:
            kept = "a CRF keeps to it" if codec.strict else "the model was trained on tags that break it"
            return [f"{told}; {kept}"]
        named = sorted(broken, key=lambda step: (-broken[step], step))[:NAMED]
        shown = ", ".join(
            f"{two or 'the end'} after {one or 'the beginning'} ({broken[one, two]:,} times, first {where})"
            for one, two, where in ((*step, self.places[step]) for step in named)
        )
        more = f", and {len(broken) - NAMED} more kinds" if len(broken) > NAMED else ""
        return [
            f"{told}, which {sum(broken.values()):,} places break: {shown}{more}; spans are read as conlleval reads "
            "them, and answers need not keep to the scheme"
        ]

    def _rare(self, rare: list[str]) -> list[str]:
        """Name the tags from which little can be learned."""
        if not rare:
            return []
        places = ", ".join(f"{tag!r} ({self.first[tag]})" for tag in rare[:NAMED])
        more = f", and {len(rare) - NAMED} more" if len(rare) > NAMED else ""
        return [f"tags of a single word, from which little can be learned: {places}{more}"]
