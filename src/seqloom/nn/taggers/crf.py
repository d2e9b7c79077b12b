"""A linear-chain conditional random field: the tags of neighbouring words depend on each other.

    s(x, y) = b_{y_1} + Σ_t s_{t, y_t} + Σ_t A_{y_t, y_{t+1}} + e_{y_n}      p(y | x) = exp s(x, y) / Σ_y' exp s(x, y')

(Lafferty, McCallum, Pereira 2001; the form of Lample et al. 2016, §2.2, eqs. 1 to 4, where b and e are transitions
from a first and to a last state.) Sums over all paths are found by the forward and the backward algorithm in log
space,

    α_t(j) = s_{t,j} + log Σ_i exp(α_{t-1}(i) + A_{i,j})      β_t(i) = log Σ_j exp(A_{i,j} + s_{t+1,j} + β_{t+1}(j))

and the best path by Viterbi's algorithm, which has a maximum in the place of the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from seqloom.nn.cells.scan import scanned
from seqloom.nn.taggers.base import Tagged, Tagger, TaggerConfig, penalties, smoothed
from seqloom.tag_scheme import Legal


class CRFConfig(TaggerConfig):
    """Settings of the conditional random field; there are none."""

    kind: Literal["crf"] = "crf"
    """How the tags of a text are found from the scores of each word's tags."""


class CRF(Tagger):
    """Learned scores of first tags b [C], of transitions A [C, C] and of last tags e [C].

    Answers are found among the tags that a scheme allows, where one is given, and so are their probabilities.
    """

    first_penalties: Tensor
    transitions_penalties: Tensor
    last_penalties: Tensor

    def __init__(self, config: CRFConfig, count: int, legal: Legal | None = None) -> None:
        super().__init__()
        del config
        self.first, self.last = nn.Parameter(torch.zeros(count)), nn.Parameter(torch.zeros(count))
        self.transitions = nn.Parameter(torch.zeros(count, count))
        for name, values in zip(("first", "transitions", "last"), penalties(legal, count), strict=True):
            self.register_buffer(f"{name}_penalties", values, persistent=False)

    def loss(
        self, scores: Float[Tensor, "B W C"], tags: Int[Tensor, "B W"], real: Bool[Tensor, "B W"], smoothing: float
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """log Σ_y' exp s(x, y') less the score of the given tags, expected over smoothed ones; summed over rows."""
        with torch.autocast(scores.device.type, enabled=False):
            return self._loss(scores.float(), tags, real, smoothing)

    def _loss(self, scores: Tensor, tags: Tensor, real: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
        alphas = self._forward(scores, self.first, self.transitions, torch.logsumexp)
        some = real[:, 0]
        partition = torch.where(some, torch.logsumexp(_at_last(alphas, real) + self.last, 1), 0.0).sum()
        nll = partition - self._path(scores, smoothed(tags, scores.size(2), 0.0), real)
        if not smoothing:
            return nll, nll.detach()
        return partition - self._path(scores, smoothed(tags, scores.size(2), smoothing), real), nll.detach()

    def given_log_probs(
        self, scores: Float[Tensor, "B W C"], tags: Int[Tensor, "B W"], real: Bool[Tensor, "B W"]
    ) -> Float[Tensor, "B W"]:
        """log p(y_t | y_{t-1}, x) = A_{y_{t-1}, y_t} + s_{t, y_t} + β_t(y_t) - β_{t-1}(y_{t-1})."""
        scores = scores.float()
        betas = self._backward(scores, real, self.transitions, self.last)
        own = scores.gather(2, tags[:, :, None])[:, :, 0]
        after = betas.gather(2, tags[:, :, None])[:, :, 0]
        partition = torch.logsumexp(self.first + scores[:, 0] + betas[:, 0], 1)
        steps = torch.cat([self.first[tags[:, :1]], self.transitions[tags[:, :-1], tags[:, 1:]]], 1)
        before = torch.cat([partition[:, None], after[:, :-1]], 1)
        return torch.where(real, steps + own + after - before, 0.0)

    def decode(self, scores: Float[Tensor, "B W C"], real: Bool[Tensor, "B W"]) -> Tagged:
        """The best path of each row, the marginal probabilities of its words' tags, and the path's log-probability."""
        scores = scores.float()
        first, last = self.first + self.first_penalties, self.last + self.last_penalties
        transitions = self.transitions + self.transitions_penalties
        alphas = self._forward(scores, first, transitions, torch.logsumexp)
        betas = self._backward(scores, real, transitions, last)
        best = self._forward(scores, first, transitions, torch.amax)
        ends = _at_last(best, real) + last
        partition = torch.logsumexp(_at_last(alphas, real) + last, 1)
        probabilities = torch.softmax(alphas + betas, 2)
        return Tagged(self._traced(best, real, transitions, ends.argmax(1)), probabilities, ends.amax(1) - partition)

    def _path(self, scores: Tensor, shares: Tensor, real: Tensor) -> Tensor:
        """The expected score of tags that have these probabilities [B, W, C], each whatever the others are."""
        own = torch.where(real, (shares * scores).sum(2), 0.0).sum()
        steps = (torch.matmul(shares[:, :-1], self.transitions) * shares[:, 1:]).sum(2)
        last = (_at_last(shares, real) * self.last).sum(1)
        ends = torch.where(real[:, 0], (shares[:, 0] * self.first).sum(1) + last, 0.0)
        return own + torch.where(real[:, 1:], steps, 0.0).sum() + ends.sum()

    def _forward(
        self, scores: Tensor, first: Tensor, transitions: Tensor, joined: Callable[[Tensor, int], Tensor]
    ) -> Tensor:
        """α_t of all words [B, W, C], with a sum or a maximum over the tags before; on padding it has no meaning."""

        def step(before: Tensor, now: Tensor, begins: Tensor) -> tuple[Tensor, Tensor]:
            after = now + torch.where(begins, first, joined(before[:, :, None] + transitions, 1))
            return after, after

        places = torch.arange(scores.size(1), device=scores.device)[None, :, None]
        begins = (places == 0) | torch.zeros_like(scores[:, :, :1], dtype=torch.bool)
        return _walked(step, torch.zeros_like(scores[:, 0]), scores, begins)

    def _backward(self, scores: Tensor, real: Tensor, transitions: Tensor, last: Tensor) -> Tensor:
        """β_t of all words [B, W, C]; on padding it has no meaning."""

        def step(after: Tensor, now: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
            own = torch.where(ends, last, torch.logsumexp(transitions + after[:, None], 2))
            return own + now, own

        ends = _last_words(real)[:, :, None]
        return _walked(step, torch.zeros_like(scores[:, 0]), scores.flip(1), ends.flip(1)).flip(1)

    def _traced(self, best: Tensor, real: Tensor, transitions: Tensor, final: Tensor) -> Tensor:
        """The tags of the best path [B, W], from the last word to the first."""
        towards = transitions.t()

        def step(after: Tensor, now: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
            own = torch.where(ends[:, 0], final, (now + towards[after]).argmax(1))
            return own, own

        ends = _last_words(real)[:, :, None]
        return _walked(step, final, best.flip(1), ends.flip(1)).flip(1)


def _walked(step: Callable[..., tuple[Tensor, Tensor]], state: Tensor, *inputs: Tensor) -> Tensor:
    """The outputs [B, W, …] of `step(state, *inputs[:, t]) → state, output` for all t; in a trace, one `Scan`."""
    if torch.compiler.is_exporting():
        return scanned(step, state, *inputs)[0]
    outputs = []
    for now in zip(*(each.unbind(1) for each in inputs), strict=True):
        state, output = step(state, *now)
        outputs.append(output)
    return torch.stack(outputs, 1)


def _last_words(real: Bool[Tensor, "B W"]) -> Bool[Tensor, "B W"]:
    """Where a word is the last one of its row."""
    after = torch.cat([real[:, 1:], torch.zeros_like(real[:, :1])], 1)
    return real & ~after


def _at_last(values: Float[Tensor, "B W C"], real: Bool[Tensor, "B W"]) -> Float[Tensor, "B C"]:
    """The values of each row's last word; those of the first where a row has none."""
    place = (real.sum(1) - 1).clamp_min(0)[:, None, None].expand(-1, 1, values.size(2))
    return values.gather(1, place)[:, 0]
