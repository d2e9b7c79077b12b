"""Several networks of labels as one: the weighted geometric mean of their probabilities (Hinton 2002, §1).

With shares w_i ≥ 0 that sum to 1 and the scores s_i of member i,

    one label:  p(c) = Π_i p_i(c)^w_i / Σ_d Π_i p_i(d)^w_i, that is     softmax(Σ_i w_i s_i)
    several:    p_c  = Π_i p_ic^w_i / (Π_i p_ic^w_i + Π_i (1 - p_ic)^w_i), that is     σ(Σ_i w_i s_ic)

so that in both cases the scores of the ensemble are the mean of those of its members.
"""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.label_network import Labeller, LabelNetwork
from seqloom.nn.shares import attended, mean, scaled_shares


class LabelEnsemble(Labeller):
    """Networks with the same vocabulary and the same labels, each with its share in the mean; shares are scaled to sum
    to 1.

    The weights of positions are the mean over the members that have some, by their shares among these. It answers and
    scores, and is not trained.
    """

    def __init__(self, members: Sequence[LabelNetwork], shares: Sequence[float] | None = None) -> None:
        super().__init__()
        self.shares = scaled_shares(len(members), shares)
        alike = {(each.source_size, each.target_size, each.criterion.several) for each in members}
        if len(alike) > 1:
            raise ValueError(
                f"the members of an ensemble must have the same vocabulary and kind of labels, not {sorted(alike)}"
            )
        self.source_size, self.target_size, _ = alike.pop()
        self.criterion = members[0].criterion
        self.members = nn.ModuleList(members)

    @property
    def networks(self) -> list[LabelNetwork]:
        """The members."""
        return [each for each in self.members if isinstance(each, LabelNetwork)]

    @property
    def attends(self) -> bool:
        """Whether any member weighs the positions of the source."""
        return any(each.attends for each in self.networks)

    def forward(
        self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"]
    ) -> tuple[Float[Tensor, "B C"], Float[Tensor, "B S"] | None]:
        """The mean score of each label, and the mean weights of the positions."""
        found = [each(source, lengths) for each in self.networks]
        return mean(self.shares, [scores for scores, _ in found]), attended(self.shares, [seen for _, seen in found])
