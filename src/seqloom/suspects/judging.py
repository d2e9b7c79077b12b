"""What a model thinks of pairs that it was not trained on: how likely the given target is, and what it would answer."""

from __future__ import annotations

from collections.abc import Sequence

from seqloom.api import Model
from seqloom.data import Example, Source
from seqloom.suspects.ranking import Judgement


def judged(model: Model, pairs: Sequence[Example]) -> list[Judgement]:
    """A judgement of each pair."""
    answers = model.stream([Source(pair.source, pair.tags) for pair in pairs], alignments=True)
    return [
        Judgement(
            score.log_prob,
            score.tokens,
            min(score.token_log_probs),
            answer.text,
            sum(answer.token_log_probs),
            max(1, len(answer.token_log_probs)),
        )
        for score, answer in zip(model.score(pairs), answers, strict=True)
    ]
