"""One step of a beam search as a function of tensors: the one that Python calls in a loop is the one that is exported.

Each step takes the 2K best continuations of a sentence's K hypotheses. Those that end among the best K move to the
finished, which keep the best K by normalised score; the best K that do not end live on. A hypothesis remembers its
path: the place in the beam that it had after each step. Tokens, sums and attention weights lie in the record of the
steps, where the path finds them.

The places of the list of answers are settled one after the other: a place is settled once it is filled and no
unfinished hypothesis is ahead of it, and then nothing that finishes later is put before it or into it. A search ends
when as many places are settled as answers are wanted. So a list of n answers is the beginning of a list of n + 1.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqloom.search.rules import Limits, Settings, Written, allowed
from seqloom.search.scores import best_continuations, best_possible, penalty, word_costs
from seqloom.text.special import BOS, EOS, FIRST


class Live(NamedTuple):
    """The K unfinished hypotheses of each sentence, best first."""

    scores: Float[Tensor, "B K"]
    """Summed log-probability; -∞ for empty places."""
    token: Int[Tensor, "B K"]
    """What was written last, the begin mark first."""
    path: Int[Tensor, "B K R"]
    """Place in the beam after step r, from 0."""
    written: Written | None


class Finished(NamedTuple):
    """The best K finished hypotheses of each sentence, best first, as far as they did not finish too late."""

    scores: Float[Tensor, "B K"]
    """Normalised; -∞ for empty places."""
    totals: Float[Tensor, "B K"]
    """Summed log-probability."""
    lengths: Int[Tensor, "B K"]
    """Tokens, the end mark counted."""
    path: Int[Tensor, "B K R"]
    bar: Float[Tensor, " B"]
    """Score in the last settled place, ∞ where none is settled: whatever is above it finishes too late."""


def first_live(sentences: int, beam: int, room: int, device: torch.device, *, rules: bool) -> Live:
    """One empty hypothesis for each sentence; the other places of the beam are empty."""
    scores = torch.full((sentences, beam), -torch.inf, device=device)
    scores[:, 0] = 0.0
    nothing = torch.zeros(sentences, beam, room, dtype=torch.long, device=device)
    token = torch.full((sentences, beam), BOS, device=device)
    return Live(scores, token, nothing, Written(nothing, nothing) if rules else None)


def none_finished(sentences: int, beam: int, room: int, device: torch.device) -> Finished:
    """Empty places."""
    empty = torch.full((sentences, beam), -torch.inf, device=device)
    zeros = torch.zeros(sentences, beam, dtype=torch.long, device=device)
    bar = torch.full((sentences,), torch.inf, device=device)
    return Finished(empty, empty.clone(), zeros, zeros[..., None].repeat(1, 1, room), bar)


class Step(NamedTuple):
    """What one step leaves behind."""

    live: Live
    finished: Finished
    places: Int[Tensor, "B K"]
    """Where the live hypotheses come from."""
    done: Bool[Tensor, " B"]
    """True for each sentence whose answer is settled."""


def beam_step(
    log_probs: Float[Tensor, "B K V"],
    position: Int[Tensor, ""],
    live: Live,
    finished: Finished,
    limits: Limits,
    settings: Settings,
) -> Step:
    """The step number `position`, from 1."""
    beam = live.scores.size(1)
    if live.written is not None:
        log_probs = allowed(log_probs, live.written, position, limits, settings)
    totals, places, tokens = best_continuations(live.scores, log_probs, 2 * beam, settings)
    full = (position > limits.longest)[:, None]
    if _some(full):  # there is nothing but the end mark
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
    return Step(live, finished, places, _done(live, finished, settings))


def remembered(
    written: Written, places: Int[Tensor, "B K"], tokens: Int[Tensor, "B K"], position: Int[Tensor, ""]
) -> Written:
    """What was written by the hypotheses that came from `places` and were continued by `tokens`."""
    return Written(*(_along(part, places) for part in written)).after(tokens, position - 1)


def greedy_step(
    log_probs: Float[Tensor, "B 1 V"],
    position: Int[Tensor, ""],
    live: Live,
    finished: Finished,
    limits: Limits,
    settings: Settings,
) -> Step:
    """The same for a beam of one without rules, where the first end mark is the end."""
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
    return Step(live, finished, torch.zeros_like(token), live.scores[:, 0] == -torch.inf)


def _settled(live: Live, finished: Finished, position: Int[Tensor, ""], limits: Limits, settings: Settings) -> Finished:
    """The finished hypotheses with those places settled that no unfinished hypothesis is ahead of.

    An unfinished one is ahead if it would be better if it ended as it stands; in an exhaustive search, if it can still
    become better.
    """
    best = live.scores[:, 0]
    possible = best_possible(best, position, limits.longest, settings)
    rival = torch.where(settings.exhaustive > 0, possible, best / penalty(position, settings))[:, None]
    scores = finished.scores
    held = (scores >= rival) & (scores > -torch.inf)
    lowest = torch.where(held, scores, torch.inf).amin(1)
    return finished._replace(bar=torch.minimum(finished.bar, lowest))


def _done(live: Live, finished: Finished, settings: Settings) -> Bool[Tensor, " B"]:
    """True for each sentence with as many settled answers as are wanted, or with nothing left to search."""
    wanted = finished.scores.index_select(1, settings.n_best[None] - 1)[:, 0]
    return (wanted >= finished.bar) | (live.scores[:, 0] == -torch.inf)


def _best(finished: Finished, closed: Finished) -> Finished:
    """The best of both."""
    every, totals, lengths, path = (torch.cat(parts, 1) for parts in zip(finished[:4], closed[:4], strict=True))
    scores, best = every.topk(finished.scores.size(1), -1)
    return Finished(scores, totals.gather(1, best), lengths.gather(1, best), _along(path, best), finished.bar)


def _along(values: Tensor, places: Tensor) -> Tensor:
    """[B, K, R] at places [B, C] → [B, C, R]."""
    return values.gather(1, places[..., None].expand(-1, -1, values.size(2)))


def _some(flags: Tensor) -> bool:
    """Whether some flag is set; while exporting yes, since the graph is to be right in either case."""
    return torch.compiler.is_exporting() or bool(flags.any())
