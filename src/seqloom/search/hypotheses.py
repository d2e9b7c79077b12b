"""What a search holds and what it returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from seqloom.text.special import BOS, PAD


@dataclass(frozen=True)
class Hypothesis:
    """One finished output: ids without marks, normalised score, each token's log-probability with the end mark's last.

    `alignment` [T, S] holds the attention weights of the tokens without the end mark; None if not asked for.
    """

    ids: tuple[int, ...]
    score: float
    token_log_probs: tuple[float, ...]
    alignment: NDArray[np.float32] | None = None


class Strands(NamedTuple):
    """K hypotheses for each of B sentences, token by token; position 0 is the begin mark."""

    tokens: Int[Tensor, "B K L"]
    token_log_probs: Float[Tensor, "B K L"]
    alignment: Float[Tensor, "B K L S"] | None
    lengths: Int[Tensor, "B K"]
    """Tokens so far, the begin mark not counted."""
    scores: Float[Tensor, "B K"]
    """Summed log-probability of the unfinished, normalised score of the finished; -∞ for empty places."""


def empty_strands(sentences: int, beam: int, room: int, source: int | None, device: torch.device) -> Strands:
    """Places for hypotheses of up to `room` positions; `source` is the width of alignments, None for none."""
    tokens = torch.full((sentences, beam, room), PAD, device=device)
    tokens[..., 0] = BOS
    return Strands(
        tokens,
        torch.zeros(sentences, beam, room, device=device),
        None if source is None else torch.zeros(sentences, beam, room, source, device=device),
        torch.zeros(sentences, beam, dtype=torch.long, device=device),
        torch.full((sentences, beam), -torch.inf, device=device),
    )


def take(strands: Strands, places: Int[Tensor, "B M"]) -> Strands:
    """The hypotheses at the given places of each sentence."""
    tokens, log_probs, alignment, lengths, scores = strands
    wide = places[:, :, None].expand(-1, -1, tokens.size(2))
    if alignment is not None:
        deep = wide[..., None].expand(-1, -1, -1, alignment.size(3))
        alignment = alignment.gather(1, deep)
    return Strands(
        tokens.gather(1, wide),
        log_probs.gather(1, wide),
        alignment,
        lengths.gather(1, places),
        scores.gather(1, places),
    )


def extend(strands: Strands, tokens: Tensor, totals: Tensor, position: int, weights: Tensor | None) -> Strands:
    """Each hypothesis with one more token at `position`; `totals` [B, M] are the new summed log-probabilities."""
    written, log_probs, alignment = strands.tokens.clone(), strands.token_log_probs.clone(), strands.alignment
    written[..., position] = tokens
    log_probs[..., position] = totals - strands.scores
    if alignment is not None and weights is not None:
        alignment = alignment.clone()
        alignment[..., position, :] = weights
    return Strands(written, log_probs, alignment, strands.lengths + 1, totals)


def join(first: Strands, second: Strands) -> Strands:
    """Side by side along the beam."""
    alignment = (
        None
        if first.alignment is None or second.alignment is None
        else torch.cat([first.alignment, second.alignment], 1)
    )
    return Strands(
        torch.cat([first.tokens, second.tokens], 1),
        torch.cat([first.token_log_probs, second.token_log_probs], 1),
        alignment,
        torch.cat([first.lengths, second.lengths], 1),
        torch.cat([first.scores, second.scores], 1),
    )


def keep(strands: Strands, sentences: Int[Tensor, " C"]) -> Strands:
    """Only the named sentences."""
    tokens, log_probs, alignment, lengths, scores = strands
    fewer = None if alignment is None else alignment[sentences]
    return Strands(tokens[sentences], log_probs[sentences], fewer, lengths[sentences], scores[sentences])


def harvest(finished: Strands, sentence: int, n_best: int, source_length: int) -> list[Hypothesis]:
    """The best finished hypotheses of one sentence, best first."""
    results = []
    for place in finished.scores[sentence].argsort(descending=True, stable=True)[:n_best].tolist():
        score = float(finished.scores[sentence, place])
        if score == -torch.inf:
            break
        length = int(finished.lengths[sentence, place])  # end mark included
        weights = None
        if finished.alignment is not None:
            weights = finished.alignment[sentence, place, 1:length, :source_length].float().cpu().numpy()
        results.append(
            Hypothesis(
                tuple(finished.tokens[sentence, place, 1:length].tolist()),
                score,
                tuple(finished.token_log_probs[sentence, place, 1 : length + 1].tolist()),
                weights,
            )
        )
    return results
