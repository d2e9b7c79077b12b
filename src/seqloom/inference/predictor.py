"""The predictor answers lines and scores pairs: it reads, batches, runs the engine and decodes.

Both are streams: lines are read a window at a time, and answers come in the order of the lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeVar, cast

from seqloom.codecs import AnswerKind, Codecs, TextCodec
from seqloom.confidence import AnyCalibration
from seqloom.data import Source, Tagging, inputs_as_sources
from seqloom.errors import ConfigError, DataError
from seqloom.inference.batching import in_batches
from seqloom.inference.engine import AnyEngine, SearchEngine
from seqloom.inference.frames import FrameAnswers
from seqloom.inference.labels import LabelAnswers
from seqloom.inference.looked_up import filled, looked_up
from seqloom.inference.sequences import SequenceAnswers, SequenceSamples
from seqloom.inference.tags import TagAnswers
from seqloom.inference.transduction import TransductionAnswers
from seqloom.lexicon import NOTHING_KNOWN, Found, KnownAnswers
from seqloom.prediction import Prediction
from seqloom.search import SamplingConfig, SearchConfig
from seqloom.text.model_inputs import ReadSource
from seqloom.text.special import BOS, EOS, SPECIAL_TOKENS, UNK

T = TypeVar("T")
R = TypeVar("R")
WINDOW = 1024
"""Lines read before the first is answered: enough to sort by length into batches without padding."""
TOKENS = 16_384
"""Padded source tokens of a batch times its beam: with `search.batch` a bound on memory, whatever the lines."""


class Answers(Protocol):
    """What answers batches of sources."""

    details: bool

    @property
    def width(self) -> int:
        """How many rows of the network's batch one source takes."""

    def __call__(self, sources: Sequence[ReadSource]) -> list[Prediction]:
        """One prediction for each source of a batch, in their order; each source must have at least one id."""


ANSWERS: Mapping[AnswerKind, Callable[..., Answers]] = {
    "sequence": SequenceAnswers,
    "label": LabelAnswers,
    "labels": LabelAnswers,
    "tags": TagAnswers,
    "frame": FrameAnswers,
    "transduction": TransductionAnswers,
}
"""What answers batches of sources, for each kind of answer that a model can have."""
BEFORE_TAGS: Mapping[AnswerKind, int] = {"tags": 0, "frame": 1}
"""How many ids of a target stand before the tags of its words, for each kind of answer that has such."""


@dataclass(frozen=True)
class PairScore:
    """How likely a given target is: natural logarithms, one per token in the order of the text, the end mark's last.

    `cut` and `unknown` are of the source, as in a `Prediction`. `unwritable` are the symbols of the target that the
    model cannot write: in their place it was asked for the unknown token, which are `unknown_tokens` of the tokens. A
    label or tag that the model does not know is not asked for: such a score has no tokens, and `unwritable` names it.
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


class Answering(Protocol):
    """What evaluation asks of whatever answers: a `Predictor`, or a combination of several."""

    @property
    def codecs(self) -> Codecs:
        """The codecs by whose target tokens scores are counted."""

    @property
    def calibration(self) -> AnyCalibration | None:
        """What gives answers their confidence; None where they have none."""

    @property
    def unsure(self) -> str:
        """Why the confidence that a model was calibrated for is not given; empty where there is no reason to say."""

    def predict(self, lines: Iterable[str | Source], *, window: int = ...) -> Iterator[Prediction]:
        """One prediction a line, in order, for `window` lines at a time."""

    def score(self, pairs: Iterable[tuple[str | Source, str]]) -> Iterator[PairScore]:
        """The log-probability of each given target, in order."""


class Predictor:
    """Predicts with an engine. Not changed by use, so threads may share it.

    With a `calibration` predictions have a confidence, if the search is the one that it was fitted with; otherwise
    `unsure` says in words how the search differs.

    The answers in `known` are looked up, and the network is asked for what they lack; `search.known_answers` says which
    of them count.
    """

    def __init__(
        self,
        engine: AnyEngine,
        codecs: Codecs,
        search: SearchConfig = SearchConfig(),  # noqa: B008 - a frozen value
        tagging: Tagging = Tagging(),  # noqa: B008
        calibration: AnyCalibration | None = None,
        known: KnownAnswers = NOTHING_KNOWN,
    ) -> None:
        self.engine, self.codecs, self.search, self.tagging, self.known = engine, codecs, search, tagging, known
        different = "" if calibration is None else calibration.mismatch(search)
        self.calibration = None if different else calibration
        said = f"answers have no confidence: it was calibrated for another search ({different})"
        self.unsure = said if different else ""

    @property
    def uncalibrated(self) -> Predictor:
        """The same predictor without its calibration."""
        return Predictor(self.engine, self.codecs, self.search, self.tagging, None, self.known)

    def predict(
        self, lines: Iterable[str | Source], *, details: bool = False, prefix: str = "", window: int = WINDOW
    ) -> Iterator[Prediction]:
        """One prediction a line, in order. An empty line gets an empty one.

        `details` adds tokens, their log-probabilities and the alignment. Every output begins with `prefix`; a prefix
        that the target tokenizer cannot write as given is refused with a `DataError`, and so is any if the model writes
        from right to left. Lines are read `window` at a time; 1 answers each before the next is read.
        """
        answers = self._answers(prefix, details=details)
        for chunk in _chunks(inputs_as_sources(lines), window):
            yield from self._answered(chunk, answers, self._found(chunk, prefix))

    def answer(self, sources: Sequence[str | Source], *, details: bool = False, prefix: str = "") -> list[Prediction]:
        """One prediction for each source, in order, all of them searched for at once in batches of similar lengths.

        A server gives it the sources of several users' requests together, where they ask for the same search, details
        and prefix: an answer does not depend on its neighbours. The options are those of `predict`.
        """
        given = list(inputs_as_sources(sources))
        return self._answered(given, self._answers(prefix, details=details), self._found(given, prefix))

    def look_up(self, sources: Sequence[str | Source], *, prefix: str = "") -> list[Prediction | None]:
        """What is known of each source without the network, as many answers as `search.n_best`; None for nothing."""
        found = self._found(list(inputs_as_sources(sources)), prefix)
        return [None if each is None else looked_up(each, self.search.n_best) for each in found]

    def sample(
        self,
        sources: Sequence[str | Source],
        sampling: SamplingConfig,
        *,
        details: bool = False,
        prefix: str = "",
    ) -> list[list[Prediction]]:
        """Answers drawn at random for each source, in the order in which they were drawn; none for an empty source.

        The options are those of `predict`. All are drawn from the network, also where an answer is known (`look_up`).
        An exported graph cannot draw and refuses in words.
        """
        if not isinstance(target := self.codecs.target, TextCodec):
            raise ConfigError(
                "answers are drawn at random from models that write sequences, and this one answers with "
                f"{target.noun}",
                hint=f"the probabilities of {target.noun} are part of each prediction",
            )
        engine = cast("SearchEngine", self.engine)
        draw = SequenceSamples(engine, self.codecs, self.search, sampling, prefix=prefix, details=details)
        return self._in_batches(list(inputs_as_sources(sources)), draw, draw.width, list[Prediction]())

    def score(self, pairs: Iterable[tuple[str | Source, str]]) -> Iterator[PairScore]:
        """The model's log-probability of each given target, in order."""
        for chunk in _chunks(pairs, WINDOW):
            read = self._read([_as_source(source) for source, _ in chunk])
            texts = [target for _, target in chunk]
            ids = self.codecs.target.encode_beside([source.ids for source in read], texts)
            rows = list(zip(read, texts, ids, strict=True))
            sizes = [2 + max(len(source.ids), len(ids)) for source, _, ids in rows]
            yield from in_batches(
                rows, sizes, self._scored, sentences=self.search.batch, tokens=TOKENS, threads=self.engine.threads
            )

    def _answers(self, prefix: str, *, details: bool) -> Answers:
        """What answers batches of sources."""
        make, calibration = ANSWERS[self.codecs.answer], self.calibration
        return make(self.engine, self.codecs, self.search, prefix=prefix, details=details, calibration=calibration)

    def _found(self, sources: Sequence[Source], prefix: str) -> list[Found | None]:
        """What is known of each source without the network."""
        if not self.known:
            return [None] * len(sources)
        return [self.known.find(self._tagged(source), self.search.known_answers, prefix) for source in sources]

    def _answered(self, sources: Sequence[Source], answers: Answers, known: Sequence[Found | None]) -> list[Prediction]:
        """One prediction for each source; a source without ids has an empty one.

        The network is asked where nothing is known of a source, or fewer answers than the list is to have.
        """
        wanted = self.search.n_best
        asked = [row for row, found in enumerate(known) if found is None or len(found.answers) < wanted]
        by_network = dict(zip(asked, self._searched([sources[row] for row in asked], answers), strict=True))
        made = []
        for row, found in enumerate(known):
            if found is None:
                made.append(by_network[row])
                continue
            tokens = self._source_tokens(sources[row]) if answers.details else ()
            answer = looked_up(found, wanted, tokens)
            made.append(filled(answer, by_network[row], wanted) if row in by_network else answer)
        return made

    def _searched(self, sources: Sequence[Source], answers: Answers) -> list[Prediction]:
        """The network's prediction for each source."""
        return self._in_batches(sources, answers, answers.width, Prediction("", 0.0))

    def _in_batches(
        self, sources: Sequence[Source], work: Callable[[Sequence[ReadSource]], Sequence[R]], width: int, blank: R
    ) -> list[R]:
        """What `work` makes of each source, with `width` rows for each; `blank` for a source without ids."""
        read = self._read(sources)
        given = [each for each in read if each.ids]
        found = in_batches(
            given,
            [len(each.ids) + 1 for each in given],
            work,
            sentences=self.search.batch,
            tokens=max(1, TOKENS // width),
            threads=self.engine.threads,
        )
        made = iter(found)
        return [next(made) if each.ids else blank for each in read]

    def _source_tokens(self, source: Source) -> tuple[str, ...]:
        """What the network would read of a source, for who asks for details of an answer that was looked up."""
        (read,) = self._read([source])
        return (*read.tokens(self.codecs.source.tokenizer), SPECIAL_TOKENS[EOS])

    def _scored(self, rows: Sequence[tuple[ReadSource, str, list[int]]]) -> list[PairScore]:
        """The scores of a batch of sources, each with the text and the ids of its target."""
        before = BEFORE_TAGS.get(self.codecs.answer)
        asked = [ids if before is None else _asked(source, text, ids, before) for source, text, ids in rows]
        found = self.engine.score([source.ids for source, _, _ in rows], asked)
        scores = []
        target = self.codecs.target
        for log_probs, (source, text, ids) in zip(found, rows, strict=True):
            lost, in_order = target.unwritable(text, ids), (*target.in_text_order(log_probs[:-1]), *log_probs[-1:])
            unknown = ids.count(UNK) if self.codecs.spoken else 0
            scores.append(PairScore(sum(in_order), in_order, source.cut, source.unknown, lost, unknown))
        return scores

    def _read(self, sources: Sequence[Source]) -> list[ReadSource]:
        """What the model reads of each source, with the tags of `tagging`. An empty text has no ids, tags or not."""
        sources = [self._tagged(source) for source in sources]
        texts, tags = [source.text for source in sources], [source.tags for source in sources]
        return self.codecs.source.read(texts, tags, self.search.max_source_length)

    def _tagged(self, source: Source) -> Source:
        """The source with the tags of `tagging`, if it has none."""
        return self.tagging.tagged(source, self.codecs.source.tokenizer.tags)


def _asked(source: ReadSource, text: str, ids: list[int], before: int) -> list[int]:
    """The ids before the tags of a target, and the tags of those words that the network reads; raises a `DataError`
    where a word has no tag of its own."""
    tags, words = len(ids) - before, len(source.words)
    if tags != words:
        raise DataError(
            f"every word must have one tag, and {words:,} words have {tags:,} tags: {text!r}",
            hint="words and tags are separated by spaces",
        )
    return ids[: before + source.ids.count(BOS)]


def _as_source(line: str | Source) -> Source:
    return line if isinstance(line, Source) else Source(line)


def _chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk
