"""The table of all metrics, and functions that make metrics and compute scores by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from seqloom.errors import ConfigError
from seqloom.metrics.base import Metric, Score
from seqloom.metrics.edits import EditRate
from seqloom.metrics.frames import intent_accuracy, slot_f1
from seqloom.metrics.matches import ExactMatch, MacroF1
from seqloom.metrics.rouge import Rouge
from seqloom.metrics.sacre import MOSES_LANGUAGES, TOKENIZERS, MosesBleu, SacreMetric, bleu
from seqloom.metrics.tagging import EntityF1, TokenAccuracy
from seqloom.plugins import Family, at_work, instance_of


@dataclass(frozen=True)
class Entry:
    """A metric of the table: what it says, how it is made, and the arguments its name may carry after a colon.

    `make` is called with the name as it was given and, where there is one, the argument; it returns a `Metric`.
    """

    says: str
    make: Callable[..., Metric]
    arguments: tuple[str, ...] = ()


METRICS: Family[Entry] = Family(
    "METRICS",
    {
        "bleu": Entry("BLEU, cased; tokeniser 13a, or another: bleu:zh", bleu, TOKENIZERS),
        "bleu_lower": Entry("BLEU, lower-cased; tokeniser 13a, or another", partial(bleu, lowercase=True), TOKENIZERS),
        "bleu_tokenized": Entry("BLEU of text that is tokenised already, cased", partial(bleu, tokenizer="none")),
        "bleu_tokenized_lower": Entry(
            "BLEU, lower-cased, Moses-tokenised (English, or another language: bleu_tokenized_lower:de)",
            MosesBleu,
            MOSES_LANGUAGES,
        ),
        "chrf": Entry("chrF2: character n-grams up to 6, cased", partial(SacreMetric, kind="CHRF")),
        "chrf++": Entry(
            "chrF2++: chrF with word n-grams up to 2", partial(SacreMetric, kind="CHRF", options={"word_order": 2})
        ),
        "ter": Entry("translation edit rate, lower-cased, with shifts", partial(SacreMetric, kind="TER")),
        "wer": Entry("word edits per 100 reference words", partial(EditRate, unit="word", split=str.split)),
        "cer": Entry("character edits per 100 reference characters", partial(EditRate, unit="character", split=str)),
        "per": Entry(
            "symbol (phone) edits per 100 reference symbols",
            partial(EditRate, unit="symbol", split=str.split),
        ),
        "exact_match": Entry("share of answers that are exactly right", ExactMatch),
        "error_rate": Entry(
            'share of answers that are not exactly right (the "WER" of grapheme-to-phoneme papers)',
            partial(ExactMatch, errors=True),
        ),
        "accuracy": Entry("share of labels that are right", ExactMatch),
        "macro_f1": Entry("mean F1 over labels", MacroF1),
        "entity_f1": Entry("F1 of spans in tags (BIO, BIOES), as conlleval and seqeval count them", EntityF1),
        "token_accuracy": Entry("share of words whose tag is right", TokenAccuracy),
        "slot_f1": Entry("F1 of the spans of frames (a label and a tag for each word), as entity_f1", slot_f1),
        "intent_accuracy": Entry("share of frames whose label is right", intent_accuracy),
        "rouge1": Entry("ROUGE-1 F1; English words Porter-stemmed", Rouge),
        "rouge2": Entry("ROUGE-2 F1; English words Porter-stemmed", Rouge),
        "rougeL": Entry("ROUGE-L F1; English words Porter-stemmed", Rouge),
    },
    instance_of("an Entry of seqloom.metrics", lambda value: isinstance(value, Entry)),
)
"""Every metric by name: ours, and those of plugins. The descriptions are shown to users."""


def metric(name: str) -> Metric:
    """Make a metric by its name, such as `chrf` or `bleu:zh`; raises a `ConfigError` if it is unknown."""
    base, colon, argument = name.partition(":")
    entry = METRICS.known(base)
    if not colon:
        return entry.make(name)
    if not entry.arguments:
        raise ConfigError(f"the metric {base} takes nothing after a colon, not {argument!r}")
    if argument not in entry.arguments:
        hint = f"known: {', '.join(entry.arguments)}"
        raise ConfigError(f"{argument!r} does not go with the metric {base}", hint=hint)
    return entry.make(name, argument)


def _of_plugin(each: Metric, name: str, predictions: Sequence[str], references: Sequence[str | Sequence[str]]) -> Score:
    """The score of a plugin's metric; whatever goes wrong in it is an error in words."""
    with at_work(f"metric {name!r}"):
        score = each.compute(predictions, references)
    if not math.isfinite(score.value):
        raise ConfigError(f"the metric {name!r} of a plugin must give a finite number, not {score.value}")
    return score


def compute_each(name: str, predictions: Sequence[str], references: Sequence[str | Sequence[str]]) -> list[float]:
    """The value of a named metric for each example by itself."""
    made = metric(name)
    if name.partition(":")[0] in METRICS.own:
        return made.per_example(predictions, references)
    with at_work(f"metric {name!r}"):
        return made.per_example(predictions, references)


def compute(names: Iterable[str], predictions: Sequence[str], references: Sequence[str | Sequence[str]]) -> list[Score]:
    """Compute one score for each named metric; all names are checked before any text is scored."""
    made = [(name, metric(name)) for name in names]
    return [
        each.compute(predictions, references)
        if name.partition(":")[0] in METRICS.own
        else _of_plugin(each, name, predictions, references)
        for name, each in made
    ]
