"""Words → the entries of a pronunciation dictionary, and the words that get none, each with the reason."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Any

from seqloom.data import DataConfig, ReadReport, Source, read_examples
from seqloom.inference.predicting_model import PredictingModel
from seqloom.prediction import Prediction
from seqloom.pronunciation.formats import DictionaryFormat

LEAST = 0.01
"""Smallest probability, relative to the best pronunciation, with which a further one is kept; the smallest one that the
Montreal Forced Aligner reads."""
NAMED = 5
SPACES, CUT, EMPTY, LIMIT = (
    "has white space within, which no format of dictionaries can hold",
    "is longer than the model reads (search.max_source_length)",
    "the answer is empty",
    "every answer is as long as an answer may be, so that its end may be missing",
)


@dataclass(frozen=True)
class Pronunciation:
    """The phones of a word, and their probability relative to that of the word's most probable pronunciation."""

    phones: tuple[str, ...]
    probability: float


@dataclass(frozen=True)
class Entry:
    """A word as the dictionary writes it, with its pronunciations in the order of the search."""

    word: str
    pronunciations: tuple[Pronunciation, ...]

    def lines(self, form: DictionaryFormat) -> Iterator[str]:
        """The lines of the entry in a format, without their ends."""
        for number, each in enumerate(self.pronunciations[: form.most], start=1):
            yield form.line(self.word, number, each.probability, " ".join(each.phones))


@dataclass
class PronunciationDictionary:
    """The entries that were made, in the order of the words, and what became of the other words.

    `left_out` holds each word that has no entry, with the reason. `known` counts words that the base dictionaries have,
    `repeated` those that came before. `recased` counts words that the base dictionaries have with other capitals only,
    where the format tells capitals from small letters.
    """

    format: DictionaryFormat
    entries: list[Entry] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    symbols: Counter[str] = field(default_factory=Counter)
    """Letters that the model cannot read, and how many words have each."""
    known: int = 0
    repeated: int = 0
    recased: int = 0
    unspaced: int = 0
    """Number of entries whose best answer, of several characters, has no space and so counts as one phone."""

    def lines(self) -> Iterator[str]:
        """All lines of the dictionary without their ends, sorted by word (in the order of code points)."""
        for entry in sorted(self.entries, key=lambda entry: entry.word):
            yield from entry.lines(self.format)

    def sentences(self) -> list[str]:
        """What a user should know: how many words have entries, and why the others have none."""
        said = [f"{_of(len(self.entries), 'word')} with {_of(sum(1 for _ in self.lines()), 'pronunciation')}"]
        if self.known:
            said.append(f"{_of(self.known, 'word')} left out: the base dictionary has them")
        if self.recased:
            said.append(
                f"{_of(self.recased, 'word')} not taken for known: the base dictionary has the like with other "
                "capitals, which count in this format"
            )
        if self.repeated:
            case = "" if self.format.cased else ", capitals and small letters being the same"
            said.append(f"{_of(self.repeated, 'word')} left out: they came before{case}")
        if self.left_out:
            words = ", ".join(repr(word) for word, _ in self.left_out[:NAMED])
            more = ", …" if len(self.left_out) > NAMED else ""
            said.append(f"{_of(len(self.left_out), 'word')} without an entry: {words}{more}; the first {self._why()}")
        if self.symbols:
            shown = ", ".join(f"{symbol!r} ({count:,})" for symbol, count in self.symbols.most_common(NAMED))
            said.append(f"letters that the model cannot read: {shown}; {len(self.symbols):,} in all")
        if self.unspaced * 2 > len(self.entries):
            said.append("most answers have no spaces between phones: each of them counts as a single phone")
        return said

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "format": self.format.name,
            "words": len(self.entries),
            "pronunciations": sum(1 for _ in self.lines()),
            "known": self.known,
            "repeated": self.repeated,
            "left_out": [{"word": word, "reason": reason} for word, reason in self.left_out],
            "unknown_symbols": dict(self.symbols.most_common()),
        }

    def _why(self) -> str:
        reason = self.left_out[0][1]
        return reason if reason in (SPACES, CUT) else f"because {reason}"


def make_dictionary(
    model: PredictingModel,
    words: Iterable[str | Source],
    form: DictionaryFormat,
    *,
    known: Collection[str] = frozenset(),
    least: float = LEAST,
) -> PronunciationDictionary:
    """Ask the model for the pronunciations of some words, and make a dictionary of them.

    The number of pronunciations is `search.n_best` of the model. The probability of one is the softmax of the
    log-probabilities of all answers to the word, before the length penalty, divided by the largest of them; one below
    `least` is left out. A word gets no entry if its key (`DictionaryFormat.key`) is in `known` or came before, if it
    has white space or letters that the model never saw, or if all answers are empty or reach the length limit.
    """
    made, waiting = PronunciationDictionary(form), deque[Source]()
    for answer in model.stream(_asked(words, made, set(known), waiting), alignments=True):
        source = waiting.popleft()
        found = pronunciations(answer, least)
        problem = _problem(answer) or _unwritable(form, source.text, found)
        if _unread(answer):
            made.symbols.update(answer.unknown)
            problem += _in_other_case(model, source)
        if problem:
            made.left_out.append((source.text, problem))
            continue
        made.unspaced += len(found[0].phones) == 1 and len(found[0].phones[0]) > 3
        made.entries.append(Entry(form.case(source.text), found))
    return made


def pronunciations(answer: Prediction, least: float = LEAST) -> tuple[Pronunciation, ...]:
    """The different pronunciations among the answers to a word, with probabilities.

    Empty answers, those at the length limit, and guesses about letters that the model cannot read are left out. The
    probability of an answer that was looked up is its share of the weights of the looked-up answers; where there are
    such answers, the network's own, whose probabilities cannot be compared with these, are left out.
    """
    weights: dict[tuple[str, ...], float] = {}
    answers = [each for each in (answer, *answer.alternatives) if each.origin == answer.origin]
    good = [each for each in answers if each.text.split() and not each.at_limit and not _unread(each)]
    logs = [sum(each.token_log_probs) if each.token_log_probs else each.score for each in good]
    for each, log_prob in zip(good, logs, strict=True):
        phones = tuple(each.text.split())
        weights[phones] = weights.get(phones, 0.0) + exp(log_prob - max(logs))
    largest = max(weights.values(), default=1.0)
    shares = [Pronunciation(phones, weight / largest) for phones, weight in weights.items()]
    return tuple(each for each in shares if each.probability >= least)


def known_words(files: Sequence[str], form: DictionaryFormat, report: ReadReport) -> set[str]:
    """The keys of the words in some dictionaries of any format, which is found from their first lines."""
    config = DataConfig(format="dictionary", on_bad_line=report.on_bad_line)
    return {form.key(example.source) for example in read_examples(files, config, report)}


def _asked(
    words: Iterable[str | Source], made: PronunciationDictionary, taken: set[str], waiting: deque[Source]
) -> Iterator[Source]:
    """The sources to ask the model for; the words that need no answer are counted. `waiting` gets the same sources."""
    base = frozenset(taken)
    folded = {word.casefold() for word in base}
    for given in words:
        source = given if isinstance(given, Source) else Source(given)
        source = Source(source.text.strip(), source.tags)
        key = made.format.key(source.text)
        if not source.text:
            continue
        if len(source.text.split()) > 1:
            made.left_out.append((source.text, SPACES))
        elif key in base:
            made.known += 1
        elif key in taken:
            made.repeated += 1
        else:
            taken.add(key)
            made.recased += key.casefold() in folded
            waiting.append(source)
            yield source


def _problem(answer: Prediction) -> str:
    """Why an answer makes no entry; empty if it does."""
    if _unread(answer):
        letters = ", ".join(map(repr, answer.unknown))
        return f"the model has never seen {letters}"
    if answer.cut:
        return CUT
    answers = (answer, *answer.alternatives)
    if not any(each.text.split() for each in answers):
        return EMPTY
    return LIMIT if all(each.at_limit for each in answers if each.text.split()) else ""


def _unread(answer: Prediction) -> bool:
    """Whether the model made an answer to a word with letters that it cannot read; a looked-up answer needs none."""
    return answer.origin == "model" and bool(answer.unknown)


def _unwritable(form: DictionaryFormat, word: str, found: Sequence[Pronunciation]) -> str:
    """Why the format cannot hold a word or one of its pronunciations; empty if it can."""
    reasons = (form.problem(form.case(word), each.phones) for each in found)
    return next((reason for reason in reasons if reason), "")


def _in_other_case(model: PredictingModel, source: Source) -> str:
    """A hint where the model could read the word in small letters or in capitals."""
    for name, other in (("small letters", source.text.lower()), ("capitals", source.text.upper())):
        if other != source.text:
            (read,) = model.codecs.source.read([other], [source.tags], model.config.search.max_source_length)
            if not read.unknown:
                return f"; it could read the word in {name}: {other}"
    return ""


def _of(count: int, thing: str) -> str:
    return f"{count:,} {thing}" if count == 1 else f"{count:,} {thing}s"
