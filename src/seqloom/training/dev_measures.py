"""Choose how a run is evaluated on its dev data: the metrics, and the dev examples that are used.

The metrics are stored in the model's configuration, so that `seqloom evaluate` uses the same ones on any file.
"""

from __future__ import annotations

from collections.abc import Sequence

from seqloom.data import Corpus, DataConfig, Example, group_by_source
from seqloom.errors import ConfigError
from seqloom.evenly import evenly
from seqloom.metrics import FRAME_METRICS, blind_sentence, blind_share, choose_metrics, tag_metrics
from seqloom.metrics.uninformative import REFUSED
from seqloom.training.config import RunConfig

SAMPLED = 2000
"""Number of training pairs, evenly spaced, by which the metrics are chosen."""


def with_measures(config: RunConfig, train: Corpus) -> tuple[RunConfig, list[str]]:
    """Return the configuration with the metrics of dev evaluations and of `seqloom evaluate`, and notices about them.

    Metrics that are named for one of the two are used for both. Where none are named, they are chosen by what the
    training targets look like.
    """
    training, evaluation, said = config.training, config.evaluation, []
    selection, rows = training.selection, evenly(len(train), SAMPLED)
    targets = train.column("target", rows)
    names = selection.metrics or evaluation.metrics
    if not names:
        if config.model.answer == "tags":
            names = tag_metrics(targets)
        elif config.model.answer == "frame":
            names = FRAME_METRICS
        elif config.model.answer == "labels":
            names = ("accuracy",)
        else:
            names = choose_metrics(targets, train.column("source", rows))
        said.append(f"measures: {', '.join(names)}, chosen by what the targets look like")
    else:
        said += filter(None, (blind_sentence(name, targets) for name in names))
    selection = selection.settled(names)
    _check_selection(selection.on, targets)
    if selection.on not in ("loss", *names):
        said += filter(None, [blind_sentence(selection.on, targets)])
    evaluation = evaluation.replace(metrics=evaluation.metrics or selection.decoded)
    return config.replace(training=training.replace(selection=selection), evaluation=evaluation), said


def _check_selection(on: str, targets: Sequence[str]) -> None:
    """Raise ConfigError for a selection metric that gives the worst score even to the correct answer of too many
    targets."""
    share = 0.0 if on == "loss" else blind_share(on, targets)
    if share >= REFUSED:
        raise ConfigError(
            f"training.selection.on = {on} must tell good weights from bad ones; {100 * share:.0f} % of the training "
            "targets are so short that it gives 0 even to the right answer",
            hint="select on loss, chrf or exact_match",
        )


def dev_rows(dev: Corpus, data: DataConfig) -> Sequence[int]:
    """Return the rows of the dev corpus whose loss is computed.

    These are all rows, or with `data.group_by_source` the first one with each source.
    """
    if not data.group_by_source:
        return range(len(dev))
    first: dict[tuple[str, tuple[str, ...]], int] = {}
    for row, example in enumerate(dev.examples()):
        first.setdefault((example.source, example.tags), row)
    return list(first.values())


def decoded_examples(dev: Corpus, config: RunConfig) -> list[Example]:
    """Return the dev examples that are decoded, evenly spaced; pairs with the same source are one example where the
    data settings say so."""
    limit = config.training.selection.limit
    if not config.data.group_by_source:
        return list(dev.examples(evenly(len(dev), limit)))
    examples = group_by_source(dev.examples())
    return [examples[index] for index in evenly(len(examples), limit)]


def decoding_notices(config: RunConfig, decoded: int, total: int) -> list[str]:
    """Explain where the figures of dev evaluations differ from those that `seqloom evaluate` gives on the dev data."""
    said = []
    if 0 < decoded < total:
        said.append(
            f"dev measures are taken of {decoded:,} of the {total:,} dev examples, spread evenly "
            "(training.selection.limit); the dev loss is that of all"
        )
    beam = config.dev_search.beam
    if decoded and beam != config.search.beam:
        how = "greedily" if beam == 1 else f"with a beam of {beam}"
        said.append(
            f"dev answers are found {how} (training.selection.beam), not as the model will answer, with a beam of "
            f"{config.search.beam} (search.beam)"
        )
    return said
