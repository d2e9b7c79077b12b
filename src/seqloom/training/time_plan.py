"""Plan a run for the time that is there: measure a few updates and an evaluation on this machine before training."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.optim import AdamW

from seqloom.codecs import Codecs
from seqloom.data import BatchSampler, Corpus, Source
from seqloom.data.batch import Batch, collate
from seqloom.evenly import evenly
from seqloom.inference.predictor import Predictor
from seqloom.inference.torch_engine import torch_engine
from seqloom.model import SingleNetwork
from seqloom.nn.precision import Precision
from seqloom.planning import Choice, Plan, listed
from seqloom.training.config import RunConfig
from seqloom.training.dev_measures import decoded_examples
from seqloom.training.network import built, sized_batches
from seqloom.training.run_length import wanted_updates
from seqloom.training.updates.optim import build_optimiser
from seqloom.training.updates.step import Objective, update

TIMED = 7
"""Updates that are measured, after as many to warm up, on batches of all lengths."""
DECODED = 32
"""Dev examples that are decoded to measure an evaluation."""
EVALUATED = 0.2
"""Share of the time that evaluations may take."""
SPARE = 0.95
"""Share of the time that is planned; the rest is for reading, saving and finishing."""
EVALUATIONS = (1, 20)
"""Least and largest number of evaluations in a planned time."""
FEW_EVALUATIONS, LEAST_DECODED = 4, 50
"""Where there would be fewer evaluations, fewer dev examples are decoded in each, but not fewer than these."""
TUNING, TUNED = 20, 0.1
"""How many evaluations' decoding the tuning of the search takes about, and the largest share of the time for it."""
SIZES = ((1.0, 1.0), (0.5, 1.0), (0.25, 1.0), (0.25, 0.75), (0.25, 0.5))
"""Factors of the planned batches and of the planned width that are tried, smaller batches first; the first ones that
allow enough updates are taken."""
LEAST_TOKENS = 256
"""Batches are not made smaller than this."""
ENOUGH, MOST = 0.7, 2.0
"""The least share of the wanted updates for which a width is kept, and the largest that is made."""


@dataclass(frozen=True)
class Speed:
    """Seconds that one update and one dev evaluation take; `decoding` is the part of the latter for the answers."""

    update: float
    evaluation: float
    decoding: float = 0.0

    def seconds(self, updates: int, evaluations: int) -> float:
        """The time that a run takes."""
        return self.update * updates + self.evaluation * evaluations


@dataclass(frozen=True)
class Trained:
    """What is trained where: tokenizers, training and dev pairs, number format, and device."""

    codecs: Codecs
    train: Corpus
    dev: Corpus
    precision: Precision
    device: torch.device


def measured_speed(config: RunConfig, model: SingleNetwork, pairs: Trained) -> Speed:
    """Return how fast `model`, whose weights are changed, trains and is evaluated; batch sizes must be chosen."""
    training, train = config.training, pairs.train
    sampler = BatchSampler(train.source_lengths, train.target_lengths, training.batch, training.seed)
    optimiser = build_optimiser(model, training.optimiser)
    objective = Objective.of(training, pairs.precision)
    rows = sampler.in_order()
    places = evenly(len(rows), TIMED)
    spent = [_seconds(model, optimiser, objective, [collate(train, rows[place])]) for place in [*places, *places]]
    of_update = training.accumulate * sum(spent[len(places) :]) / len(places)
    if not len(pairs.dev):
        return Speed(of_update, 0.0)
    decoding = _decoding(config, model, pairs)
    return Speed(of_update, _dev_loss(config, pairs, of_update) + decoding, decoding)


def within(
    config: RunConfig, plan: Plan, pairs: Trained, given: frozenset[str] = frozenset()
) -> tuple[RunConfig, Plan, list[str]]:
    """Return the configuration with which a run takes `plan.minutes` on this machine, the plan with what was chosen
    for that, and notices about memory.

    It says the length in updates and no longer in minutes, so that it makes the same run on another machine. Of batches
    and a width that the plan chose, less is taken where they would allow too few updates. What is left over once the
    wanted updates are made `MOST` times is not used. Where they would take too much of the time and are not among the
    settings that were `given`, dev evaluations decode fewer examples, and the search is not tuned.
    """
    minutes = config.plan.minutes
    seconds = 60 * SPARE * minutes
    wanted = plan.updates or wanted_updates(len(pairs.train))
    for sized in _sizes(config, plan):
        model = built(sized, pairs.codecs).to(pairs.device)
        tried, said = sized_batches(sized, model, pairs.precision, pairs.train)
        speed = measured_speed(tried, model, pairs)
        tried, speed, less = _less_decoding(tried, speed, seconds, given, pairs)
        kept = seconds - (TUNING * speed.decoding if tried.plan.tune_search is True else 0.0)
        updates, evaluations = _length(speed, kept, config.training.evaluate_every, evaluated=len(pairs.dev) > 0)
        if updates >= ENOUGH * wanted:
            break
    updates = max(1, min(updates, round(MOST * wanted)))
    training = tried.training.replace(epochs=0, max_steps=updates)
    if training.evaluate_every:
        evaluations = math.ceil(updates / training.evaluate_every) if evaluations else 0
    elif evaluations:
        training = training.replace(evaluate_every=math.ceil(updates / evaluations))
    planned = speed.seconds(updates, evaluations) / 60
    evaluated = f"{evaluations} evaluation{'' if evaluations == 1 else 's'}"
    notes = [
        f"plan: {updates:,} updates and {evaluated} take about {planned:.1f} of {minutes:g} "
        f"minute{'' if minutes == 1 else 's'} from now on: "
        f"{1000 * speed.update:.0f} ms an update and {speed.evaluation:.1f} s an evaluation were measured "
        f"({pairs.device.type}, threads: {torch.get_num_threads()})"
    ]
    if smaller := _smaller(config, tried):
        why = f"larger ones would allow less than {ENOUGH:.0%} of the {wanted:,} updates that are wanted"
        less.insert(0, Choice(smaller, why))
        notes.append(f"plan: {listed(smaller)}, smaller than usual for such pairs: {why}")
    for each in less:
        plan = plan.chosen_instead(each)
    if updates < ENOUGH * wanted:
        enough = math.ceil(speed.seconds(wanted, evaluations) / SPARE / 60)
        notes.append(
            f"plan: {wanted:,} updates are wanted for these pairs, and fewer teach less: "
            f"{enough} minutes allow them (--minutes {enough})"
        )
    settled = tried.replace(training=training, plan=tried.plan.replace(minutes=0.0))
    return settled, replace(plan, notes=(*plan.notes, *notes)), said


def _sizes(config: RunConfig, plan: Plan) -> Iterator[RunConfig]:
    """The configuration with batches and a width of each of the `SIZES`, as far as the plan chose them, each once."""
    made: list[RunConfig] = []
    batch = config.training.batch
    for share, width in SIZES:
        tried = config
        if "training.batch.tokens" in plan.settings and batch.tokens != "auto":
            fewer = batch.replace(tokens=min(batch.tokens, max(LEAST_TOKENS, round(batch.tokens * share))))
            tried = tried.replace(training=tried.training.replace(batch=fewer))
        if "model.hidden" in plan.settings and width != 1:
            hidden = max(32, round(config.model.hidden * width / 32) * 32)
            tried = tried.replace(model=tried.model.replace(hidden=hidden))
        if tried not in made:
            made.append(tried)
            yield tried


def _less_decoding(
    config: RunConfig, speed: Speed, seconds: float, given: frozenset[str], pairs: Trained
) -> tuple[RunConfig, Speed, list[Choice]]:
    """The configuration and its speed with fewer dev examples decoded, and without a tuned search, where these would
    take too much of the time and nobody asked for them; and these choices."""
    choices, selection = [], config.training.selection
    room = EVALUATED * seconds / FEW_EVALUATIONS - (speed.evaluation - speed.decoding)
    over = speed.decoding > max(room, 0.0) and "training.selection.limit" not in given
    if over and (decoded := len(decoded_examples(pairs.dev, config))) > LEAST_DECODED:
        fewer = max(LEAST_DECODED, min(decoded, int(decoded * room / speed.decoding)))
        config = config.replace(training=config.training.replace(selection=selection.replace(limit=fewer)))
        decoding = speed.decoding * fewer / decoded
        speed = Speed(speed.update, speed.evaluation - speed.decoding + decoding, decoding)
        choices.append(Choice({"training.selection.limit": fewer}, "more would take most of the time"))
    tuning = TUNING * speed.decoding if config.plan.tune_search is True else 0.0
    if tuning > TUNED * seconds and "plan.tune_search" not in given:
        config = config.replace(plan=config.plan.replace(tune_search=False))
        choices.append(Choice({"plan.tune_search": False}, "the time is short"))
    return config, speed, choices


def _smaller(config: RunConfig, tried: RunConfig) -> dict[str, Any]:
    """The settings, by dotted name, that are smaller than they were planned."""
    sizes = {
        "training.batch.tokens": (config.training.batch.tokens, tried.training.batch.tokens),
        "model.hidden": (config.model.hidden, tried.model.hidden),
    }
    return {name: taken for name, (planned, taken) in sizes.items() if taken != planned}


def _length(speed: Speed, seconds: float, every: int, *, evaluated: bool) -> tuple[int, int]:
    """How many updates and evaluations the time allows; `every` is the given number of updates between two of these."""
    if not evaluated:
        return int(seconds / speed.update), 0
    if every:
        updates = int(seconds / (speed.update + speed.evaluation / every))
        return updates, math.ceil(updates / every)
    least, most = EVALUATIONS
    wanted = most if not speed.evaluation else max(least, min(most, int(EVALUATED * seconds / speed.evaluation)))
    return int((seconds - speed.evaluation * wanted) / speed.update), wanted


def _seconds(model: SingleNetwork, optimiser: AdamW, objective: Objective, batches: list[Batch]) -> float:
    """The time of one update."""
    began = time.perf_counter()
    done = update(model.train(), optimiser, batches, objective)
    float(done.nll)  # waits for a GPU
    return time.perf_counter() - began


def _dev_loss(config: RunConfig, pairs: Trained, of_update: float) -> float:
    """The time that the loss of the dev pairs takes: a forward pass, a third of an update, over all of them."""
    dev, batch = pairs.dev, config.training.batch
    tokens = int(dev.source_lengths.sum() + dev.target_lengths.sum()) + 2 * len(dev)
    size = batch.budget or batch.sentences * tokens / len(dev)
    return of_update / config.training.accumulate / 3 * tokens / size


def _decoding(config: RunConfig, model: SingleNetwork, pairs: Trained) -> float:
    """The time to find the answers of one evaluation, each as long as dev targets are on average."""
    dev = pairs.dev
    decoded = len(decoded_examples(dev, config))
    if not decoded or not config.training.selection.decoded:
        return 0.0
    longest = max(1, round(float(dev.target_lengths.mean())))
    search = config.dev_search.replace(max_length_ratio=0.0, max_length_extra=longest, min_length=longest)
    predictor = Predictor(torch_engine(model.eval(), pairs.device), pairs.codecs, search)
    examples = [Source(each.source, each.tags) for each in dev.examples(evenly(len(dev), DECODED))]
    began = time.perf_counter()
    predictor.answer(examples)
    return (time.perf_counter() - began) * decoded / len(examples)
