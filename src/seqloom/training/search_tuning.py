"""Choose beam and length penalty on the dev data at the end of training, where they were not given."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

from seqloom.data import Share, Source
from seqloom.inference.predictor import Predictor
from seqloom.inference.torch_engine import torch_engine
from seqloom.metrics import compute, metric
from seqloom.search import SearchConfig
from seqloom.training.reports import StageReport
from seqloom.training.setup import Prepared

ALPHAS = (0.0, 0.6, 1.4)
"""Exponents of the length penalty that are tried beside the one there is."""
BEAMS = (1, 3, 10)
"""Beam sizes that are tried beside the one there is."""
MOST = len(ALPHAS) + len(BEAMS) + 1
"""The number of settings that are tried, if none of them is tried twice."""
GAIN = 0.2
"""What a setting must gain on the one there is, in points of the metric, to be chosen: less is chance."""
ANSWERS = 2
"""As many dev answers, of all that are decoded, must be worth no more than the gain; of few answers one is chance."""


@dataclass(frozen=True)
class Tuned:
    """The search settings that were chosen and those `before`, and the value of the metric on the dev examples for all
    that were tried, the ones before among them."""

    search: SearchConfig
    before: SearchConfig
    metric: str
    tried: tuple[tuple[SearchConfig, float], ...]
    needed: float = GAIN

    def sentence(self) -> str:
        """What was chosen, and what it gained on the dev examples."""
        values = {_named(search): value for search, value in self.tried}
        chosen, before, count = _named(self.search), _named(self.before), len(self.tried)
        figure = f"{self.metric} on the dev examples is {values[chosen]:.2f}"
        if chosen != before:
            return f"search: {chosen} instead of {before}: {figure} and was {values[before]:.2f}; {count} were tried"
        if len(set(values.values())) == 1:
            return f"search: {chosen}, as before: {figure}, the same with all {count} settings that were tried"
        return (
            f"search: {chosen}, as before: {figure}, and none of the {count} tried gains the {self.needed:.2g} needed"
        )

    def to_json(self) -> dict[str, object]:
        """Plain values for a JSON file."""
        tried = [{"beam": search.beam, "alpha": search.alpha, self.metric: value} for search, value in self.tried]
        return {
            "metric": self.metric,
            "beam": self.search.beam,
            "alpha": self.search.alpha,
            "needed": self.needed,
            "tried": tried,
        }


def tuned(prepared: Prepared) -> Generator[StageReport, None, Tuned | None]:
    """Choose an exponent of the length penalty, then a beam, for the current weights, by the main metric of decoded dev
    examples.

    A setting is chosen if it beats the one there is by `GAIN` and by what `ANSWERS` of the dev answers are worth,
    and the best one of these. None where no dev examples are decoded. How far it is is reported on the way.
    """
    names, search = prepared.config.training.selection.decoded, prepared.config.search
    if not names or not prepared.dev_examples:
        return None
    trials = _Trials(prepared, names[0])
    best = search.replace(n_best=1)
    if best.length_penalty != "none":
        best = yield from trials.best(best, [best.replace(alpha=alpha) for alpha in ALPHAS])
    best = yield from trials.best(best, [best.replace(beam=beam) for beam in BEAMS])
    chosen = search.replace(beam=max(best.beam, search.n_best), alpha=best.alpha)
    return Tuned(chosen, search, names[0], tuple(trials.made.items()), trials.needed)


@dataclass
class _Trials:
    """The values of a metric on the dev examples for the search settings that were tried."""

    prepared: Prepared
    metric: str
    made: dict[SearchConfig, float] = field(default_factory=dict)

    @property
    def needed(self) -> float:
        """The gain that a setting must have to be chosen."""
        return max(GAIN, 100 * ANSWERS / len(self.prepared.dev_examples))

    def best(self, there: SearchConfig, others: Sequence[SearchConfig]) -> Generator[StageReport, None, SearchConfig]:
        """The best of some settings; the ones there are, unless another gains enough."""
        for search in (there, *others):
            if search not in self.made:
                yield StageReport("choosing beam and length penalty", len(self.made), MOST)
                self.made[search] = self._measured(search)
        sign = 1 if metric(self.metric).higher_is_better else -1
        best = max(others, key=lambda search: (sign * self.made[search], -search.beam))
        return best if sign * (self.made[best] - self.made[there]) >= self.needed else there

    def _measured(self, search: SearchConfig) -> float:
        """The metric of the answers that a search finds; of several processes each decodes its share."""
        group, examples = self.prepared.group, self.prepared.dev_examples
        engine = torch_engine(self.prepared.model.eval(), self.prepared.device)
        predictor = Predictor(engine, self.prepared.codecs, search)
        sources = [Source(each.source, each.tags) for each in group.share.of(examples)]
        answers = Share.whole(group.gather([each.text for each in predictor.predict(sources)]))
        references = [each.targets for each in examples]
        return group.from_first(lambda: compute([self.metric], answers, references)[0].value)


def _named(search: SearchConfig) -> str:
    penalty = "" if search.length_penalty == "none" else f" and alpha {search.alpha:g}"
    return f"beam {search.beam}{penalty}"
