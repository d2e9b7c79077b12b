"""Answers that are one short string for each symbol of a source, and together a text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqloom.codecs import Codecs, TransductionCodec
from seqloom.codecs.labels import FIRST
from seqloom.confidence import AnyCalibration, Calibration, evidence
from seqloom.data.padding import padded_sources
from seqloom.inference.engine import TagEngine
from seqloom.inference.tags import LEAST, check_one_answer
from seqloom.prediction import Prediction
from seqloom.search import SearchConfig
from seqloom.text.model_inputs import ReadSource
from seqloom.text.special import BOS, EOS, SPECIAL_TOKENS


class TransductionAnswers:
    """Answers batches of sources with the most probable strings; what is asked for is the same for all of them.

    The score of an answer is the log-probability of its strings together. `details` adds the symbols of the source, the
    string of each, its log-probability, and which source token it stands for as an alignment [strings, tokens] of 0
    and 1; source tokens begin with the tags, and each text with its begin mark and its end mark.
    """

    width = 1

    def __init__(
        self,
        engine: TagEngine,
        codecs: Codecs,
        search: SearchConfig,
        *,
        prefix: str = "",
        details: bool = False,
        calibration: AnyCalibration | None = None,
    ) -> None:
        check_one_answer("strings", search, prefix)
        assert isinstance(codecs.target, TransductionCodec)  # which is why the answers are made here
        assert calibration is None or isinstance(calibration, Calibration)  # of texts, which these are
        self._engine, self._source, self._codec = engine, codecs.source.tokenizer, codecs.target
        self._calibration, self.details = calibration, details

    def __call__(self, sources: Sequence[ReadSource]) -> list[Prediction]:
        """One prediction for each source of a batch, in their order; each source must have at least one id."""
        ids, lengths = padded_sources([each.ids for each in sources])
        found = self._engine.tags(ids, lengths)
        places = [found.tags[row, : source.ids.count(BOS)].tolist() for row, source in enumerate(sources)]
        texts = self._codec.decode([[FIRST + place for place in own] for own in places])
        made = []
        for row, (source, own, text) in enumerate(zip(sources, places, texts, strict=True)):
            sure = [float(found.probabilities[row, unit, place]) for unit, place in enumerate(own)]
            logs = tuple(math.log(max(each, LEAST)) for each in sure)
            answer = Prediction(text, float(found.log_probs[row]), cut=source.cut, unknown=source.unknown)
            if self._calibration is not None:
                known = evidence(logs, unread=source.cut or bool(source.unknown), at_limit=False)
                answer = replace(answer, confidence=self._calibration.confidence(known))
            made.append(self._detailed(answer, source, own, logs) if self.details else answer)
        return made

    def _detailed(
        self, answer: Prediction, source: ReadSource, places: Sequence[int], logs: tuple[float, ...]
    ) -> Prediction:
        """The answer with the symbols of its source and their strings."""
        before = source.ids.index(BOS)
        shown = [piece for own, piece in zip(source.ids, source.tokens(self._source), strict=True) if own != BOS]
        tokens = (*shown[:before], SPECIAL_TOKENS[BOS], *shown[before:], SPECIAL_TOKENS[EOS])
        alignment = np.zeros((len(places), len(tokens)), np.float32)
        alignment[np.arange(len(places)), before + np.arange(len(places))] = 1.0
        return replace(
            answer,
            source_tokens=tokens,
            target_tokens=tuple(self._codec.strings[place] for place in places),
            token_log_probs=logs,
            alignment=alignment,
        )
