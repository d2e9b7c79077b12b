"""Find the pairs of a data set that its other pairs contradict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.data.examples import Example
from seqloom.data.whole_files import unsaid
from seqloom.errors import DataError
from seqloom.suspects.checks import findings
from seqloom.suspects.folds import folds_of
from seqloom.suspects.ranking import Suspect, ranked

if TYPE_CHECKING:
    from seqloom.training import RunConfig

FOLDS = 5
ABOVE = 2.0
"""The score from which on a pair is listed."""


@dataclass(frozen=True)
class Suspects:
    """All pairs, most suspicious first, and the folds that they were judged in (0: without a model).

    `listed` are those that something speaks against.
    """

    ranking: tuple[Suspect, ...]
    folds: int
    above: float = ABOVE

    @property
    def listed(self) -> list[Suspect]:
        """The pairs to look at: those with a score of at least `above` whose target is not what the model answers, and
        those whose sides seem to be swapped; without a model, those with any finding."""
        if not self.folds:
            return [each for each in self.ranking if each.kinds]
        return [each for each in self.ranking if each.stands_out(self.above)]

    def sentences(self) -> list[str]:
        """What a user should know about the whole."""
        kinds = Counter(kind for each in self.ranking for kind in each.kinds)
        names = {
            "swapped": "seem to have source and target swapped",
            "symbols": "have symbols that no other pair has on that side",
            "contradiction": "have a source that stands with another target elsewhere",
        }
        count = len(self.ranking)
        said = [f"{kinds[kind]:,} of {count:,} pairs {name}" for kind, name in names.items() if kinds[kind]]
        if self.folds:
            wrong = sum(each.disagrees for each in self.ranking)
            said.append(
                f"{wrong:,} of {count:,} targets are not what a model of the other pairs answers; a good part of these "
                "are mistakes of the model, fewer the longer it is trained (--minutes)"
            )
            said.append(f"{len(self.listed):,} pairs are listed, those with a score of {self.above:g} or more")
        else:
            said.append(f"{len(self.listed):,} pairs are listed; no model was trained (--folds 0)")
        return said

    def to_json(self) -> dict[str, Any]:
        """Plain values: the counts, and the pairs that are listed."""
        return {
            "pairs": len(self.ranking),
            "folds": self.folds,
            "above": self.above,
            "notes": self.sentences(),
            "suspects": [each.to_json() for each in self.listed],
        }


def find_suspects(
    pairs: Sequence[Example],
    *,
    folds: int = FOLDS,
    config: RunConfig | None = None,
    minutes: float | None = None,
    above: float = ABOVE,
    work: Path | None = None,
    say: Callable[[str], None] = unsaid,
) -> Suspects:
    """Rank pairs by how much the rest of the data contradicts them.

    Each pair is judged by a model that was trained on the other `folds` without it; with 0 folds no model is trained,
    and only checks are made that need none. What is finished is kept in the folder `work`, by default one in the cache
    that belongs to these pairs and settings; it is removed at the end, and a call that was cut short is gone on with.
    `minutes` bounds the time of all training together. `say` is called with a sentence for each fold.
    """
    if not pairs:
        raise DataError("there must be at least one pair to look at")
    found = findings(pairs)
    if not folds:
        return Suspects(ranked(pairs, found), 0, above)
    from seqloom.suspects.cross_validation import judged_in_folds  # noqa: PLC0415 - it needs PyTorch

    numbers = folds_of(pairs, folds)
    judgements = judged_in_folds(pairs, numbers, config, minutes=minutes, work=work, say=say)
    return Suspects(ranked(pairs, found, judgements, numbers), folds, above)
