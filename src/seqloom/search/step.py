"""One step of greedy or beam search as a function of tensors.

The Python search calls these functions in a loop, and exported graphs are traced from them.

Each step takes the 2K best continuations of a sentence's K live hypotheses. Those among the best K that end with the
end mark join the finished hypotheses, of which the best K by normalised score are kept; the best K that do not end
become the live hypotheses. A hypothesis only stores its path, which is the place in the beam that it had after each
step. Its tokens, sums and attention weights are in the record of the steps (`history`), where the path leads to them.

The places in the ranked list of answers are settled from the first to the last. A place is settled once it is filled
and no live hypothesis is ahead of it; a hypothesis that finishes later can no longer take it or come before it. The
search ends when as many places are settled as answers are wanted. A list of n answers is therefore always the beginning
of the list of n + 1 answers.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqloom.search.rules import Limits, StepSettings, Written, allowed
from seqloom.search.scores import best_continuations, best_possible, penalty, word_costs
from seqloom.text.special import BOS, EOS, FIRST


class Live(NamedTuple):
    """The K live (unfinished) hypotheses of each sentence, best first."""

    scores: Float[Tensor, "B K"]
    """Summed log-probability; -∞ for empty places."""
    token: Int[Tensor, "B K"]
    """The last token; before the first step, the begin mark."""
    path: Int[Tensor, "B K R"]
    """The place in the beam after step r, counted from 0."""
    written: Written | None
    """The tokens so far, which only rules need; None without rules."""


class Finished(NamedTuple):
    """The best K finished hypotheses of each sentence, best first, without those that finished too late to count."""

    scores: Float[Tensor, "B K"]
    """Log-probability after the length penalty; -∞ for empty places."""
    totals: Float[Tensor, "B K"]
    """Summed log-probability."""
    lengths: Int[Tensor, "B K"]
    """Number of tokens, including the end mark."""
    path: Int[Tensor, "B K R"]
    bar: Float[Tensor, " B"]
    """The score in the last settled place, or ∞ if none is settled; what finishes later must not score above it."""


def first_live(sentences: int, beam: int, room: int, device: torch.device, *, rules: bool) -> Live:
    """The beam before the first step: one hypothesis without tokens for each sentence, and K - 1 empty places."""
    scores = torch.full((sentences, beam), -torch.inf, device=device)
    scores[:, 0] = 0.0
    nothing = torch.zeros(sentences, beam, room, dtype=torch.long, device=device)
    token = torch.full((sentences, beam), BOS, device=device)
    return Live(scores, token, nothing, Written(nothing, nothing) if rules else None)


def none_finished(sentences: int, beam: int, room: int, device: torch.device) -> Finished:
    """The finished hypotheses before the first step: K empty places for each sentence."""
    empty = torch.full((sentences, beam), -torch.inf, device=device)
    zeros = torch.zeros(sentences, beam, dtype=torch.long, device=device)
    bar = torch.full((sentences,), torch.inf, device=device)
    return Finished(empty, empty.clone(), zeros, zeros[..., None].repeat(1, 1, room), bar)


class SearchStep(NamedTuple):
    """The result of one step."""

    live: Live
    finished: Finished
    places: Int[Tensor, "B K"]
    """The beam places, before the step, of the hypotheses that the live ones continue."""
    done: Bool[Tensor, " B"]
    """True for each sentence whose answers are settled."""


def beam_step(
    log_probs: Float[Tensor, "B K V"],
    position: Int[Tensor, ""],
    live: Live,
    finished: Finished,
    limits: Limits,
    settings: StepSettings,
) -> SearchStep:
    """Beam search step number `position`, counted from 1."""
    beam = live.scores.size(1)
    if live.written is not None:
        log_probs = allowed(log_probs, live.written, position, limits, settings)
    totals, places, tokens = best_continuations(live.scores, log_probs, 2 * beam, settings)
    full = (position > limits.longest)[:, None]
    if _some(full):  # at the longest length only the end mark may follow
        closing = F.pad(live.scores + log_probs[..., EOS], (0, beam), value=-torch.inf)
        totals, tokens = torch.where(full, closing, totals), tokens.masked_fill(full, EOS)
        places = torch.where(full, torch.arange(beam, device=places.device).repeat(2), places)
    ends = tokens == EOS
    if _some(ends[:, :beam]):
        closing = torch.where(ends, totals, -torch.inf)[:, :beam]
        lengths = position.expand(closing.shape)
        came_from = _along(live.path, places[:, :beam])
        scores = closing / penalty(position, settings)
        scores = scores.masked_fill(scores > finished.bar[:, None], -torch.inf)
        finished = _best(finished, Finished(scores, closing, lengths, came_from, finished.bar))
    scores, best = totals.masked_fill(ends, -torch.inf).topk(beam, -1)
    places, tokens = places.gather(1, best), tokens.gather(1, best)
    here = torch.arange(beam, device=places.device)[:, None]
    steps = torch.arange(live.path.size(2), device=places.device)
    path = torch.where(steps == position - 1, here, _along(live.path, places))
    written = live.written
    if written is not None:
        written = remembered(written, places, tokens, position)
    live = Live(scores, tokens, path, written)
    finished = _settled(live, finished, position, limits, settings)
    return SearchStep(live, finished, places, _done(live, finished, settings))


def remembered(
    written: Written, places: Int[Tensor, "B K"], tokens: Int[Tensor, "B K"], position: Int[Tensor, ""]
) -> Written:
    """The tokens of the hypotheses that continue those at `places` with `tokens`."""
    return Written(*(_along(part, places) for part in written)).after(tokens, position - 1)


def greedy_step(
    log_probs: Float[Tensor, "B 1 V"],
    position: Int[Tensor, ""],
    live: Live,
    finished: Finished,
    limits: Limits,
    settings: StepSettings,
) -> SearchStep:
    """The faster step for a beam of one without rules, whose search ends at the first end mark."""
    best, place = (log_probs[..., FIRST:] + word_costs(log_probs, settings)).max(2)
    token = place + FIRST
    full = (position > limits.longest)[:, None]
    if _some(full):
        best, token = torch.where(full, log_probs[..., EOS], best), token.masked_fill(full, EOS)
    total = live.scores + best
    ends = token == EOS
    closed = ends & (total > -torch.inf)
    live = live._replace(scores=total.masked_fill(ends, -torch.inf), token=token)
    scores = torch.where(closed, total / penalty(position, settings), finished.scores)
    totals, lengths = torch.where(closed, total, finished.totals), torch.where(closed, position, finished.lengths)
    finished = finished._replace(scores=scores, totals=totals, lengths=lengths)
    return SearchStep(live, finished, torch.zeros_like(token), live.scores[:, 0] == -torch.inf)


def _settled(
    live: Live, finished: Finished, position: Int[Tensor, ""], limits: Limits, settings: StepSettings
) -> Finished:
    """Settle the places of finished hypotheses that no live hypothesis is ahead of: lower the bar to their scores.

    A live hypothesis is ahead of a finished one if its current score is better; in an exhaustive search, if the best
    score that it can still reach is better.
    """
    best = live.scores[:, 0]
    possible = best_possible(best, position, limits.longest, settings)
    rival = torch.where(settings.exhaustive > 0, possible, best / penalty(position, settings))[:, None]
    scores = finished.scores
    held = (scores >= rival) & (scores > -torch.inf)
    lowest = torch.where(held, scores, torch.inf).amin(1)
    return finished._replace(bar=torch.minimum(finished.bar, lowest))


def _done(live: Live, finished: Finished, settings: StepSettings) -> Bool[Tensor, " B"]:
    """True for each sentence that has as many settled answers as are wanted, or no live hypothesis."""
    wanted = finished.scores.index_select(1, settings.n_best[None] - 1)[:, 0]
    return (wanted >= finished.bar) | (live.scores[:, 0] == -torch.inf)


def _best(finished: Finished, closed: Finished) -> Finished:
    """Merge the finished hypotheses with those that ended in this step, and keep the best K."""
    every, totals, lengths, path = (torch.cat(parts, 1) for parts in zip(finished[:4], closed[:4], strict=True))
    scores, best = every.topk(finished.scores.size(1), -1)
    return Finished(scores, totals.gather(1, best), lengths.gather(1, best), _along(path, best), finished.bar)


def _along(values: Tensor, places: Tensor) -> Tensor:
    """Select from values [B, K, R] those at places [B, C]; the result is [B, C, R]."""
    return values.gather(1, places[..., None].expand(-1, -1, values.size(2)))


def _some(flags: Tensor) -> bool:
    """Whether any flag is set. While exporting it is always True, since the graph must also handle this case."""
    return torch.compiler.is_exporting() or bool(flags.any())
