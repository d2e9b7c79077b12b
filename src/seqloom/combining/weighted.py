"""What rescoring and voting share: candidates are ranked by the weighted sum of what several models give them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from seqloom.combining.base import Combination, is_blank
from seqloom.combining.choice import Candidates
from seqloom.combining.settings import WeightedSettings
from seqloom.combining.tuning import tuned_weights
from seqloom.data import Source
from seqloom.data.given import given_examples
from seqloom.metrics import choose_metrics
from seqloom.prediction import Prediction

if TYPE_CHECKING:
    from seqloom.measured_model import Pairs


@dataclass(frozen=True)
class Weighted(Combination):
    """Candidates are ranked by the weighted sum of what the models give them."""

    settings: WeightedSettings

    @abstractmethod
    def collected(self, sources: Sequence[Source], *, details: bool = False, prefix: str = "") -> list[Candidates]:
        """The candidates for each source, none of which is blank."""

    def answer(self, sources: Sequence[Source], *, details: bool = False, prefix: str = "") -> list[Prediction]:
        """One prediction for each source, in order; a source of white space alone gets an empty one."""
        chosen, count = self.settings, self.config.search.n_best
        found = iter(self.collected([each for each in sources if not is_blank(each)], details=details, prefix=prefix))
        return [
            Prediction("", 0.0)
            if is_blank(each)
            else next(found).chosen(chosen.models, chosen.weights, chosen.by, count)
            for each in sources
        ]

    def with_weights(self, weights: Sequence[float]) -> Self:
        """The same combination with other weights, one for each model."""
        return replace(self, settings=self.settings.replace(weights=tuple(weights), tuning=None))

    def tuned(self, data: Pairs, *, metric: str = "") -> Self:
        """The same combination with the weights that are best on dev pairs (`tuned_weights`), and what they brought.

        `metric` is a name of `METRICS`; without it, the first of those by which the first model was judged in training,
        or else the first that suits the data. The pairs must not be those that answers are finally measured on.
        """
        examples = [each for each in given_examples(data, self.config.data) if each.source.strip()]
        if not metric:
            known = getattr(self.config, "measures", ())
            metric = (known or choose_metrics([each.target for each in examples], [each.source for each in examples]))[
                0
            ]
        found = self.collected([Source(each.source, each.tags) for each in examples])
        weights, tuning = tuned_weights(found, [each.targets for each in examples], self.settings.weights, metric)
        return replace(self, settings=self.settings.replace(weights=weights, tuning=tuning))

    def weights_in_words(self) -> str:
        """The models with their weights."""
        pairs = zip(self.settings.models, self.settings.weights, strict=True)
        return ", ".join(f"{name} {weight:g}" for name, weight in pairs)

    def tuning_in_words(self) -> list[str]:
        """What tuning brought, if there was one."""
        return [] if self.settings.tuning is None else [self.settings.tuning.sentence()]
