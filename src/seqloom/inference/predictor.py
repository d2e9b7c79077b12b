"""An engine and its tokenizers: lines → predictions, pairs → scores; streamed, in order, a window at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Protocol, TypeVar
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from seqloom.data import Source, inputs_as_sources
from seqloom.data.padding import padded_sources
from seqloom.errors import DataError, SeqloomError
from seqloom.prediction import Prediction
from seqloom.search import Hypothesis, SearchConfig
from seqloom.text.model_inputs import ReadSource, cut_sources
from seqloom.text.special import EOS, SPECIAL_TOKENS, UNK
from seqloom.text.tokenizer import Tokenizer
from seqloom.text.unknown import without_ids

T = TypeVar("T")
R = TypeVar("R")
WINDOW = 1024
"""Lines read before the first is answered: enough to sort by length into batches without padding."""
TOKENS = 16_384
"""Padded source tokens of a batch times its beam: with `search.batch` a bound on memory, whatever the lines."""


class Engine(Protocol):
    """A network at work. Batches go to it one by one, or from `threads` threads at a time."""

    @property
    def threads(self) -> int:
        """Batches it is given at a time."""

    def search(
        self,
        source: NDArray[np.int64],
        lengths: NDArray[np.int64],
        config: SearchConfig,
        *,
        prefix: Sequence[int] = (),
        alignments: bool = False,
    ) -> list[list[Hypothesis]]:
        """The best outputs of each row of `source` [B, S], which ends with EOS; every output begins with `prefix`."""

    def score(self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> list[tuple[float, ...]]:
        """The log-probability of each token of each target, the end mark's last."""


@dataclass(frozen=True)
class PairScore:
    """How likely a given target is: natural logarithms, one per token, the end mark's last.

    `cut` and `unknown` are of the source, as in a `Prediction`. `unwritable` are the symbols of the target that the
    model cannot write: in their place it was asked for the unknown token, which are `unknown_tokens` of the tokens.
    """

    log_prob: float
    token_log_probs: tuple[float, ...]
    cut: bool = False
    unknown: tuple[str, ...] = ()
    unwritable: tuple[str, ...] = ()
    unknown_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Target tokens, the end mark counted."""
        return len(self.token_log_probs)


class Predictor:
    """Predicts with an engine. Not changed by use, so threads may share it."""

    def __init__(
        self,
        engine: Engine,
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        search: SearchConfig = SearchConfig(),  # noqa: B008 - a frozen value
        *,
        reverse_source: bool = False,
    ) -> None:
        self.engine, self.search = engine, search
        self.source_tokenizer, self.target_tokenizer = source_tokenizer, target_tokenizer
        self.reverse_source = reverse_source

    def predict(
        self, lines: Iterable[str | Source], *, details: bool = False, prefix: str = "", window: int = WINDOW
    ) -> Iterator[Prediction]:
        """One prediction a line, in order. An empty line gets an empty one.

        `details` adds tokens, their log-probabilities and the alignment. Every output begins with `prefix`; a prefix
        that the target tokenizer cannot write as given is refused with a `DataError`. Lines are read `window` at a
        time; 1 answers each before the next is read.
        """
        forced = self._forced(prefix)
        for chunk in _chunks(inputs_as_sources(lines), window):
            yield from self._predict_window(chunk, forced, details=details)

    def score(self, pairs: Iterable[tuple[str | Source, str]]) -> Iterator[PairScore]:
        """The model's log-probability of each given target, in order."""
        for chunk in _chunks(pairs, WINDOW):
            read = self._read([_as_source(source) for source, _ in chunk])
            texts = [target for _, target in chunk]
            targets = self.target_tokenizer.encode(texts)
            sizes = [1 + max(len(source.ids), len(target)) for source, target in zip(read, targets, strict=True)]
            results: dict[int, PairScore] = {}
            for rows in self._batches(sizes, beam=1):
                scored = self.engine.score([read[row].ids for row in rows], [targets[row] for row in rows])
                for row, each in zip(rows, scored, strict=True):
                    results[row] = self._pair_score(each, read[row], texts[row], targets[row])
            yield from (results[row] for row in range(len(chunk)))

    def _forced(self, prefix: str) -> list[int]:
        """The ids of what every output begins with."""
        (ids,) = self.target_tokenizer.encode([prefix])
        (written,) = self.target_tokenizer.decode([ids])
        if UNK in ids or normalize("NFC", written) != normalize("NFC", self.target_tokenizer.form.write(prefix)):
            raise DataError(
                f"the prefix must be something that the model can write, not {prefix!r}",
                hint=f"with its target tokenizer ({self.target_tokenizer.kind}) it would be written {written!r}",
            )
        return ids

    def _pair_score(self, log_probs: tuple[float, ...], source: ReadSource, target: str, ids: list[int]) -> PairScore:
        lost = tuple(without_ids(self.target_tokenizer, target, ids))
        return PairScore(sum(log_probs), log_probs, source.cut, source.unknown, lost, ids.count(UNK))

    def _predict_window(self, sources: list[Source], forced: list[int], *, details: bool) -> Iterator[Prediction]:
        read = self._read(sources)
        results: dict[int, Prediction] = {row: Prediction("", 0.0) for row, each in enumerate(read) if not each.ids}
        several = (
            self.search.n_best > 1
        )  # of different texts: the whole beam is asked for, as some may be the same text
        search = self.search.replace(n_best=self.search.beam) if several else self.search

        def answered(rows: list[int]) -> list[Prediction]:
            source, lengths = padded_sources([read[row].ids for row in rows])
            found = self.engine.search(source, lengths, search, prefix=forced, alignments=details)
            texts = iter(self.target_tokenizer.decode([each.ids for best in found for each in best]))
            made = []
            for row, best in zip(rows, found, strict=True):
                limit = search.longest(len(read[row].ids) + 1, len(forced))
                answers = [self._prediction(each, next(texts), read[row], limit, details=details) for each in best]
                made.append(_listed(answers, self.search.n_best))
            return made

        batches = list(self._batches([len(each.ids) for each in read], self.search.beam))
        for rows, made in zip(batches, _each(answered, batches, self.engine.threads), strict=True):
            results.update(zip(rows, made, strict=True))
        yield from (results[row] for row in range(len(sources)))

    def _prediction(self, found: Hypothesis, text: str, source: ReadSource, limit: int, *, details: bool) -> Prediction:
        at_limit = len(found.ids) >= limit
        answer = Prediction(text, found.score, cut=source.cut, unknown=source.unknown, at_limit=at_limit)
        if not details:
            return answer
        return replace(
            answer,
            source_tokens=(*source.tokens(self.source_tokenizer), SPECIAL_TOKENS[EOS]),
            target_tokens=(*self.target_tokenizer.tokens(found.ids), SPECIAL_TOKENS[EOS]),
            token_log_probs=found.token_log_probs,
            alignment=found.alignment,
        )

    def _read(self, sources: Sequence[Source]) -> list[ReadSource]:
        """What the model reads of each source. An empty text has no ids, tags or not."""
        texts, tags = [source.text for source in sources], [source.tags for source in sources]
        limit = self.search.max_source_length
        return cut_sources(self.source_tokenizer, texts, tags, limit, reverse=self.reverse_source)

    def _batches(self, sizes: Sequence[int], beam: int) -> Iterator[list[int]]:
        """Rows of similar length, longest first, within the limits on sentences and tokens; empty ones left out."""
        rows = sorted((row for row, size in enumerate(sizes) if size), key=lambda row: -sizes[row])
        while rows:
            room = max(1, TOKENS // (beam * (sizes[rows[0]] + 1)))
            count = min(self.search.batch, room)
            yield rows[:count]
            rows = rows[count:]


def _as_source(line: str | Source) -> Source:
    return line if isinstance(line, Source) else Source(line)


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _each(work: Callable[[T], R], items: Sequence[T], threads: int) -> Iterator[R]:
    """What `work` makes of each item, in order."""
    if min(threads, len(items)) < 2:
        yield from map(work, items)
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - which takes a while

    pool = ThreadPoolExecutor(min(threads, len(items)))
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)


def _listed(made: list[Prediction], count: int) -> Prediction:
    """The first prediction with the next ones of other texts, `count` in all, as its alternatives.

    The predictions come best first, so that of several ways to write one text the best counts.
    """
    if not made:
        raise SeqloomError(
            "every answer must have a finite score, and one has none",
            hint="weights of a run that diverged are useless: lower training.optimiser.learning_rate and train again",
        )
    different: dict[str, Prediction] = {}
    for each in made:
        different.setdefault(each.text, each)
    return replace(made[0], alternatives=tuple(different.values())[1:count])
