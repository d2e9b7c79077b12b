"""Memorising: sources that training pairs always rendered one way are answered from memory.

For running text this is a strong baseline: most tokens of a text were seen in training. Bollmann (2019, A Large-Scale
Comparison of Historical Text Normalization Systems, §5.2) therefore recommends to normalise the words that were seen in
training by their most frequent rendering, and to ask a model about the others only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from seqloom.data import Example
from seqloom.errors import ConfigError, DataError
from seqloom.lexicon.lexicon import Entry, Lexicon
from seqloom.lexicon.merging import Place, gather, heaviest_first
from seqloom.lexicon.pairs import WeightedExample

MIN_COUNT, MIN_SHARE = 2, 1.0
ALIKE = 0.95
"""Share of the sources differing only in case that must be rendered alike, if case shall not count."""

Counted = Mapping[Place, Mapping[str, float]]
"""How often each source was rendered in each way."""


def counted(examples: Iterable[Example]) -> Counted:
    """Count the renderings of each source. Raises a `DataError` if there are no examples."""
    gathered, pairs = gather(map(WeightedExample, examples))
    if not pairs:
        raise DataError("there must be at least one pair, not none", hint="give the files the model was trained on")
    return gathered


def memorised(
    renderings: Counted,
    *,
    min_count: int = MIN_COUNT,
    min_share: float = MIN_SHARE,
    match_case: bool | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Lexicon:
    """The sources whose most frequent rendering occurs at least `min_count` times and in at least `min_share` of cases.

    The weights of the answers are their counts, and the facts of the lexicon say how many other sources were rarer or
    rendered in more ways. With `match_case` None, case counts unless at least 95 % of the sources
    that differ only in case were rendered alike. Raises a `ConfigError` for numbers out of range.
    """
    if min_count < 1 or not 0.5 < min_share <= 1:
        raise ConfigError(
            f"min_count must be at least 1, not {min_count}"
            if min_count < 1
            else f"min_share must be above 0.5 and at most 1, not {min_share:g}"
        )
    kept, rare, varied = [], 0, 0
    for (source, tags), answers in renderings.items():
        most, total = max(answers.values()), sum(answers.values())
        if most < min_share * total:
            varied += 1
        elif most < min_count:
            rare += 1
        else:
            kept.append(Entry(source, tags, heaviest_first(answers)))
    matches = case_counts(renderings) if match_case is None else match_case
    told = {"min_count": min_count, "min_share": min_share, "rare": rare, "varied": varied, **(facts or {})}
    return Lexicon.of(kept, match_case=matches, facts=told)


def case_counts(renderings: Counted) -> bool:
    """Whether sources that differ only in case were rendered differently in more than 5 % of such sources."""
    spellings: dict[Place, list[str]] = {}
    for (source, tags), answers in renderings.items():
        best = heaviest_first(answers)[0].text
        spellings.setdefault((source.lower(), tags), []).append(best)
    several = [best for best in spellings.values() if len(best) > 1]
    return sum(len(set(best)) == 1 for best in several) < ALIKE * len(several)
