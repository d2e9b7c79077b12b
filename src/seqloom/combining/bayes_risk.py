"""Choose the answer that is expected to be best by a metric (minimum Bayes risk decoding)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.combining.base import Combination, is_blank, named
from seqloom.combining.choice import Candidates
from seqloom.combining.settings import BayesRiskSettings
from seqloom.config import build
from seqloom.data import Source
from seqloom.measured_model import MeasuredModel
from seqloom.metrics import compute_each, metric
from seqloom.metrics.text_form import in_one_form
from seqloom.prediction import Prediction

PAIRS = 50_000
"""Most pairs of texts that the metric compares in one call: a bound on memory."""

Shares = list[tuple[Prediction, float]]
"""Candidates for an answer, each with its share of the probability."""


@dataclass(frozen=True)
class BayesRisk(Combination):
    """The candidate with the highest expected utility, E[u(y, r)] = Σᵣ p(r | x) · u(y, r), by a metric u.

    Each candidate y is compared with each r of the same list. Without `sampling` the list is the n-best list of the
    model, and p(r | x) the model's probabilities over it, which sum to 1 (Kumar & Byrne 2004). With `sampling`
    it is what was drawn from the model, and each drawn text counts as often as it was drawn (Eikema & Aziz 2020).
    The value of an error rate counts negatively. Where two candidates are level, the more probable one comes first.
    What the model looked up (`seqloom.lexicon`) stands.
    """

    settings: BayesRiskSettings

    @staticmethod
    def of(model: MeasuredModel | str | Path, metric: str, **settings: Any) -> BayesRisk:
        """Choose among the answers of a model by a metric; `settings` are those of `BayesRiskSettings`."""
        given = named([model])
        values = {"models": tuple(given), "metric": metric, **settings}
        return BayesRisk(tuple(given.values()), build(BayesRiskSettings, values))

    def answer(self, sources: Sequence[Source], *, details: bool = False, prefix: str = "") -> list[Prediction]:
        """One prediction for each source, in order; a source of white space alone gets an empty one."""
        given = [each for each in sources if not is_blank(each)]
        known, lists = self._collected(given, prefix=prefix)
        chosen = iter(self._chosen(lists, details=details))
        count, answers = self.config.search.n_best, iter(known)
        made = []
        for source in sources:
            if is_blank(source):
                made.append(Prediction("", 0.0))
            elif (looked_up := next(answers)) is None:
                made.append(next(chosen))
            else:
                listed = (looked_up, *looked_up.alternatives)[:count]
                best, *others = listed if details else map(_brief, listed)
                made.append(replace(best, alternatives=tuple(others)))
        return made

    def _chosen(self, lists: Sequence[Shares], *, details: bool) -> Iterator[Prediction]:
        """The best of each list of candidates."""
        name, count = self.settings.metric, self.config.search.n_best
        names, weights = [f"expected {name}", "share"], [1.0 if metric(name).higher_is_better else -1.0, 0.0]
        tables = utilities(name, [[each.text for each, _ in some] for some in lists])
        for some, table in zip(lists, tables, strict=True):
            shares = np.array([share for _, share in some])
            made = tuple(each if details else _brief(each) for each, _ in some)
            ties = np.stack([weights[0] * shares, shares], 1)
            found = Candidates(made, np.stack([table @ shares, shares], 1), ties)
            yield found.chosen(names, weights, self.settings.by, count)

    def _collected(self, sources: Sequence[Source], *, prefix: str) -> tuple[list[Prediction | None], list[Shares]]:
        """What the model looked up for each source, or None; for those with None, the candidates with their shares."""
        if self.settings.sampling is not None:
            predictor = self.first.predictor
            known = predictor.look_up(sources, prefix=prefix)
            asked = [source for source, answer in zip(sources, known, strict=True) if answer is None]
            drawn = predictor.sample(asked, self.settings.sampling, details=True, prefix=prefix)
            return known, [_joined([(each, 1 / len(some)) for each in some]) for some in drawn]
        count = max(self.settings.candidates, self.config.search.n_best)
        answers = self.first.with_settings(n_best=count).predictor.answer(sources, details=True, prefix=prefix)
        lists = [(each, *each.alternatives) for each in answers if each.origin == "model"]
        return [None if each.origin == "model" else each for each in answers], [
            _joined(_shares(made)) for made in lists
        ]

    def how(self) -> list[str]:
        """How answers are chosen, as sentences."""
        sampling = self.settings.sampling
        among = f"the {self.settings.candidates} best of the search"
        if sampling is not None:
            drawn = f"seed {sampling.seed} and temperature {sampling.temperature:g}"
            among = f"{sampling.count} samples, drawn with {drawn}"
        return [f"answers have the best expected {self.settings.metric} among {among}"]


def _shares(made: Sequence[Prediction]) -> Shares:
    """Answers with their probabilities, which are made to sum to 1."""
    logs = np.array([math.fsum(each.token_log_probs) for each in made])
    shares = np.exp(logs - logs.max())
    return list(zip(made, (shares / shares.sum()).tolist(), strict=True))


def _joined(made: Shares) -> Shares:
    """The same without repeated texts, whose shares are added; the best answer of a text stands for it."""
    joined: dict[str, tuple[Prediction, float]] = {}
    for each, share in made:
        text = in_one_form(each.text)
        best, sum_so_far = joined.get(text, (each, 0.0))
        joined[text] = (each if each.score > best.score else best, sum_so_far + share)
    return list(joined.values())


def _brief(answer: Prediction) -> Prediction:
    return replace(answer, source_tokens=(), target_tokens=(), token_log_probs=(), alignment=None)


def utilities(name: str, lists: Sequence[Sequence[str]]) -> list[NDArray[np.float64]]:
    """For each list of K texts the table [K, K] of the metric's values of each text (row) against each other (column).

    Lists are compared together, as many as `PAIRS` allows. What is compared with itself is perfect.
    """
    perfect, tables = metric(name).perfect, []
    for part in _parts(lists):
        pairs = [(text, other) for texts in part for text, other in permutations(texts, 2)]
        values = compute_each(name, *zip(*pairs, strict=True)) if pairs else []
        begin = 0
        for texts in part:
            table = np.full((len(texts), len(texts)), perfect)
            end = begin + len(texts) * (len(texts) - 1)
            table[~np.eye(len(texts), dtype=bool)] = values[begin:end]
            tables.append(table)
            begin = end
    return tables


def _parts(lists: Sequence[Sequence[str]]) -> Iterator[list[Sequence[str]]]:
    """The lists in groups that have at most `PAIRS` pairs, or that are one list."""
    part: list[Sequence[str]] = []
    size = 0
    for texts in lists:
        if part and size + len(texts) ** 2 > PAIRS:
            yield part
            part, size = [], 0
        part.append(texts)
        size += len(texts) ** 2
    if part:
        yield part
