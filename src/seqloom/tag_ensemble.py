"""Several networks of tags, or of frames, as one: the weighted geometric mean of their probabilities.

Of tags it is the mean of distributions over the tags of a whole text, p(y) ∝ Π_i p_i(y)^w_i. With a softmax that is the
mean of each word by itself; with a conditional random field it is again one, whose scores of words and of transitions
are the mean of the members' (`seqloom.nn.taggers.joint`), so that one pass of its algorithms answers, whatever the
number of members. Of a frame's label it is the mean of an ensemble of labels.
"""

from __future__ import annotations

from collections.abc import Sequence

from jaxtyping import Float, Int
from torch import Tensor, nn

from seqloom.frame_network import FrameNetwork, FrameScorer, FrameScores
from seqloom.nn.shares import mean, scaled_shares
from seqloom.nn.taggers import joint_tagger
from seqloom.tag_network import TagNetwork, TagScorer


class TagEnsemble(TagScorer):
    """Networks with the same vocabulary and the same tags, each with its share in the mean; shares are scaled to sum to
    1.

    It answers and scores, and is not trained: its tagger is made from those of the members. Raises `ValueError` for
    members of different sizes, and for shares that make no sense.
    """

    def __init__(self, members: Sequence[TagNetwork], shares: Sequence[float] | None = None) -> None:
        super().__init__()
        self.shares = scaled_shares(len(members), shares)
        alike = {(each.source_size, each.target_size) for each in members}
        if len(alike) > 1:
            raise ValueError(f"the members of an ensemble must have the same vocabularies, not sizes {sorted(alike)}")
        self.source_size, self.target_size = alike.pop()
        self.members = nn.ModuleList(members)
        self.tagger = joint_tagger([each.tagger for each in members], self.shares)

    @property
    def networks(self) -> Sequence[TagNetwork]:
        """The members."""
        return [each for each in self.members if isinstance(each, TagNetwork)]

    def forward(
        self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], count: int
    ) -> tuple[Float[Tensor, "B W C"], Int[Tensor, " B"]]:
        """The mean scores of the tags of the first `count` words of each row, and how many words each row has."""
        found = [each(source, lengths, count) for each in self.networks]
        return mean(self.shares, [scores for scores, _ in found]), found[0][1]


class FrameEnsemble(TagEnsemble, FrameScorer):
    """The same of networks of frames, which have the same labels, too."""

    def __init__(self, members: Sequence[FrameNetwork], shares: Sequence[float] | None = None) -> None:
        super().__init__(members, shares)
        alike = {(each.first_label, each.labels) for each in members}
        if len(alike) > 1:
            raise ValueError(f"the members of an ensemble must have the same labels, not places {sorted(alike)}")
        self.first_label, self.labels = alike.pop()

    @property
    def networks(self) -> Sequence[FrameNetwork]:
        """The members."""
        return [each for each in self.members if isinstance(each, FrameNetwork)]

    def scores(self, source: Int[Tensor, "B S"], lengths: Int[Tensor, " B"], count: int) -> FrameScores:
        """The mean scores of the first `count` words of each row and of the labels; each member reads the source
        once."""
        found = [each.scores(source, lengths, count) for each in self.networks]
        tags = mean(self.shares, [each.tags for each in found])
        return FrameScores(tags, found[0].words, mean(self.shares, [each.labels for each in found]))
