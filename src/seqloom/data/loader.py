"""Batches made ahead of the trainer, in a thread: NumPy and the tokenizers release the interpreter while they work."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from queue import SimpleQueue
from typing import TypeVar

import numpy as np

from seqloom.codecs import Codecs
from seqloom.data.batch import Batch, collate, collate_ids
from seqloom.data.batching import BatchSampler, Position, Share
from seqloom.data.corpus import Corpus, Rows

T = TypeVar("T")


def load_batches(
    corpus: Corpus,
    sampler: BatchSampler,
    start: Position = Position(),  # noqa: B008
    *,
    codecs: Codecs | None = None,
    share: Share = Share(),  # noqa: B008
    ahead: int = 8,
) -> Generator[tuple[Position, Batch], None, None]:
    """A share of each training batch without end from `start`, with the position after it.

    With `codecs` whose tokenizers have dropout, texts are segmented anew in every epoch; the draw depends on the
    seed, the epoch and the batch's index alone, so that a resumed run sees what the unbroken one sees. Close the
    iterator (or let it go) to end the thread.
    """
    return ahead_of(lambda: _made(corpus, sampler, start, codecs, share), ahead)


def evaluation_batches(
    corpus: Corpus,
    sampler: BatchSampler,
    share: Share = Share(),  # noqa: B008
) -> Iterator[Batch]:
    """A share of the batches of like length that hold every pair once."""
    return (collate(corpus, rows) for rows in share.of(sampler.in_order()))


def ahead_of(make: Callable[[], Iterable[T]], ahead: int) -> Generator[T, None, None]:
    """The items of `make()`, which runs in a thread up to `ahead` items before; what it raises is raised here."""
    items: SimpleQueue[tuple[T] | BaseException | None] = SimpleQueue()
    room, stopped = threading.Semaphore(ahead), threading.Event()

    def work() -> None:
        try:
            for item in make():
                room.acquire()
                if stopped.is_set():
                    return
                items.put((item,))
            items.put(None)
        except BaseException as error:
            items.put(error)

    thread = threading.Thread(target=work, name="seqloom-batches", daemon=True)
    thread.start()
    try:
        while (found := items.get()) is not None:
            if isinstance(found, BaseException):
                raise found
            room.release()
            yield found[0]
    finally:
        stopped.set()
        room.release()
        thread.join()


def _made(
    corpus: Corpus, sampler: BatchSampler, start: Position, codecs: Codecs | None, share: Share
) -> Iterator[tuple[Position, Batch]]:
    here = start
    for after, rows in sampler.batches(start):
        if codecs is not None and codecs.samples:
            yield after, _sampled(corpus, rows, codecs, _draw(sampler.seed, here), share)
        else:
            yield after, collate(corpus, rows, share)
        here = after


def _draw(seed: int, here: Position) -> int:
    """The seed of the segmentations of one batch."""
    return int(np.random.SeedSequence([seed, here.epoch, here.index]).generate_state(1)[0])


def _sampled(corpus: Corpus, rows: Rows, codecs: Codecs, draw: int, share: Share) -> Batch:
    """A share of a batch whose texts are segmented at random; all are, since their number of tokens must be known."""
    sources, tags, targets = (corpus.column(name, rows) for name in ("source", "tags", "target"))
    source_ids, target_ids = codecs.encode_pairs(sources, tags, targets, seed=draw)
    return collate_ids(source_ids, target_ids, np.asarray(rows, np.int64), share)
