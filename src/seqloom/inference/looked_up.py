"""Predictions from answers that were looked up, and n-best lists that begin with them."""

from __future__ import annotations

from dataclasses import replace

from seqloom.lexicon import Found
from seqloom.prediction import Prediction


def looked_up(found: Found, count: int, source_tokens: tuple[str, ...] = ()) -> Prediction:
    """The prediction with the first `count` known answers of a source."""
    best, *others = (
        Prediction(text, score, source_tokens=source_tokens, origin=found.origin)
        for text, score in found.answers[:count]
    )
    return replace(best, alternatives=tuple(others))


def filled(known: Prediction, by_network: Prediction, count: int) -> Prediction:
    """A list of known answers with the network's next ones, of other texts, up to `count` in all.

    The scores of the two parts cannot be compared: those of known answers are shares of weights.
    """
    texts = {known.text, *(each.text for each in known.alternatives)}
    others = [each for each in (by_network, *by_network.alternatives) if each.text not in texts]
    alternatives = (*known.alternatives, *(replace(each, alternatives=(), confidence=None) for each in others))
    return replace(known, alternatives=alternatives[: count - 1])
