"""The loss of labels: cross-entropy of one label out of many, or of each label by itself where there are several.

    one:      p = softmax(s)      ℓ = -w_y (1 - p_y)^γ [(1 - ε) log p_y + ε/C Σ_c log p_c]
    several:  p_c = σ(s_c)        ℓ = -Σ_c (1 - q_c)^γ [(1 - ε/2) log q_c + ε/2 log(1 - q_c)]

with the scores s of C labels, the right label y, and q_c the probability of the right decision on label c: p_c where
the label is given, 1 - p_c where it is not. ε is the label smoothing (Szegedy et al. 2016, §7), w a weight for each
label, and γ the focus of the focal loss, which counts what is already known for less (Lin et al. 2017, "Focal loss for
dense object detection", eqs. 4 and 5); without them it is the plain cross-entropy.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqloom.nn.output import LossSums


@dataclass(frozen=True)
class LabelLoss:
    """How scores are compared with labels, one or `several` at once; `focus` is γ, `weights` [C] are of the labels."""

    several: bool = False
    focus: float = 0.0
    weights: Tensor | None = None

    def sums(self, scores: Float[Tensor, "B C"], given: Bool[Tensor, "B C"], smoothing: float) -> LossSums:
        """The loss and the plain negative log-likelihood, summed over rows; `given` marks the labels of each row.

        A row of one label without any, because its label is not known, adds nothing. Every row counts as one token.
        """
        loss, nll = self._rows(scores, given, smoothing)
        return LossSums(loss.sum(), nll.sum().detach(), len(given))

    def r_drop(
        self, scores: Float[Tensor, "N C"], given: Bool[Tensor, "B C"], smoothing: float, alpha: float
    ) -> LossSums:
        """The loss of R-Drop (`seqloom.nn.r_drop`) of two passes over the same rows, N = 2 B.

        It is the mean of both passes' losses, and α/4 [KL(P1 ‖ P2) + KL(P2 ‖ P1)]; of several labels the divergences
        are summed over the labels.
        """
        both = self.sums(scores, torch.cat([given, given]), smoothing)
        first, second = self.log_probs(scores).chunk(2)
        apart = ((first.exp() - second.exp()) * (first - second)).flatten(1).sum(1)  # both divergences together
        if not self.several:
            apart = apart * given.any(1)
        return LossSums(both.loss / 2 + alpha / 4 * apart.sum(), both.nll / 2, both.tokens // 2)

    def log_probs(self, scores: Float[Tensor, "B C"]) -> Float[Tensor, "B C ..."]:
        """log p [B, C] of one label; of several [B, C, 2], the label's and its absence's."""
        if not self.several:
            return torch.log_softmax(scores.float(), 1)
        return torch.stack([F.logsigmoid(scores.float()), F.logsigmoid(-scores.float())], 2)

    def _rows(self, scores: Tensor, given: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
        """The loss and the negative log-likelihood of each row [B], or of each row and label [B, C]."""
        log_probs = self.log_probs(scores)
        if self.several:
            right = torch.where(given, log_probs[:, :, 0], log_probs[:, :, 1])
            other = torch.where(given, log_probs[:, :, 1], log_probs[:, :, 0])
            loss = -(1 - smoothing / 2) * right - smoothing / 2 * other
        else:
            right = torch.where(given, log_probs, 0.0).sum(1)
            loss = -(1 - smoothing) * right - smoothing * log_probs.mean(1)
            loss = loss * given.any(1)
        if self.focus:
            loss = loss * (1 - right.exp()).clamp_min(1e-7) ** self.focus  # the power of 0 has no gradient below 1
        if self.weights is not None:
            loss = loss * (given * self.weights.to(scores.device)).sum(1)
        return loss, -right


def marked(targets: Int[Tensor, "B T"], real: Bool[Tensor, "B T"], first: int, count: int) -> Bool[Tensor, "B C"]:
    """The labels of each row, of ids that count from `first`; ids below it, and those not `real`, mark nothing."""
    known = real & (targets >= first)
    places = torch.where(known, targets - first, count)  # what marks nothing goes to a column that is cut off
    marks = torch.zeros(len(targets), count + 1, dtype=torch.bool, device=targets.device)
    return marks.scatter_(1, places, True)[:, :count]


def balanced(counts: Float[Tensor, " C"]) -> Float[Tensor, " C"]:
    """Weights with which every label counts alike: N / (C n_c) for a label with n_c of N examples; their mean over the
    examples is 1 (King & Zeng 2001, "Logistic regression in rare events data", §3.2)."""
    return counts.sum() / (len(counts) * counts.clamp_min(1))
