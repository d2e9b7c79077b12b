"""Make predictions for each source of a batch: search for ids, or draw them at random, then decode them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seqloom.codecs import Codecs
from seqloom.confidence import Calibration, evidence
from seqloom.data.padding import padded_sources
from seqloom.errors import SeqloomError
from seqloom.inference.engine import SearchEngine
from seqloom.prediction import Prediction
from seqloom.search import Hypothesis, SamplingConfig, SearchConfig
from seqloom.text.model_inputs import ReadSource
from seqloom.text.special import EOS, SPECIAL_TOKENS


class Sequences:
    """What is asked of an engine for batches of sources, and how its hypotheses become predictions.

    `prefix` is what every answer begins with; one that the model cannot write is refused with a `DataError`.
    `details` adds tokens, their log-probabilities and the alignment to each prediction. With a `calibration`, which
    must be one for this search, the best answers get a confidence; answers with a given beginning get none, because
    the calibration knows only answers that the model chose as a whole.
    """

    def __init__(
        self,
        engine: SearchEngine,
        codecs: Codecs,
        search: SearchConfig,
        *,
        prefix: str = "",
        details: bool = False,
        calibration: Calibration | None = None,
    ) -> None:
        assert codecs.spoken is not None  # which is why the answers are made here
        self._engine, self._target, self._search, self.details = engine, codecs.spoken, search, details
        self._tokenizer, self._forced = codecs.source.tokenizer, self._target.beginning(prefix)
        self._calibration = None if self._forced else calibration

    def _predictions(
        self, sources: Sequence[ReadSource], found: Sequence[Sequence[Hypothesis]]
    ) -> list[list[Prediction]]:
        """The hypotheses of each source as predictions."""
        texts = iter(self._target.decode([each.ids for some in found for each in some]))
        return [
            [self._prediction(each, next(texts), source, best=not rank) for rank, each in enumerate(some)]
            for source, some in zip(sources, found, strict=True)
        ]

    def _prediction(self, found: Hypothesis, text: str, source: ReadSource, *, best: bool) -> Prediction:
        limit = self._search.longest(len(source.ids) + 1, len(self._forced))
        at_limit = len(found.ids) >= limit
        answer = Prediction(text, found.score, cut=source.cut, unknown=source.unknown, at_limit=at_limit)
        if best and self._calibration is not None:
            known = evidence(found.token_log_probs, unread=source.cut or bool(source.unknown), at_limit=at_limit)
            answer = replace(answer, confidence=self._calibration.confidence(known))
        if not self.details:
            return answer
        target, seen = self._target, found.alignment
        *log_probs, end = found.token_log_probs
        return replace(
            answer,
            source_tokens=(*source.tokens(self._tokenizer), SPECIAL_TOKENS[EOS]),
            target_tokens=(*target.tokenizer.tokens(target.in_text_order(found.ids)), SPECIAL_TOKENS[EOS]),
            token_log_probs=(*target.in_text_order(log_probs), end),
            alignment=seen[::-1].copy() if seen is not None and target.reverse else seen,
        )


class SequenceAnswers(Sequences):
    """Answers batches of sources by a search; what is asked for is the same for all of them."""

    @property
    def width(self) -> int:
        """How many rows of the network's batch one source takes: the hypotheses of its beam."""
        return self._search.beam

    def __call__(self, sources: Sequence[ReadSource]) -> list[Prediction]:
        """One prediction for each source of a batch, in their order; each source must have at least one id."""
        ids, lengths = padded_sources([each.ids for each in sources])
        several = self._search.n_best
        # The answers of an n-best list have different texts: the whole beam is asked for, as some may have the same.
        search = self._search.replace(n_best=self._search.beam) if several > 1 else self._search
        found = self._engine.search(ids, lengths, search, prefix=self._forced, alignments=self.details)
        return [_listed(made, several) for made in self._predictions(sources, found)]


class SequenceSamples(Sequences):
    """Answers that are drawn at random for batches of sources."""

    def __init__(
        self,
        engine: SearchEngine,
        codecs: Codecs,
        search: SearchConfig,
        sampling: SamplingConfig,
        *,
        prefix: str = "",
        details: bool = False,
    ) -> None:
        super().__init__(engine, codecs, search, prefix=prefix, details=details)
        self._sampling = sampling

    @property
    def width(self) -> int:
        """How many rows of the network's batch one source takes."""
        return self._sampling.count

    def __call__(self, sources: Sequence[ReadSource]) -> list[list[Prediction]]:
        """All drawn answers of each source of a batch, some of which may be the same."""
        ids, lengths = padded_sources([each.ids for each in sources])
        found = self._engine.sample(
            ids, lengths, self._search, self._sampling, prefix=self._forced, alignments=self.details
        )
        return self._predictions(sources, found)


def _listed(made: list[Prediction], count: int) -> Prediction:
    """The first prediction with the next ones of other texts, `count` in all, as its alternatives.

    The predictions come best first, so that of several ways to write one text the best counts.
    """
    if not made:
        raise SeqloomError(
            "every answer must have a finite score, and one has none",
            hint="weights of a run that diverged are useless: lower training.optimiser.learning_rate and train again",
        )
    different: dict[str, Prediction] = {}
    for each in made:
        different.setdefault(each.text, each)
    return replace(made[0], alternatives=tuple(different.values())[1:count])
