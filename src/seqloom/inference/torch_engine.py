"""Networks as PyTorch runs them: the engines of predictions, and of scores, where torch is installed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.data.batch import collate_ids
from seqloom.data.padding import widened
from seqloom.frame_network import FrameScorer
from seqloom.inference.engine import AnyEngine, FrameScores, LabelScores, TagScores
from seqloom.label_network import Labeller
from seqloom.model import Network
from seqloom.networks import AnyNetwork
from seqloom.nn.label_loss import marked
from seqloom.nn.precision import choose_precision
from seqloom.nn.shapes import length_mask
from seqloom.search import (
    Hypothesis,
    ModelStepper,
    SamplingConfig,
    SearchConfig,
    Shortlist,
    Stepper,
    narrowed,
    sample,
    search,
)
from seqloom.search.shortlist import open_words
from seqloom.tag_network import TagScorer
from seqloom.text.special import BOS, UNK

Finder = Callable[..., list[list[Hypothesis]]]
"""`search`, or `sample` with its settings: what finds outputs with a stepper."""


class TorchEngine:
    """Searches and scores with a network; `stepper` takes its place in searches.

    `shortlist` is what a search with `search.shortlist` keeps to; all scores of given targets are exact.
    """

    threads = 1
    """Of batches; PyTorch has its own inside of one."""

    def __init__(
        self,
        model: Network,
        device: str | torch.device = "cpu",
        *,
        stepper: Stepper | None = None,
        shortlist: Shortlist | None = None,
    ) -> None:
        self.model, self.device, self.shortlist = model, torch.device(device), shortlist
        self.stepper = stepper or ModelStepper(model)

    def search(
        self,
        source: NDArray[np.int64],
        lengths: NDArray[np.int64],
        config: SearchConfig,
        *,
        prefix: Sequence[int] = (),
        alignments: bool = False,
    ) -> list[list[Hypothesis]]:
        """The best outputs of each row."""
        return self._found(search, source, lengths, config, prefix, alignments=alignments)

    def sample(
        self,
        source: NDArray[np.int64],
        lengths: NDArray[np.int64],
        config: SearchConfig,
        sampling: SamplingConfig,
        *,
        prefix: Sequence[int] = (),
        alignments: bool = False,
    ) -> list[list[Hypothesis]]:
        """Outputs of each row, drawn at random."""
        return self._found(partial(sample, sampling=sampling), source, lengths, config, prefix, alignments=alignments)

    def _found(
        self,
        find: Finder,
        source: NDArray[np.int64],
        lengths: NDArray[np.int64],
        config: SearchConfig,
        prefix: Sequence[int],
        *,
        alignments: bool,
    ) -> list[list[Hypothesis]]:
        """What `find` finds with the model, or with its stepper in the small vocabulary of a shortlist."""
        source = widened(source)
        with choose_precision("float32", self.device.type).active():
            ids, sizes = (torch.from_numpy(array).to(self.device) for array in (source, lengths))
            if not config.shortlist:
                prefixes = [list(prefix)] * len(source) if prefix else None
                return find(self.stepper, ids, sizes, config, prefix=prefixes, alignments=alignments)
            few = open_words(self.shortlist, source, lengths, prefix)
            words, is_open = (torch.from_numpy(array).to(self.device) for array in few)
            stepper = narrowed(self.stepper, words, is_open)
            prefixes = [few.places(prefix)] * len(source) if prefix else None
            found = find(stepper, ids, sizes, config, prefix=prefixes, alignments=alignments)
            return [[few.named(each) for each in best] for best in found]

    @torch.inference_mode()
    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probability of each token of each target, the end mark's last."""
        batch = collate_ids(sources, targets).to(self.device)
        real = length_mask(batch.target_lengths, batch.target_out.size(1))
        with choose_precision("float32", self.device.type).active():
            decoded = self.model.decode(batch.source, batch.source_lengths, batch.target_in)
            log_probs = self.model.output.log_probs(decoded, batch.target_out, real)
        return [tuple(row.tolist()) for row in log_probs.split(batch.target_lengths.tolist())]


def torch_engine(
    network: AnyNetwork, device: str | torch.device = "cpu", *, shortlist: Shortlist | None = None
) -> AnyEngine:
    """The engine that runs a network with PyTorch."""
    if isinstance(network, Network):
        return TorchEngine(network, device, shortlist=shortlist)
    if isinstance(network, FrameScorer):
        return TorchFrameEngine(network, device)
    if isinstance(network, TagScorer):
        return TorchTagEngine(network, device)
    assert isinstance(network, Labeller)
    return TorchLabelEngine(network, device)


class TorchLabelEngine:
    """Gives the scores of labels and scores given ones."""

    threads = 1
    """Of batches; PyTorch has its own inside of one."""

    def __init__(self, model: Labeller, device: str | torch.device = "cpu") -> None:
        self.model, self.device = model, torch.device(device)

    @torch.inference_mode()
    def labels(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> LabelScores:
        """The scores of all labels for each row."""
        with choose_precision("float32", self.device.type).active():
            ids, sizes = (torch.from_numpy(array).to(self.device) for array in (widened(source), lengths))
            scores, weights = self.model(ids, sizes)
        return LabelScores(scores.float().cpu().numpy(), None if weights is None else weights.float().cpu().numpy())

    @torch.inference_mode()
    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probability of each target as a whole; of one label that is none of the network's, nothing."""
        batch, first = collate_ids(sources, targets).to(self.device), self.model.first
        real = length_mask(batch.target_lengths, batch.target_out.size(1)).to(self.device)
        given = marked(batch.target_out, real, first, self.model.target_size - first)
        with choose_precision("float32", self.device.type).active():
            scores, _ = self.model(batch.source, batch.source_lengths)
        found = (
            -self.model.criterion.sums(row[None], own[None], 0.0).nll for row, own in zip(scores, given, strict=True)
        )
        several = self.model.criterion.several
        return [(float(each),) if several or bool(own.any()) else () for each, own in zip(found, given, strict=True)]


class TorchTagEngine:
    """Finds the tags of words and scores given ones."""

    threads = 1
    """Of batches; PyTorch has its own inside of one."""

    def __init__(self, model: TagScorer, device: str | torch.device = "cpu") -> None:
        self.model, self.device = model, torch.device(device)

    @torch.inference_mode()
    def tags(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> TagScores:
        """The most probable tags of each row."""
        count = max(1, int((source == BOS).sum(1).max(initial=0)))
        with choose_precision("float32", self.device.type).active():
            ids, sizes = (torch.from_numpy(array).to(self.device) for array in (widened(source), lengths))
            scores, words = self.model(ids, sizes, count)
            found = self.model.tagger.decode(scores, length_mask(words, count))
        return TagScores(*(each.cpu().numpy() for each in found))

    @torch.inference_mode()
    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probability of each tag of each target after those before it; nothing where one of them is none of
        the network's."""
        batch = collate_ids(sources, targets).to(self.device)
        count = batch.target_out.size(1)
        real = length_mask(batch.target_lengths.to(self.device) - 1, count)
        with choose_precision("float32", self.device.type).active():
            scores, _ = self.model(batch.source, batch.source_lengths, count)
            found = self.model.tagger.given_log_probs(scores, self.model.places(batch.target_out), real)
        rows = zip(found.tolist(), targets, strict=True)
        return [() if UNK in ids else tuple(row[: len(ids)]) for row, ids in rows]


class TorchFrameEngine:
    """Finds the labels and the tags of sources and scores given ones."""

    threads = 1
    """Of batches; PyTorch has its own inside of one."""

    def __init__(self, model: FrameScorer, device: str | torch.device = "cpu") -> None:
        self.model, self.device = model, torch.device(device)

    @torch.inference_mode()
    def frames(self, source: NDArray[np.int64], lengths: NDArray[np.int64]) -> FrameScores:
        """The scores of the labels and the most probable tags of each row."""
        count = max(1, int((source == BOS).sum(1).max(initial=0)))
        with choose_precision("float32", self.device.type).active():
            ids, sizes = (torch.from_numpy(array).to(self.device) for array in (widened(source), lengths))
            scores = self.model.scores(ids, sizes, count)
            found = self.model.tagger.decode(scores.tags, length_mask(scores.words, count))
        labels = LabelScores(scores.labels.float().cpu().numpy(), None)
        return FrameScores(labels, TagScores(*(each.cpu().numpy() for each in found)))

    @torch.inference_mode()
    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probabilities of the label and of each tag of each target after those before it; nothing where one of
        them is none of the network's."""
        batch = collate_ids(sources, targets).to(self.device)
        tags = batch.target_out[:, 1:]
        real = length_mask(batch.target_lengths.to(self.device) - 2, tags.size(1))
        with choose_precision("float32", self.device.type).active():
            scores = self.model.scores(batch.source, batch.source_lengths, tags.size(1))
            found = self.model.tagger.given_log_probs(scores.tags, self.model.places(tags), real)
            labels = torch.log_softmax(scores.labels.float(), 1)
        marks = self.model.given_labels(batch.target_out)
        own = torch.where(marks, labels, 0.0).sum(1)
        rows = zip(own.tolist(), found.tolist(), targets, strict=True)
        return [() if UNK in ids else (label, *row[: len(ids) - 1]) for label, row, ids in rows]
