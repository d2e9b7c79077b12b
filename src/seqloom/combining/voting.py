"""Choose the answer for which most models vote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqloom.combining.base import Models, named
from seqloom.combining.choice import Candidates
from seqloom.combining.settings import VotingSettings
from seqloom.combining.weighted import Weighted
from seqloom.config import build
from seqloom.data import Source
from seqloom.metrics.text_form import in_one_form
from seqloom.prediction import Prediction


@dataclass(frozen=True)
class Voting(Weighted):
    """Whole answers, ranked by the weighted votes of the models; their vocabularies and engines may differ.

    Each model votes for its best answer, or with `candidates` above 1 for as many of its n-best list, with 1/rank for
    the answer of that rank. Where votes are equal, the weighted sum of the scores of those who voted decides: score is
    the length-normalised log-probability of each model's own search, and a model that did not vote for an answer counts
    with the lowest score that any answer got. Texts that differ only in their Unicode form are one answer.
    What a model looked up (`seqloom.lexicon`) stands without a vote.
    """

    settings: VotingSettings

    @staticmethod
    def of(models: Models, weights: Sequence[float] | str = (), **settings: Any) -> Voting:
        """A combination of models; `settings` as in `VotingSettings`."""
        given = named(models)
        values = {"models": tuple(given), "weights": weights, **settings}
        return Voting(tuple(given.values()), build(VotingSettings, values))

    def collected(self, sources: Sequence[Source], *, details: bool = False, prefix: str = "") -> list[Candidates]:
        """All texts that a model voted for, with the votes."""
        count = max(self.settings.candidates, self.config.search.n_best)
        voters = [each.with_settings(n_best=count).predictor for each in self.models]
        lists = [voter.answer(sources, details=details, prefix=prefix) for voter in voters]
        return [self.counted(answers) for answers in zip(*lists, strict=True)]

    def counted(self, answers: Sequence[Prediction]) -> Candidates:
        """The votes of all models for one source; what a model looked up stands, that of the first that did."""
        known = next((each for each in answers if each.origin != "model"), None)
        if known is not None:
            return Candidates.of_known(known, len(self.models))
        votes: dict[str, dict[int, tuple[float, Prediction]]] = {}
        for place, best in enumerate(answers):
            ranked = (best, *best.alternatives)[: self.settings.candidates]
            for rank, each in enumerate(ranked, start=1):
                votes.setdefault(in_one_form(each.text), {}).setdefault(place, (1 / rank, each))
        values = np.zeros((len(votes), len(answers)))
        lowest = min(each.score for given in votes.values() for _, each in given.values())
        ties = np.full_like(values, lowest)
        chosen = []
        for row, given in enumerate(votes.values()):
            for place, (vote, each) in given.items():
                values[row, place], ties[row, place] = vote, each.score
            chosen.append(max(given.values(), key=lambda pair: pair[0])[1])
        return Candidates(tuple(chosen), values, ties)

    def how(self) -> list[str]:
        """How answers are chosen, as sentences."""
        count = self.settings.candidates
        most = "its best answer" if count == 1 else f"its {count} best answers, with 1/rank"
        said = f"answers are those with most votes; each model votes for {most}, weighted: {self.weights_in_words()}"
        return [said, *self.tuning_in_words()]
