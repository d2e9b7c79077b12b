"""Tune the memory: whether, and from which count and share on, what was memorised answers better than the network.

The network answers the dev pairs once. For each least count and least share, the answers of the sources that such a
memory holds are put in the place of the network's, and the main measure is taken again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from seqloom.evaluation import Evaluation
from seqloom.lexicon import Lexicon
from seqloom.lexicon.memorising import Counted, case_counts, memorised
from seqloom.metrics import Comparison, Score, compare, compute

COUNTS = (1, 2, 3, 5, 10, 20, 50, 100)
"""The least counts that are tried."""
SHARES = (0.51, 0.8, 1.0)
"""The least shares that are tried."""


@dataclass(frozen=True)
class Trial:
    """A memory with a least count and a least share, tried on the dev pairs.

    `answered` is the number of dev pairs that it answers; on these pairs alone, `memory` and `network` are the main
    measure of its answers and of the network's, None where it answers none. `score` is that of both together.
    """

    min_count: int
    min_share: float
    sources: int
    answered: int
    memory: float | None
    network: float | None
    score: float


@dataclass(frozen=True)
class Tuning:
    """What was tried on `examples` dev pairs: the main measure of the network alone, and each memory.

    `best` is None where no memory together with the network is better than the network alone; `against` compares the
    two by paired bootstrap. Of equal memories the one with the larger least count, then the larger least share, is the
    best, which holds less.
    """

    examples: int
    network: Score
    trials: tuple[Trial, ...]
    best: Trial | None
    against: Comparison | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "examples": self.examples,
            "measure": self.network.name,
            "network": self.network.value,
            "trials": [asdict(trial) for trial in self.trials],
            "best": None if self.best is None else asdict(self.best),
            "against": None if self.against is None else self.against.to_json(),
        }


def tune_memory(
    renderings: Counted, measured: Evaluation, *, least: int = 1, least_share: float = min(SHARES)
) -> tuple[Lexicon | None, Tuning]:
    """The best memory for dev pairs that the network has answered, or None if it is better without; and all figures.

    `measured` is the evaluation of the dev pairs without a memory. Of the counts that are tried none is below `least`,
    of the shares none below `least_share`.
    Answers that came from exceptions stay, as exceptions come first.
    """
    match_case = case_counts(renderings)
    first = measured.scores[0]
    tried: list[tuple[Trial, Lexicon]] = []
    shares = sorted({least_share, *(each for each in SHARES if each > least_share)})
    for count in sorted({least, *(each for each in COUNTS if each > least)}):
        for share in shares:
            lexicon = memorised(renderings, min_count=count, min_share=share, match_case=match_case)
            tried.append((_tried(lexicon, count, share, measured), lexicon))
    sign = 1 if first.higher_is_better else -1
    trial, lexicon = max(tried, key=lambda each: (sign * each[0].score, each[0].min_count, each[0].min_share))
    trials = tuple(each for each, _ in tried)
    if sign * trial.score <= sign * first.value:
        return None, Tuning(measured.count, first, trials, None, None)
    against = compare(first.name, measured.texts, _together(lexicon, measured), measured.references)
    told = {"measure": first.name, "network": first.value, "with_memory": trial.score, "dev_pairs": measured.count}
    kept = memorised(
        renderings,
        min_count=trial.min_count,
        min_share=trial.min_share,
        match_case=match_case,
        facts={"tuned": told},
    )
    return kept, Tuning(measured.count, first, trials, trial, against)


def _replaced(lexicon: Lexicon, measured: Evaluation) -> Mapping[int, str]:
    """The rows that a memory answers, with its answers."""
    found = {}
    for row, (example, prediction) in enumerate(zip(measured.examples, measured.predictions, strict=True)):
        entry = None if prediction.origin == "exception" else lexicon.find(example.source, example.tags)
        if entry is not None:
            found[row] = entry.answers[0].text
    return found


def _together(lexicon: Lexicon, measured: Evaluation) -> list[str]:
    """All answers, with those of a memory in the place of the network's."""
    answers = _replaced(lexicon, measured)
    return [answers.get(row, text) for row, text in enumerate(measured.texts)]


def _tried(lexicon: Lexicon, count: int, share: float, measured: Evaluation) -> Trial:
    name, texts, references = measured.scores[0].name, measured.texts, measured.references
    answers, together = _replaced(lexicon, measured), _together(lexicon, measured)

    def part(given: Sequence[str]) -> float | None:
        """The measure of the rows that the memory answers."""
        if not answers:
            return None
        return compute([name], [given[row] for row in answers], [references[row] for row in answers])[0].value

    score = compute([name], together, references)[0].value
    return Trial(count, share, len(lexicon), len(answers), part(together), part(texts), score)
