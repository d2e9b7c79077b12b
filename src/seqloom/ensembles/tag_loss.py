"""The loss of given tags, or frames, under an ensemble, as a function of its shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.func import functional_call

from seqloom.data.batch import Batch
from seqloom.ensembles.members import Member
from seqloom.frame_network import FrameScorer
from seqloom.nn.shapes import length_mask
from seqloom.nn.taggers import Tagger, joint_tagger
from seqloom.nn.taggers.joint import potentials
from seqloom.tag_network import TagScorer
from seqloom.training.device import choose_device


class TagLosses:
    """The negative log-likelihood of the targets of some batches, for each of them, under M members with given shares;
    of frames that of the label is a part.

    What the members say of the batches is worked out once; the loss can be differentiated by the shares.
    """

    def __init__(self, members: Sequence[Member], batches: Sequence[Batch]) -> None:
        networks = [cast("TagScorer", each.network) for each in members]
        device = choose_device(members[0].config.training.device)
        taggers = [each.to(device).eval().tagger for each in networks]
        self.potentials = {name: each.cpu() for name, each in potentials(taggers).items()}
        self.loss = _Loss(joint_tagger(taggers, [1.0] * len(taggers)).cpu())
        self.batches = [_said(networks, each.to(device)) for each in batches]
        self.rows = sum(map(len, batches))

    def __call__(self, shares: Float[Tensor, " M"]) -> Tensor:
        """The loss a row."""
        weights = {f"tagger.{name}": torch.tensordot(shares, each, 1) for name, each in self.potentials.items()}
        total = torch.zeros(())
        for each in self.batches:
            tags = torch.tensordot(shares, each.tags, 1)
            total = total + functional_call(self.loss, weights, (tags, each.given, each.real))
            log_probs = torch.log_softmax(torch.tensordot(shares, each.labels, 1), 1)
            total = total - log_probs[each.marks].sum()
        return total / self.rows


class _Loss(nn.Module):
    """A tagger's loss, as a module that can be called with other weights."""

    def __init__(self, tagger: Tagger) -> None:
        super().__init__()
        self.tagger = tagger

    def forward(self, scores: Tensor, tags: Tensor, real: Tensor) -> Tensor:
        """The negative log-likelihood of given tags."""
        return self.tagger.loss(scores, tags, real, 0.0)[0]


@dataclass(frozen=True)
class _Said:
    """The members' scores of a batch, and what is right; of tags alone there are L = 0 labels."""

    tags: Float[Tensor, "M B W C"]
    given: Int[Tensor, "B W"]
    real: Bool[Tensor, "B W"]
    labels: Float[Tensor, "M B L"]
    marks: Bool[Tensor, "B L"]


@torch.no_grad()
def _said(networks: Sequence[TagScorer], batch: Batch) -> _Said:
    first, target, sizes = networks[0], batch.target_out, batch.target_lengths - 1
    marks = torch.zeros(len(batch), 0, dtype=torch.bool)
    if isinstance(first, FrameScorer):
        marks, target, sizes = first.given_labels(target).cpu(), target[:, 1:], sizes - 1
    found = [_scores(each, batch.source, batch.source_lengths, target.size(1)) for each in networks]
    tags, labels = (torch.stack([each[place].float().cpu() for each in found]) for place in range(2))
    return _Said(tags, first.places(target).cpu(), length_mask(sizes, target.size(1)).cpu(), labels, marks)


def _scores(network: TagScorer, source: Tensor, lengths: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The scores of tags [B, W, C] and of labels [B, L]."""
    if isinstance(network, FrameScorer):
        found = network.scores(source, lengths, count)
        return found.tags, found.labels
    tags, _ = network(source, lengths, count)
    return tags, tags.new_zeros(len(tags), 0)
