"""Make batches: rows of a corpus become padded tensors. This is the only module in `data` that imports PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqloom.data.batching import Share
from seqloom.data.corpus import Corpus, RowNumbers, Side
from seqloom.data.padding import Ids, flat, padded, padded_sources
from seqloom.data.shape_grid import padded_length
from seqloom.text.special import BOS, EOS, PAD


@dataclass(frozen=True)
class Whole:
    """The whole batch of which a process holds a share: all its corpus rows and the sum of their target lengths."""

    indices: NDArray[np.int64]
    tokens: int


@dataclass(frozen=True)
class Batch:
    """A batch of padded ids, batch first; the padded lengths lie on the grid of `seqloom.data.shape_grid`.

    `source` is [B, S] and ends with EOS; `target_in` [B, T] begins with BOS and `target_out` [B, T] ends with EOS;
    `source_lengths` and `target_lengths` [B] count these marks. `indices` are the rows of the corpus and `tokens` is
    the sum of the target lengths. `whole` gives the same two for the whole batch: with several processes, these rows
    are only a share of it.
    """

    source: Tensor
    source_lengths: Tensor
    target_in: Tensor
    target_out: Tensor
    target_lengths: Tensor
    indices: NDArray[np.int64]
    tokens: int
    whole: Whole

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def size(self) -> int:
        """Number of source and target ids, padding included."""
        return self.source.numel() + self.target_in.numel()

    def halves(self) -> tuple[Batch, Batch]:
        """The batch split in two halves of its rows, each padded only to the next length on the grid."""
        middle = (len(self) + 1) // 2
        return self._part(slice(0, middle)), self._part(slice(middle, len(self)))

    def _part(self, rows: slice) -> Batch:
        source_lengths, target_lengths = self.source_lengths[rows], self.target_lengths[rows]
        sources, targets = (padded_length(int(each.max())) for each in (source_lengths, target_lengths))
        return Batch(
            self.source[rows, :sources],
            source_lengths,
            self.target_in[rows, :targets],
            self.target_out[rows, :targets],
            target_lengths,
            self.indices[rows],
            int(target_lengths.sum()),
            self.whole,
        )

    def to(self, device: torch.device | str) -> Batch:
        """The batch on a device.

        The target lengths stay on the host, which uses them to find the real positions without waiting for the device.
        """
        return replace(
            self,
            source=self.source.to(device, non_blocking=True),
            source_lengths=self.source_lengths.to(device, non_blocking=True),
            target_in=self.target_in.to(device, non_blocking=True),
            target_out=self.target_out.to(device, non_blocking=True),
        )


def collate(corpus: Corpus, indices: RowNumbers, share: Share = Share()) -> Batch:  # noqa: B008
    """The batch of the given rows of a corpus, or of this process's share of them."""
    whole = np.asarray(indices, np.int64)
    tokens = int(corpus.target.lengths[whole].sum()) + len(whole)
    rows = share.of(whole)
    return _batch(
        corpus.tokens, corpus.source.select(rows), corpus.tokens, corpus.target.select(rows), rows, Whole(whole, tokens)
    )


def collate_ids(
    sources: Sequence[Ids],
    targets: Sequence[Ids],
    indices: NDArray[np.int64] | None = None,
    share: Share = Share(),  # noqa: B008
) -> Batch:
    """The batch of the given id sequences, or of this process's share of them; they need not lie in a corpus."""
    rows = np.arange(len(sources)) if indices is None else np.asarray(indices, np.int64)
    whole = Whole(rows, sum(map(len, targets)) + len(targets))
    source_tokens, source = _flat(share.of(sources))
    target_tokens, target = _flat(share.of(targets))
    return _batch(source_tokens, source, target_tokens, target, share.of(rows), whole)


def pad_sources(sources: Sequence[Ids]) -> tuple[Tensor, Tensor]:
    """Pad source ids to a tensor [B, S] with EOS at the end of each row; the lengths [B] count EOS."""
    ids, lengths = padded_sources(sources)
    return torch.from_numpy(ids), torch.from_numpy(lengths)


def _batch(
    source_tokens: NDArray[np.int32],
    source: Side,
    target_tokens: NDArray[np.int32],
    target: Side,
    rows: NDArray[np.int64],
    whole: Whole,
) -> Batch:
    target_out = _padded(target_tokens, target)
    target_in = np.empty_like(target_out)
    target_in[:, 0] = BOS
    target_in[:, 1:] = target_out[:, :-1]
    target_in[target_in == EOS] = PAD
    target_lengths = target.lengths.astype(np.int64) + 1
    return Batch(
        torch.from_numpy(_padded(source_tokens, source)),
        torch.from_numpy(source.lengths.astype(np.int64) + 1),
        torch.from_numpy(target_in),
        torch.from_numpy(target_out),
        torch.from_numpy(target_lengths),
        rows,
        int(target_lengths.sum()),
        whole,
    )


def _padded(tokens: NDArray[np.int32], side: Side) -> NDArray[np.int64]:
    return padded(tokens, side.starts, side.lengths, padded_length(int(side.lengths.max(initial=0)) + 1))


def _flat(sequences: Sequence[Ids]) -> tuple[NDArray[np.int32], Side]:
    tokens, starts, lengths = flat(sequences)
    return tokens, Side(starts, lengths)
