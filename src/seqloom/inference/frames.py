"""Make predictions for each source of a batch by a network of frames: a label, and a tag for each word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seqloom.codecs import Codecs, FrameCodec
from seqloom.confidence import AnyCalibration
from seqloom.data.padding import padded_sources
from seqloom.inference.engine import FrameEngine
from seqloom.inference.labels import LabelAnswers
from seqloom.inference.tags import TagAnswers
from seqloom.prediction import Prediction
from seqloom.search import SearchConfig
from seqloom.tag_scheme import frame_text
from seqloom.text.model_inputs import ReadSource


class FrameAnswers:
    """Answers batches of sources with a label and a tag for each word; what is asked for is the same for all of them.

    The two parts are those of `LabelAnswers` and `TagAnswers`, and the score of both is the sum of theirs. `details`
    adds words, tags and their log-probabilities as tokens.
    """

    width = 1

    def __init__(
        self,
        engine: FrameEngine,
        codecs: Codecs,
        search: SearchConfig,
        *,
        prefix: str = "",
        details: bool = False,
        calibration: AnyCalibration | None = None,
    ) -> None:
        codec = codecs.target
        assert isinstance(codec, FrameCodec)  # which is why the answers are made here
        tags = replace(codecs, target=codec.tags)
        self._tags = TagAnswers(None, tags, search, prefix=prefix, details=details, calibration=calibration)
        self._labels = LabelAnswers(None, replace(codecs, target=codec.label), search)
        self._engine, self.details = engine, details

    def __call__(self, sources: Sequence[ReadSource]) -> list[Prediction]:
        """One prediction for each source of a batch, in their order; each source must have at least one id."""
        found = self._engine.frames(*padded_sources([each.ids for each in sources]))
        labels, tags = self._labels.made(sources, found.labels), self._tags.made(sources, found.tags)
        return [
            replace(
                two,
                text=frame_text(one.text, two.text),
                score=one.score + two.score,
                labels=one.labels,
                probabilities=one.probabilities,
            )
            for one, two in zip(labels, tags, strict=True)
        ]
