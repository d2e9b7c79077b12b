"""Re-rank the n-best list of a model by what other models think of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from seqloom.combining.base import Models, named
from seqloom.combining.choice import Candidates
from seqloom.combining.settings import RescoringSettings
from seqloom.combining.weighted import Weighted
from seqloom.config import build
from seqloom.data import Source
from seqloom.inference.predictor import PairScore


@dataclass(frozen=True)
class Rescoring(Weighted):
    """The n-best list of the first model, ranked by the weighted sum of all models' log-probabilities per token.

    s(y) = Σₘ wₘ · log pₘ(y | x) / |y|ₘ, where |y|ₘ counts the tokens of model m, end mark included. Because each model
    reads and scores texts, their vocabularies and directions may differ; a right-to-left model (`data.reverse_target`)
    is the usual second one (Liu et al. 2016; Sennrich et al. 2016). Where two candidates are level, the one that the
    search found better comes first. What the first model looked up (`seqloom.lexicon`) stands.
    """

    settings: RescoringSettings

    @staticmethod
    def of(models: Models, weights: Sequence[float] | str = (), **settings: Any) -> Rescoring:
        """A combination of models, first the one that writes the answers; `settings` as in `RescoringSettings`."""
        given = named(models)
        values = {"models": tuple(given), "weights": weights, **settings}
        return Rescoring(tuple(given.values()), build(RescoringSettings, values))

    def collected(self, sources: Sequence[Source], *, details: bool = False, prefix: str = "") -> list[Candidates]:
        """The n-best list of each source with the log-probability per token that each model gives each text."""
        count = max(self.settings.candidates, self.config.search.n_best)
        writer = self.first.with_settings(n_best=count).predictor
        lists = [(each, *each.alternatives) for each in writer.answer(sources, details=details, prefix=prefix)]
        both = list(zip(sources, lists, strict=True))
        pairs = [(source, each.text) for source, made in both if made[0].origin == "model" for each in made]
        scored = iter(zip(*(each.predictor.score(pairs) for each in self.models), strict=True))
        found = []
        for best, *others in lists:
            if best.origin != "model":
                found.append(Candidates.of_known(best, len(self.models)))
                continue
            made = (best, *others)
            rows = [next(scored) for _ in made]
            values = np.array([[each.log_prob / each.tokens for each in row] for row in rows])
            found.append(Candidates(made, values, np.zeros_like(values), tuple(map(self._unwritable, rows))))
        return found

    def _unwritable(self, scores: Sequence[PairScore]) -> dict[str, tuple[str, ...]]:
        """The symbols of an answer that models cannot write, by the names of the models."""
        pairs = zip(self.settings.models, scores, strict=True)
        return {name: each.unwritable for name, each in pairs if each.unwritable}

    def how(self) -> list[str]:
        """How answers are chosen, as sentences."""
        said = f"answers are the best of {self.settings.candidates} of the first model by log-probability per token"
        return [f"{said}, weighted: {self.weights_in_words()}", *self.tuning_in_words()]
