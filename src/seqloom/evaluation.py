"""Evaluation of a model on test data: metrics, loss under teacher forcing, worst examples, comparison of two models.

examples = read_evaluation(["test.tsv"], data)
result = evaluate(predictor, examples, EvaluationConfig(metrics=("bleu", "chrf")))
compare_models(result, other)             paired bootstrap test on the same examples
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from seqloom.breakdown import Breakdown, Row, kind_of, parts_of
from seqloom.codecs import FrameCodec, TagsCodec
from seqloom.codecs.pair import TargetCodec
from seqloom.confidence import LabelProbabilities, Reliability
from seqloom.data import DataConfig, Example, ReadReport, Source, group_by_source, read_examples
from seqloom.errors import DataError
from seqloom.evaluation_config import EvaluationConfig
from seqloom.evenly import evenly
from seqloom.label_targets import (
    LabelReport,
    broken_tags,
    comparable,
    label_probabilities,
    label_report,
    tag_report,
    unknown_labels,
)
from seqloom.learn_confidence import tested_confidence
from seqloom.losses import Loss, LossComparison
from seqloom.metrics import (
    FRAME_METRICS,
    Comparison,
    Score,
    TaggingReport,
    blind_sentence,
    choose_metrics,
    compare,
    compute,
    tag_metrics,
    worst,
)
from seqloom.metrics.text_form import in_one_form
from seqloom.notebook import evaluation_html, evaluation_text
from seqloom.prediction import Prediction
from seqloom.remarks import Remarks

if TYPE_CHECKING:
    from seqloom.inference.predictor import Answering


Watch = Callable[[str, int, int], object]
"""Is called with what is being done, and how many parts of how many are done."""
PIECE = 64
"""Number of answers that are found at a time where somebody watches."""


@dataclass(frozen=True)
class BadAnswer:
    """One of the worst examples; `value` is its own value of the main metric, `where` its file and line, `tags` what
    its source came with."""

    source: str
    prediction: str
    references: tuple[str, ...]
    value: float
    where: str
    tags: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        return {**vars(self), "references": list(self.references), "tags": list(self.tags)}


@dataclass(frozen=True)
class Evaluation:
    """The results of an evaluation on `examples`.

    `target_tokens` is a hash of the target tokenizer: losses per token of two models can only be compared if it is the
    same. `seconds` is the time for finding the predictions. `reading` holds remarks on how the examples were read.
    `confidence` compares the confidences of a calibrated model with what its answers were worth; `unsure` says why a
    calibrated model has none here. `by` holds the same figures by tag or by file, `labels` those of each class where
    answers are labels, and `probabilities` how good the probabilities of labels are, `tags` those of each type of span
    and each tag where they are tags.
    """

    scores: tuple[Score, ...]
    teacher_forced: Loss
    target_tokens: str
    seconds: float
    worst: tuple[BadAnswer, ...]
    examples: tuple[Example, ...]
    predictions: tuple[Prediction, ...]
    reading: tuple[str, ...] = ()
    confidence: Reliability | None = None
    unsure: str = ""
    by: Breakdown | None = None
    labels: LabelReport | None = None
    probabilities: LabelProbabilities | None = None
    tags: TaggingReport | None = None

    def __repr__(self) -> str:
        return evaluation_text(self)

    def _repr_html_(self) -> str:
        """What a notebook shows: the figures, the worst examples and the notes."""
        return evaluation_html(self)

    @property
    def count(self) -> int:
        """The number of examples."""
        return len(self.examples)

    @property
    def loss(self) -> float:
        """The mean negative log-likelihood of a target token, including end marks, in nats."""
        return self.teacher_forced.per_token

    @property
    def tokens(self) -> int:
        """The number of target tokens, including end marks."""
        return self.teacher_forced.tokens

    @property
    def perplexity(self) -> float:
        """The perplexity: e to the power of the loss per token."""
        return self.teacher_forced.perplexity

    @property
    def texts(self) -> list[str]:
        """The predicted texts."""
        return [prediction.text for prediction in self.predictions]

    @property
    def references(self) -> list[tuple[str, ...]]:
        """The accepted targets of each example."""
        return [example.targets for example in self.examples]

    @property
    def remarks(self) -> Remarks:
        """Counts of conspicuous predictions, such as those whose input was cut."""
        return Remarks.of(self.predictions)

    @cached_property
    def notes(self) -> list[str]:
        """Remarks that are important for reading the results, as one sentence each."""
        targets = [example.target for example in self.examples]
        blind = [sentence for score in self.scores if (sentence := blind_sentence(score.name, targets))]
        unknown = self.teacher_forced.unknown
        said = f"the loss counts {unknown:,} of {self.tokens:,} target tokens as the unknown token, which is no text"
        return [
            *self.reading,
            *self.remarks.sentences(),
            *blind,
            *(() if self.labels is None else self.labels.sentences()),
            *(() if self.probabilities is None else self.probabilities.sentences()),
            *([said] if unknown else []),
            *filter(None, [self.unsure]),
        ]

    @property
    def label_figures(self) -> dict[str, float]:
        """Where answers are labels, figures beside the metrics, by name: of decisions, then of probabilities."""
        decided = {} if self.labels is None else self.labels.figures
        sure = {} if self.probabilities is None else self.probabilities.figures
        return {**decided, **{name: value for name, value in sure.items() if value is not None}}

    def __getitem__(self, name: str) -> float:
        """The value of a metric by name, of `loss`, `loss_per_character` or `perplexity`, or of what there is of labels
        and their probabilities (`label_figures`).

        `macro_` before a name stands for the mean over tags or files.
        """
        loss = self.teacher_forced
        losses = {"loss": loss.per_token, "loss_per_character": loss.per_character, "perplexity": loss.perplexity}
        figures = {**self.label_figures, **losses, **{score.name: score.value for score in self.scores}}
        if self.by is not None and name.startswith("macro_") and name not in figures:
            return self.by.macro[name.removeprefix("macro_")]
        return figures[name]

    def to_json(self, *, predictions: bool = False) -> dict[str, Any]:
        """Plain values for a JSON file; with `predictions`, also every input with its references and prediction."""
        values = {
            "scores": [score.to_json() for score in self.scores],
            **self.teacher_forced.to_json(),
            "target_tokens": self.target_tokens,
            "count": self.count,
            "seconds": round(self.seconds, 3),
            "worst": [answer.to_json() for answer in self.worst],
            "remarks": self.remarks.to_json(),
            "notes": self.notes,
            "confidence": None if self.confidence is None else self.confidence.to_json(),
            **({} if self.by is None else {"by": self.by.to_json()}),
            **({} if self.labels is None else {"labels": self.labels.to_json()}),
            **({} if self.probabilities is None else {"probabilities": self.probabilities.to_json()}),
            **({} if self.tags is None else {"tags": self.tags.to_json()}),
        }
        if predictions:
            pairs = zip(self.examples, self.predictions, strict=True)
            values["predictions"] = [
                {
                    "source": example.source,
                    "references": list(example.targets),
                    "prediction": answer.text,
                    "confidence": answer.confidence,
                    "origin": answer.origin,
                }
                for example, answer in pairs
            ]
        return values


def read_evaluation(entries: Iterable[str], data: DataConfig, report: ReadReport | None = None) -> list[Example]:
    """Read test examples from files; with `data.group_by_source`, examples with the same source are merged into one."""
    report = ReadReport(data.on_bad_line) if report is None else report
    examples = read_examples(entries, data, report)
    return group_by_source(examples) if data.group_by_source else list(examples)


def evaluate(
    predictor: Answering,
    examples: Sequence[Example],
    config: EvaluationConfig = EvaluationConfig(),  # noqa: B008 - a frozen value
    watch: Watch | None = None,
) -> Evaluation:
    """Predict every example, score the predictions, and compute the loss of each example's first accepted target.

    `watch` is told how far it is. Raises a `DataError` if there are no examples.
    """
    target = predictor.codecs.target
    places = evenly(len(examples), config.limit or len(examples))
    chosen = tuple(comparable([examples[place] for place in places], target))
    if not chosen:
        raise DataError("there must be at least one example to evaluate, not none")
    names = config.metrics or _chosen_metrics(target, chosen)
    sources = [Source(example.source, example.tags) for example in chosen]
    began = time.perf_counter()
    predictions = tuple(predictor.predict(sources) if watch is None else _watched(predictor, sources, watch))
    seconds = time.perf_counter() - began
    texts = [prediction.text for prediction in predictions]
    kind = kind_of(chosen, config.by)
    parts = parts_of(chosen, kind)
    if watch is not None:
        watch("taking the loss", 0, 0)
    losses = {name: target_loss(predictor, (chosen[row] for row in rows)) for name, rows in parts.items()}

    def scores(rows: Sequence[int]) -> tuple[Score, ...]:
        return tuple(compute(names, [texts[row] for row in rows], [chosen[row].targets for row in rows]))

    rows = tuple(Row(name, len(members), scores(members), losses[name]) for name, members in parts.items() if kind)
    return Evaluation(
        scores=scores(range(len(chosen))),
        teacher_forced=Loss.of_all(losses.values()),
        target_tokens=_tokens_of(predictor),
        seconds=seconds,
        worst=tuple(_worst(names[0], texts, chosen, config.worst)),
        examples=chosen,
        predictions=predictions,
        reading=(*unknown_labels(chosen, target, "evaluation"), *broken_tags(chosen, target, "evaluation")),
        confidence=tested_confidence(predictor, predictions, [example.targets for example in chosen]),
        unsure=predictor.unsure,
        by=Breakdown(kind, rows) if kind else None,
        labels=label_report(target, names, predictions, [example.targets for example in chosen]),
        probabilities=label_probabilities(predictions, chosen, target),
        tags=tag_report(target, names, predictions, [example.targets for example in chosen]),
    )


def _chosen_metrics(codec: TargetCodec, examples: Sequence[Example]) -> tuple[str, ...]:
    """The metrics that suit answers of a codec, and targets that look like these."""
    targets = [example.target for example in examples]
    if isinstance(codec, FrameCodec):
        return FRAME_METRICS
    return (
        tag_metrics(targets)
        if isinstance(codec, TagsCodec)
        else choose_metrics(targets, [each.source for each in examples])
    )


def _watched(predictor: Answering, sources: Sequence[Source], watch: Watch) -> Iterator[Prediction]:
    """The answers, with somebody watching how many there are."""
    watch("finding answers", 0, len(sources))
    for count, answer in enumerate(predictor.predict(sources, window=PIECE), start=1):
        yield answer
        if count % PIECE == 0:
            watch("finding answers", count, len(sources))


def target_loss(predictor: Answering, examples: Iterable[Example]) -> Loss:
    """The loss of the first accepted targets of all examples."""
    characters = 0

    def pairs() -> Iterator[tuple[Source, str]]:
        nonlocal characters
        for example in examples:
            characters += len(in_one_form(example.target))
            yield Source(example.source, example.tags), example.target

    scored = [(each.log_prob, each.tokens, each.unknown_tokens) for each in predictor.score(pairs())]
    tokens, unknown = sum(each[1] for each in scored), sum(each[2] for each in scored)
    return Loss(-math.fsum(each[0] for each in scored), tokens, characters, unknown)


def compare_models(first: Evaluation, second: Evaluation, *, samples: int = 1000, seed: int = 0) -> list[Comparison]:
    """Test for each metric of the first evaluation whether the second model differs significantly (paired bootstrap).

    Raises a `DataError` if the two evaluations are not of the same examples.
    """
    if first.examples != second.examples:
        raise DataError("two models are compared on the same examples")
    return [
        compare(score.name, first.texts, second.texts, first.references, samples=samples, seed=seed)
        for score in first.scores
    ]


def compare_losses(first: Evaluation, second: Evaluation) -> LossComparison:
    """Compare the losses of two models on the same examples."""
    same = first.target_tokens == second.target_tokens
    return LossComparison(first.teacher_forced, second.teacher_forced, same)


def _tokens_of(predictor: Answering) -> str:
    return hashlib.sha256(predictor.codecs.target.to_json().encode()).hexdigest()


def _worst(name: str, texts: Sequence[str], examples: Sequence[Example], count: int) -> list[BadAnswer]:
    found = worst(name, texts, [example.targets for example in examples], count)
    bad = [(each, examples[each.index]) for each in found]
    return [
        BadAnswer(one.source, each.prediction, each.references, each.value, str(one.origin), one.tags)
        for each, one in bad
    ]
