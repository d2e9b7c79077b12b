"""Several networks as one: the weighted geometric mean of their probabilities (Hinton 2002, §1: a product of experts).

With shares w_i ≥ 0 that sum to 1, a symbol y at one step has

    p(y) = Π_i p_i(y)^w_i / Z,        that is        log p = log-softmax(Σ_i w_i s_i)

where s_i are the scores of member i before its softmax. Where these are W_i h_i + b_i, as from every readout, their
sum is itself one such layer, [w_1 W_1 … w_M W_M] [h_1; …; h_M] + Σ_i w_i b_i, over the features of all members side by
side. To everything behind its features an ensemble is therefore a single network with wider features.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor, nn

from seqloom.frame_network import FrameNetwork
from seqloom.label_ensemble import LabelEnsemble
from seqloom.label_network import LabelNetwork
from seqloom.model import ModelState, Network, Seq2Seq, SingleNetwork
from seqloom.networks import AnyNetwork
from seqloom.nn.output import Decoded, Output
from seqloom.nn.readout import Readout, ReadoutConfig
from seqloom.nn.shares import attended, scaled_shares
from seqloom.tag_ensemble import FrameEnsemble, TagEnsemble
from seqloom.tag_network import TagNetwork


class Ensemble(Network):
    """Networks with the same vocabularies on both sides, each with its share in the mean; shares are scaled to sum to
    1.

    Attention weights are the mean over the members that attend, by their shares among these; None where no member does.
    Predicts and scores; it is not trained: the layer over the vocabulary is made anew from those of the members.
    """

    def __init__(self, members: Sequence[Seq2Seq], shares: Sequence[float] | None = None) -> None:
        super().__init__()
        self.shares = scaled_shares(len(members), shares)
        sizes = {(each.source_size, each.target_size) for each in members}
        if len(sizes) > 1:
            raise ValueError(f"the members of an ensemble must have the same vocabularies, not sizes {sorted(sizes)}")
        self.source_size, self.target_size = sizes.pop()
        self.members = nn.ModuleList(members)
        self.joint = _joint_readout(members, self.shares)

    @property
    def networks(self) -> list[Seq2Seq]:
        """The members."""
        return [each for each in self.members if isinstance(each, Seq2Seq)]

    @property
    def output(self) -> Output:
        """The layer over the vocabulary that reads the features of all members."""
        return self.joint

    @property
    def attends(self) -> bool:
        """Whether any member looks at the source."""
        return any(each.attends for each in self.networks)

    def start(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]) -> ModelState:
        """The first states of all members."""
        return _together([each.start(source, lengths) for each in self.networks])

    def advance(self, token: Int[Tensor, " N"], state: ModelState) -> tuple[Decoded, ModelState]:
        """One step of all members: their features side by side, the mean of their attention weights."""
        apart = map(ModelState, state.memory, state.decoder)
        steps = [each.advance(token, own) for each, own in zip(self.networks, apart, strict=True)]
        return self._joined([decoded for decoded, _ in steps]), _together([after for _, after in steps])

    def decode(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], target_in: Int[Tensor, "B T"]) -> Decoded:
        """All steps of a known target, by all members."""
        return self._joined([each.decode(source, lengths, target_in) for each in self.networks])

    def _joined(self, parts: Sequence[Decoded]) -> Decoded:
        features = torch.cat([each.features for each in parts], -1)
        weights = attended(self.shares, [each.weights for each in parts])
        return Decoded(features, weights, tuple(each.memory for each in parts))


AnyEnsemble = Ensemble | LabelEnsemble | TagEnsemble
"""An ensemble, whatever it answers with."""


def networks_of(network: Network) -> list[Seq2Seq]:
    """The members of an ensemble, or the one network itself."""
    if isinstance(network, Ensemble):
        return network.networks
    assert isinstance(network, Seq2Seq)
    return [network]


def single_networks(network: AnyNetwork) -> Sequence[SingleNetwork]:
    """The members of an ensemble, or the one network itself, whatever it answers with."""
    if isinstance(network, SingleNetwork):
        return [network]
    return networks_of(network) if isinstance(network, Network) else network.networks


def own_weights(network: AnyNetwork) -> nn.Module:
    """The module that holds a network's weights: of an ensemble, its members, from which all else is made."""
    return nn.ModuleDict({"members": network.members}) if isinstance(network, AnyEnsemble) else network


def ensemble_of(networks: Sequence[SingleNetwork], shares: Sequence[float]) -> AnyEnsemble:
    """The ensemble of some networks that answer with the same, each with its share."""
    if labelling := [each for each in networks if isinstance(each, LabelNetwork)]:
        return LabelEnsemble(labelling, shares)
    if framing := [each for each in networks if isinstance(each, FrameNetwork)]:
        return FrameEnsemble(framing, shares)
    if tagging := [each for each in networks if isinstance(each, TagNetwork)]:
        return TagEnsemble(tagging, shares)
    return Ensemble([each for each in networks if isinstance(each, Seq2Seq)], shares)


def _together(states: Sequence[ModelState]) -> ModelState:
    return ModelState(tuple(each.memory for each in states), tuple(each.decoder for each in states))


@torch.no_grad()
def _joint_readout(members: Sequence[Seq2Seq], shares: Sequence[float]) -> Readout:
    """The members' layers over the vocabulary, times their shares, side by side; their biases, times shares, summed."""
    embedding = members[0].decoder.embedding
    words = torch.arange(members[0].target_size, device=embedding.weight.device)
    layers = [each.output.narrowed(words).tensors for each in members]
    scaled = [(weight * share, bias * share) for (weight, bias), share in zip(layers, shares, strict=True)]
    matrix = torch.cat([weight for weight, _ in scaled], 1)
    joint = Readout(ReadoutConfig(hidden="none"), matrix.size(1), len(words), embedding)
    joint.weight = nn.Parameter(matrix)
    joint.bias = nn.Parameter(torch.stack([bias for _, bias in scaled]).sum(0))
    return joint
