"""Make predictions for each source of a batch by a network of tags: a tag for each word, and the spans in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from seqloom.codecs import Codecs, TagsCodec
from seqloom.confidence import AnyCalibration
from seqloom.data.padding import padded_sources
from seqloom.errors import ConfigError
from seqloom.inference.engine import TagEngine, TagScores
from seqloom.prediction import Prediction
from seqloom.search import SearchConfig
from seqloom.tag_scheme import Span, spans_of
from seqloom.text.model_inputs import ReadSource
from seqloom.text.special import BOS

LEAST = 1e-300
"""The least probability of which a logarithm is taken."""


class TagAnswers:
    """Answers batches of sources with a tag for each word; what is asked for is the same for all of them. Without an
    engine, predictions are made of what another one has found (`made`).

    Words that were cut off, because the source is too long, get the tag of words outside of all spans with the
    probability 0. `details` adds words, tags and their log-probabilities as tokens.
    """

    width = 1

    def __init__(
        self,
        engine: TagEngine | None,
        codecs: Codecs,
        search: SearchConfig,
        *,
        prefix: str = "",
        details: bool = False,
        calibration: AnyCalibration | None = None,
    ) -> None:
        check_one_answer("tags", search, prefix)
        assert isinstance(codecs.target, TagsCodec)  # which is why the answers are made here
        assert calibration is None  # learn_confidence makes none for tags
        self._engine, self._codec, self.details = engine, codecs.target, details
        self._spans = self._codec.scheme != "none"

    def __call__(self, sources: Sequence[ReadSource]) -> list[Prediction]:
        """One prediction for each source of a batch, in their order; each source must have at least one id."""
        assert self._engine is not None
        return self.made(sources, self._engine.tags(*padded_sources([each.ids for each in sources])))

    def made(self, sources: Sequence[ReadSource], found: TagScores) -> list[Prediction]:
        """The predictions from what a network says of the sources."""
        made = []
        for row, source in enumerate(sources):
            count = source.ids.count(BOS)
            places = found.tags[row, :count].tolist()
            sure = [float(found.probabilities[row, word, place]) for word, place in enumerate(places)]
            made.append(self._one(source, places, sure, float(found.log_probs[row])))
        return made

    def _one(self, source: ReadSource, places: Sequence[int], sure: Sequence[float], log_prob: float) -> Prediction:
        """The answer with tags at these places of the codec's, with these probabilities."""
        lost = len(source.words) - len(places)
        tags = (*(self._codec.labels[place] for place in places), *[self._codec.outside] * lost)
        probabilities = (*sure, *[0.0] * lost)
        answer = Prediction(
            self._codec.written(tags),
            log_prob,
            cut=source.cut,
            unknown=source.unknown,
            tags=tags,
            tag_probabilities=probabilities,
            spans=with_words(tags, source.words, probabilities) if self._spans else (),
        )
        if not self.details:
            return answer
        logs = tuple(math.log(max(each, LEAST)) for each in probabilities)
        return replace(answer, source_tokens=source.words, target_tokens=tags, token_log_probs=logs)


def check_one_answer(what: str, search: SearchConfig, prefix: str) -> None:
    """Refuse to list several answers, and to begin them, where tags or strings are found together."""
    if prefix:
        raise ConfigError(
            f"the {what} of this model are found together, and cannot begin with {prefix!r}",
            hint="leave the prefix out",
        )
    if search.n_best > 1:
        raise ConfigError(
            f"the {what} of this model are one answer for each text; search.n_best must be 1, not {search.n_best}",
            hint=f"each of the {what} has its probability",
        )


def with_words(tags: Sequence[str], words: Sequence[str], probabilities: Sequence[float]) -> tuple[Span, ...]:
    """The spans of the tags, with their words and the least probability of their tags."""
    return tuple(
        Span(kind, start, end, " ".join(words[start:end]), min(probabilities[start:end]))
        for kind, start, end in spans_of(tags)
    )
