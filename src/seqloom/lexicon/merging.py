"""Adds pairs to a lexicon and takes sources out, and says what was new, double or contradictory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from seqloom.errors import DataError, suggestion
from seqloom.lexicon.lexicon import Answer, Entry, Lexicon, key
from seqloom.lexicon.pairs import WeightedExample, targets_of

NAMED = 3
"""How many sources a sentence names."""
Place = tuple[str, tuple[str, ...]]
"""A source, in the form in which it is compared, with its tags."""


@dataclass(frozen=True)
class Additions:
    """What adding pairs to a lexicon did; each list holds sources with their answers as a user would write them."""

    pairs: int
    new: int
    repeated: int
    """Pairs that came before in the same files; the weights of equal pairs are added up."""
    several: tuple[str, ...]
    """Sources that were given more than one answer."""
    known: int
    """Sources whose answers were in the lexicon already, the same."""
    replaced: tuple[str, ...]
    """Sources that had other answers before, which the new ones have replaced."""

    def sentences(self) -> list[str]:
        """Sentences for the user on what is not plainly new."""
        said = []
        if self.repeated:
            said.append(
                f"{self.repeated:,} of {self.pairs:,} pairs are there more than once; their weights are added up"
            )
        if self.several:
            said.append(
                f"{_sources(self.several)} several answers, which are an n-best list with the heaviest first: "
                f"{_shown(self.several)}"
            )
        if self.known:
            said.append(f"{self.known:,} {'source' if self.known == 1 else 'sources'} had the same answers before")
        if self.replaced:
            said.append(f"{_sources(self.replaced)} answers that take the place of others: {_shown(self.replaced)}")
        return said

    def to_json(self) -> dict[str, Any]:
        """Plain values: counts."""
        return {
            "pairs": self.pairs,
            "new": self.new,
            "repeated": self.repeated,
            "several": len(self.several),
            "known": self.known,
            "replaced": len(self.replaced),
        }


def added(
    lexicon: Lexicon, weighted: Iterable[WeightedExample], *, match_case: bool | None = None
) -> tuple[Lexicon, Additions]:
    """The lexicon with the answers of these pairs.

    A source that is in the lexicon already gets the new answers instead of its old ones. `match_case` changes whether
    sources must have the case of their entries; None keeps it. Raises a `DataError` if there are no pairs.
    """
    gathered, pairs = gather(weighted)
    if not pairs:
        raise DataError("there must be at least one pair, not none")
    entries = {(each.source, each.tags): each for each in lexicon.entries()}
    new, known, several, replaced = 0, 0, [], []
    for (source, tags), answers in gathered.items():
        entry = Entry(source, tags, heaviest_first(answers))
        before = entries.get((source, tags))
        if before is None:
            new += 1
        elif [each.text for each in before.answers] == [each.text for each in entry.answers]:
            known += 1
        else:
            replaced.append(f"{source!r}: {_texts(entry)} instead of {_texts(before)}")
        if len(answers) > 1:
            several.append(f"{source!r}: {_texts(entry)}")
        entries[source, tags] = entry
    repeated = pairs - sum(map(len, gathered.values()))
    changed = lexicon.changed(entries.values(), match_case=match_case)
    return changed, Additions(pairs, new, repeated, tuple(several), known, tuple(replaced))


def without(lexicon: Lexicon, sources: Iterable[tuple[str, tuple[str, ...]]]) -> Lexicon:
    """The lexicon without the given sources, each with its tags; a source without tags is taken out with all of its.

    Raises a `DataError` for a source that is not in it.
    """
    entries = {(each.source, each.tags): each for each in lexicon.entries()}
    for text, tags in sources:
        source = key(text)
        places = [place for place in entries if place[0] == source and (not tags or place[1] == tags)]
        if not places:
            tagged = f" with the tags {', '.join(tags)}" if tags else ""
            close = suggestion(source, {each for each, _ in entries}) if len(entries) < 10_000 else ""
            hint = close if close.startswith("did you") else "seqloom exceptions MODEL --list prints the entries"
            raise DataError(f"there is no entry for {source!r}{tagged}", hint=hint)
        for place in places:
            del entries[place]
    return lexicon.changed(entries.values())


def gather(weighted: Iterable[WeightedExample]) -> tuple[dict[Place, dict[str, float]], int]:
    """The summed weights of the answers of each source, in the order of the pairs, and how many pairs there were."""
    gathered: dict[Place, dict[str, float]] = {}
    pairs = 0
    for example, target, weight in targets_of(weighted):
        answers = gathered.setdefault((key(example.source), example.tags), {})
        answers[target] = answers.get(target, 0.0) + weight
        pairs += 1
    return gathered, pairs


def heaviest_first(answers: Mapping[str, float]) -> tuple[Answer, ...]:
    """Answers by their weights; of equal ones the first given comes first."""
    ordered = sorted(answers.items(), key=lambda each: -each[1])
    return tuple(Answer(text, weight) for text, weight in ordered)


def _texts(entry: Entry) -> str:
    return " | ".join(each.text for each in entry.answers)


def _sources(named: tuple[str, ...]) -> str:
    return f"{len(named):,} {'source has' if len(named) == 1 else 'sources have'}"


def _shown(named: tuple[str, ...]) -> str:
    return "; ".join(named[:NAMED]) + (f"; and {len(named) - NAMED:,} more" if len(named) > NAMED else "")
