"""`ensemble` and `select_members`: several trained models as one, and which of them to take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seqloom.api import Model
from seqloom.checkpoint.own_parts import own_parts
from seqloom.config import build
from seqloom.data import Example, ReadReport, given_files
from seqloom.data.digests import content_digests
from seqloom.data.given import given_examples
from seqloom.data.readers import files_of
from seqloom.data.readers.lines import readable_once
from seqloom.ensemble_network import single_networks
from seqloom.ensembles.making import combined
from seqloom.ensembles.measuring import DevData
from seqloom.ensembles.members import Member, check_fit, check_weights, read_member
from seqloom.ensembles.selection import chosen_members
from seqloom.ensembles.tuning import Choice, tuned
from seqloom.errors import ConfigError
from seqloom.measured_model import Pairs
from seqloom.training import RunConfig
from seqloom.training.model_average import free_folder
from seqloom.training.provenance.record import pairs_entry


def ensemble(
    models: Sequence[Path | str | Model],
    output: Path | str | None = None,
    weights: Sequence[float] | None = None,
    *,
    tune: Pairs | None = None,
    select: int = 0,
    metrics: str | Sequence[str] | None = None,
) -> Model:
    """The model that predicts with several models at once, by the weighted geometric mean of their probabilities at
    each step. They must have the same vocabularies; their networks may differ.

    All models count the same unless there are `weights`, where 0 leaves a model out. With `tune`, dev pairs or files of
    them, the weights are those of the least dev loss if they are better than equal ones by the first of `metrics`
    (names, by default the measures of the first model); with `select` as well, up to so many members are selected one
    after the other instead (see `select_members`). What was found stands in `metrics` and in the model card.

    With `output`, a new folder, the model is written there.
    """
    folder = None if output is None else free_folder(output)
    if weights is not None and tune is not None:
        raise ConfigError("weights are either given or tuned, not both")
    if select and tune is None:
        raise ConfigError("members are selected on dev pairs, and none are given", hint="give them as tune")
    members = _members(models)
    given, choice = check_weights([each.name for each in members], weights), None
    if tune is not None:
        dev = _dev_data(members[0], tune, metrics)
        choice = chosen_members(members, dev, select) if select else tuned(members, dev)
    made = combined(members, given if choice is None else choice.weights, {} if choice is None else choice.measured)
    notes = [] if choice is None else list(choice.notes)
    described = {**made.metrics["ensemble"], "notes": [*notes, *made.metrics["ensemble"]["notes"]]}
    config = build(RunConfig, made.config.model_dump())
    model = Model(made.model, made.codecs, config, {**made.metrics, "ensemble": described})
    if folder is not None:
        model.save(folder)
    return model


def select_members(
    models: Sequence[Path | str | Model],
    dev: Pairs,
    metric: str | None = None,
    *,
    most: int = 10,
) -> Choice:
    """Which of several models make a good ensemble: forward selection with replacement on dev pairs (Caruana et al.
    2004, §2), `most` steps.

    The `weights` of the result, one for each model, are for `ensemble`; those of models that gain nothing are 0.
    `metric` decides, or `loss`; by default the first measure of the first model.
    """
    members = _members(models)
    return chosen_members(members, _dev_data(members[0], dev, metric), most)


def _members(models: Sequence[Path | str | Model]) -> list[Member]:
    """The models as members of an ensemble, if they fit together."""
    if isinstance(models, str | Path | Model):
        raise ConfigError("the models of an ensemble must be given as a list")
    names = [f"model {number}" if isinstance(each, Model) else str(each) for number, each in enumerate(models, start=1)]
    check_weights(names, None)
    members = [
        _member(each, name) if isinstance(each, Model) else read_member(each)
        for name, each in zip(names, models, strict=True)
    ]
    check_fit(members)
    return members


def _member(model: Model, name: str) -> Member:
    """A model that was given in Python."""
    return Member(name, model.network, model.codecs, model.config, _records(model, name), own=own_parts(model))


def _records(model: Model, name: str) -> tuple[Mapping[str, Any], ...]:
    """What the record of an ensemble says of a model that was given in Python."""
    known = model.metrics.get("ensemble", {}).get("members", ())
    return tuple(known) or tuple({"folder": name} for _ in single_networks(model.network))


def _dev_data(first: Member, data: Pairs, metrics: str | Sequence[str] | None) -> DevData:
    """Dev pairs, read as the first model's, with the measures to decide by."""
    names = [name.strip() for name in metrics.split(",")] if isinstance(metrics, str) else metrics
    examples = given_examples(data, first.config.data, ReadReport(first.config.data.on_bad_line))
    return DevData.of(examples, names or first.config.measures, _records_of(data, first.config, examples))


def _records_of(data: Pairs, config: RunConfig, examples: Sequence[Example]) -> list[dict[str, Any]]:
    """The entries of dev pairs in a record: their files with hashes, or how many were given in Python."""
    files = [file for entry in given_files(data) for file in files_of(entry, config.data)]
    if not files:
        return [pairs_entry("dev", examples)]
    hashed = [file for file in files if not readable_once(file)]
    digests = dict(zip(hashed, content_digests(hashed, None), strict=True))
    return [{"part": "dev", "file": file, **({"sha256": digests[file]} if file in digests else {})} for file in files]
