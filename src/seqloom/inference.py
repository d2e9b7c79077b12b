"""A model and its tokenizers: lines → predictions, pairs → scores; streamed, in order, a window at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeVar

import torch

from seqloom.data import Source
from seqloom.data.batch import collate_ids, pad_sources
from seqloom.model import Seq2Seq
from seqloom.nn.precision import choose_precision
from seqloom.nn.shapes import length_mask
from seqloom.prediction import Prediction
from seqloom.search import Hypothesis, ModelStepper, SearchConfig, Stepper, search
from seqloom.text.sources import encode_sources
from seqloom.text.special import EOS, SPECIAL_TOKENS
from seqloom.text.tokenizer import Tokenizer

T = TypeVar("T")
WINDOW = 1024
"""Lines read before the first is answered: enough to sort by length into batches without padding."""
TOKENS = 16_384
"""Padded source tokens of a batch times its beam: with `search.batch` a bound on memory, whatever the lines."""
SCORED = 1024
"""Target tokens compared with the vocabulary at once where pairs are scored."""


@dataclass(frozen=True)
class PairScore:
    """How likely a given target is: natural logarithms, one per token, the end mark's last."""

    log_prob: float
    token_log_probs: tuple[float, ...]

    @property
    def tokens(self) -> int:
        """Target tokens, the end mark counted."""
        return len(self.token_log_probs)


class Predictor:
    """Predicts with a model. Not changed by use; `stepper` takes the model's place, for an ensemble."""

    def __init__(
        self,
        model: Seq2Seq,
        source_tokenizer: Tokenizer,
        target_tokenizer: Tokenizer,
        search: SearchConfig = SearchConfig(),  # noqa: B008 - a frozen value
        *,
        reverse_source: bool = False,
        device: str | torch.device = "cpu",
        stepper: Stepper | None = None,
    ) -> None:
        self.model, self.search, self.device = model, search, torch.device(device)
        self.source_tokenizer, self.target_tokenizer = source_tokenizer, target_tokenizer
        self.reverse_source = reverse_source
        self.stepper = stepper or ModelStepper(model)

    def predict(
        self, lines: Iterable[str | Source], *, details: bool = False, prefix: str = "", window: int = WINDOW
    ) -> Iterator[Prediction]:
        """One prediction a line, in order. An empty line gets an empty one.

        `details` adds tokens, their log-probabilities and the alignment. Every output begins with `prefix`. Lines are
        read `window` at a time; 1 answers each before the next is read.
        """
        forced = self.target_tokenizer.encode([prefix])[0] if prefix else []
        for chunk in _chunks(lines, window):
            yield from self._predict_window([_as_source(line) for line in chunk], forced, details=details)

    def score(self, pairs: Iterable[tuple[str | Source, str]]) -> Iterator[PairScore]:
        """The model's log-probability of each given target, in order."""
        for chunk in _chunks(pairs, WINDOW):
            sources, _ = self._encode([_as_source(source) for source, _ in chunk])
            targets = self.target_tokenizer.encode([target for _, target in chunk])
            sizes = [1 + max(len(source), len(target)) for source, target in zip(sources, targets, strict=True)]
            results: dict[int, PairScore] = {}
            for rows in self._batches(sizes, beam=1):
                scored = self._score_batch([sources[row] for row in rows], [targets[row] for row in rows])
                results.update(zip(rows, scored, strict=True))
            yield from (results[row] for row in range(len(chunk)))

    def _predict_window(self, sources: list[Source], forced: list[int], *, details: bool) -> Iterator[Prediction]:
        encoded, cut = self._encode(sources)
        results: dict[int, Prediction] = {row: Prediction("", 0.0) for row, ids in enumerate(encoded) if not ids}
        for rows in self._batches([len(ids) for ids in encoded], self.search.beam):
            ids = [encoded[row] for row in rows]
            with choose_precision("float32", self.device.type).active():
                source, lengths = (tensor.to(self.device) for tensor in pad_sources(ids))
                prefixes = [forced] * len(rows) if forced else None
                found = search(self.stepper, source, lengths, self.search, prefix=prefixes, alignments=details)
            texts = iter(self.target_tokenizer.decode([each.ids for best in found for each in best]))
            for row, own, best in zip(rows, ids, found, strict=True):
                made = [self._prediction(each, next(texts), own if details else None, cut[row]) for each in best]
                results[row] = _with_alternatives(made)
        yield from (results[row] for row in range(len(sources)))

    def _prediction(self, found: Hypothesis, text: str, source: list[int] | None, cut: bool) -> Prediction:
        if source is None:
            return Prediction(text, found.score, cut=cut)
        return Prediction(
            text,
            found.score,
            source_tokens=(*self.source_tokenizer.tokens(source), SPECIAL_TOKENS[EOS]),
            target_tokens=(*self.target_tokenizer.tokens(found.ids), SPECIAL_TOKENS[EOS]),
            token_log_probs=found.token_log_probs,
            alignment=found.alignment,
            cut=cut,
        )

    def _encode(self, sources: Sequence[Source]) -> tuple[list[list[int]], list[bool]]:
        """Ids as the model reads them, and which were cut at the limit. An empty text has no ids, tags or not."""
        texts, tags = [source.text for source in sources], [source.tags for source in sources]
        limit = self.search.max_source_length
        encoded = encode_sources(self.source_tokenizer, texts, tags, reverse=self.reverse_source)
        kept = [ids[:limit] if text.strip() else [] for ids, text in zip(encoded, texts, strict=True)]
        return kept, [len(ids) > limit for ids in encoded]

    def _batches(self, sizes: Sequence[int], beam: int) -> Iterator[list[int]]:
        """Rows of similar length, longest first, within the limits on sentences and tokens; empty ones left out."""
        rows = sorted((row for row, size in enumerate(sizes) if size), key=lambda row: -sizes[row])
        while rows:
            room = max(1, TOKENS // (beam * (sizes[rows[0]] + 1)))
            count = min(self.search.batch, room)
            yield rows[:count]
            rows = rows[count:]

    @torch.inference_mode()
    def _score_batch(self, sources: list[list[int]], targets: list[list[int]]) -> list[PairScore]:
        batch = collate_ids(sources, targets).to(self.device)
        readout, real = self.model.decoder.readout, length_mask(batch.target_lengths, batch.target_out.size(1))
        with choose_precision("float32", self.device.type).active():
            features, _ = self.model.features(batch.source, batch.source_lengths, batch.target_in)
            parts = zip(features[real].split(SCORED), batch.target_out[real].split(SCORED), strict=True)
            log_probs = torch.cat(
                [torch.log_softmax(readout.logits(x).float(), -1).gather(1, y[:, None])[:, 0] for x, y in parts]
            )
        rows = [tuple(row.tolist()) for row in log_probs.split(batch.target_lengths.tolist())]
        return [PairScore(sum(row), row) for row in rows]


def _as_source(line: str | Source) -> Source:
    return line if isinstance(line, Source) else Source(line)


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _with_alternatives(made: list[Prediction]) -> Prediction:
    """The first prediction with the others as its alternatives."""
    return replace(made[0], alternatives=tuple(made[1:]))
