"""Judge every pair by a model that was trained on the other folds; what is finished is kept until all of it is.

WORK/
├── fold-1/         the run of a fold, which is resumed if it was cut short; removed when its pairs are judged
└── fold-1.json     the judgements of the pairs of the fold
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from time import monotonic

from seqloom.api import train_run
from seqloom.checkpoint.files import text_writer, write_file
from seqloom.data import Example
from seqloom.data.cache import cache_folder
from seqloom.data.whole_files import Say, unsaid
from seqloom.suspects.judging import judged
from seqloom.suspects.ranking import Judgement
from seqloom.suspects.settings import quick_config, with_length
from seqloom.training import Inputs, RunConfig


def judged_in_folds(
    pairs: Sequence[Example],
    folds: Sequence[int],
    config: RunConfig | None = None,
    *,
    minutes: float | None = None,
    work: Path | None = None,
    say: Say = unsaid,
) -> list[Judgement]:
    """A judgement of each pair by a model that was trained on the pairs of all other folds.

    `minutes` bounds the time of all training together: each run measures how many updates fit into its share.
    `work` is where finished parts are kept until the end, by default a folder of the cache that belongs to these
    pairs and settings; a call that was cut short is gone on with.
    """
    config = with_length(quick_config() if config is None else config, len(pairs), max(folds) + 1, minutes)
    config = config.replace(data=config.data.replace(train=(), test=()))
    place = work or cache_folder(config.data) / "suspects" / _digest(pairs, folds, config)
    try:
        judgements = _cross_validated(pairs, folds, config, place, say)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped; the same command goes on with what is in {place}") from None
    shutil.rmtree(place, ignore_errors=True)
    return judgements


def _cross_validated(
    pairs: Sequence[Example], folds: Sequence[int], config: RunConfig, work: Path, say: Say
) -> list[Judgement]:
    """The judgements, each by the model of a fold; those in the folder `work` are not made again."""
    count, training = max(folds) + 1, config.training
    length = f"{training.max_steps:,} updates" if training.max_steps else f"{training.epochs} epochs"
    length = f"{config.plan.minutes:.1f} minutes" if config.plan.minutes else length
    say(f"{count} models are trained for {length} each; what is finished is kept in {work} until the end")
    found: dict[int, Judgement] = {}
    for fold in range(count):
        held_out = [number for number, each in enumerate(folds) if each == fold]
        place = work / f"fold-{fold + 1}.json"
        if place.is_file():
            say(f"fold {fold + 1} of {count}: {len(held_out):,} pairs were judged before")
            judgements = [Judgement(**each) for each in json.loads(place.read_bytes())]
        else:
            began = monotonic()
            others = [pair for pair, each in zip(pairs, folds, strict=True) if each != fold]
            judgements = _of_fold(others, [pairs[number] for number in held_out], config, place)
            taken = monotonic() - began
            say(f"fold {fold + 1} of {count}: {len(held_out):,} pairs judged by the others, {taken:,.0f} s")
        found |= dict(zip(held_out, judgements, strict=True))
    return [found[number] for number in range(len(pairs))]


def _of_fold(others: list[Example], held_out: list[Example], config: RunConfig, place: Path) -> list[Judgement]:
    """The judgements of some pairs by a model of the others, which are written into the file `place`."""
    folder = place.with_suffix("")
    model = train_run(config, folder, inputs=Inputs(train=others), resume=True)
    judgements = judged(model, held_out)
    write_file(place, text_writer(json.dumps([asdict(each) for each in judgements])))
    shutil.rmtree(folder)
    return judgements


def _digest(pairs: Sequence[Example], folds: Sequence[int], config: RunConfig) -> str:
    """A name for everything that the judgements depend on."""
    rows = [(pair.source, pair.target, pair.tags) for pair in pairs]
    about = json.dumps([rows, folds, config.model_dump(mode="json"), version("seqloom")])
    return sha256(about.encode()).hexdigest()[:32]
