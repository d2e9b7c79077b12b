"""Dev data by which members and weights are chosen, and how good a network is on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from seqloom.data import Example
from seqloom.ensembles.members import Member, search_of
from seqloom.errors import DataError
from seqloom.evaluation import evaluate, target_loss
from seqloom.evaluation_config import EvaluationConfig
from seqloom.inference.predictor import Predictor
from seqloom.inference.torch_engine import torch_engine
from seqloom.metrics import choose_metrics
from seqloom.metrics.registry import metric
from seqloom.networks import AnyNetwork
from seqloom.training.device import choose_device

LOSS = "loss"
"""The name of the negative log-likelihood of the first accepted targets, in nats a token, where a measure is asked
for."""


@dataclass(frozen=True)
class Figures:
    """What was measured of one network: its loss and metrics by name, the main one first."""

    values: Mapping[str, float]
    cost: tuple[float, float]
    """The main figure as a cost, and the loss, which decides where that is equal: the lower, the better."""

    @property
    def main(self) -> str:
        """The main figure in words."""
        name, value = next(iter(self.values.items()))
        return f"{name} {value:.4g}"


@dataclass(frozen=True)
class DevData:
    """Dev examples and the measures that decide, the main one first; `loss` alone needs no answers.

    `records` are the entries of the examples in a model's record: their files with hashes.
    """

    examples: tuple[Example, ...] = field(repr=False)
    measures: tuple[str, ...]
    records: tuple[Mapping[str, Any], ...] = ()

    @staticmethod
    def of(examples: Iterable[Example], measures: Sequence[str], records: Iterable[Mapping[str, Any]] = ()) -> DevData:
        """Dev data whose measures are chosen by what they look like where none are given."""
        found = tuple(examples)
        if not found:
            raise DataError("there must be at least one dev pair to choose by, not none")
        names = tuple(measures) or tuple(
            choose_metrics([each.target for each in found], [each.source for each in found])
        )
        for name in names:
            if name != LOSS:
                metric(name)  # refuses an unknown one before anything is computed
        return DevData(found, names, tuple(records))

    def measure(self, network: AnyNetwork, members: Sequence[Member]) -> Figures:
        """The figures of a network of some of the members, with the codecs and the search that these have together."""
        device = choose_device(members[0].config.training.device)
        engine = torch_engine(network.to(device).eval(), device)
        predictor = Predictor(engine, members[0].codecs, search_of(members).replace(n_best=1))
        names = tuple(name for name in self.measures if name != LOSS)
        if not names:
            loss = target_loss(predictor, self.examples).per_token
            return Figures({LOSS: loss}, (loss, loss))
        found = evaluate(predictor, self.examples, EvaluationConfig(metrics=names, worst=0))
        values = {**{score.name: score.value for score in found.scores}, LOSS: found.loss}
        main = self.measures[0]
        higher = main != LOSS and metric(main).higher_is_better
        first = next(iter(values)) if main != LOSS else LOSS
        ordered = {first: values[first], **values}
        return Figures(ordered, (-values[first] if higher else values[first], found.loss))
