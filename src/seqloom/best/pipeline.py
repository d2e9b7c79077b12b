"""Spend more to get more: search for a plan, train several models of it, combine them, and distil one from them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from seqloom.api import Model, load_torch
from seqloom.best.halving import chosen_plan, runs_of
from seqloom.best.parts import Part, Parts
from seqloom.best.variants import Settings, variants
from seqloom.best.working_files import chosen_length, given_before, remove_parts, working_files
from seqloom.checkpoint import format as layout
from seqloom.codecs import OF_PARTS
from seqloom.combining import Rescoring, save_combination
from seqloom.config import build, laid_over
from seqloom.ensembles import ensemble, select_members
from seqloom.errors import ConfigError
from seqloom.model_config import LABELLING
from seqloom.planning import listed
from seqloom.plugins import options
from seqloom.synthetic.distill import distill
from seqloom.synthetic.teacher import Teaching
from seqloom.training import Inputs, RunConfig
from seqloom.training.forecast import Forecast, forecast
from seqloom.training.group import Place
from seqloom.training.reporters.logged import LOGGER
from seqloom.training.states.folder import RunFolder
from seqloom.training.states.lock import sole_writer

SEEDS = 3
"""Number of models that are trained in each direction."""
PARTS = "parts"
"""Suffix of the folder of the runs, beside that of the model."""
LEAST_GAIN = 0.1
"""What a combination must gain on dev, in points, to teach in the place of what it combines."""


@dataclass
class Gains:
    """What each part gained: its figure on the dev pairs."""

    measure: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def add(self, part: str, figure: float, **more: Any) -> None:
        """Note the figure of a part."""
        self.rows.append({"part": part, self.measure: round(figure, 4), **more})

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"measure": self.measure, "parts": self.rows}


def train_best(
    config: RunConfig,
    output: Path | str,
    *,
    inputs: Inputs = Inputs(),  # noqa: B008 - a frozen value
    progress: TextIO | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> Model:
    """Train the best model that can be had of these pairs for many times the work of one run.

    1. Some plans are tried by successive halving (`chosen_plan`).
    2. With the best one, `SEEDS` models are trained from left to right and as many from right to left.
    3. Members of an ensemble are selected on dev in each direction, and the second ensemble rescores the answers of the
       first where that helps.
    4. One model is distilled from what is best (Kim & Rush 2016), with the given pairs beside the answers. It is what
       `output` holds, unless a single model of step 2 is better on dev.

    Where answers are labels, there is one direction, and nothing to rescore. Nor is a model distilled: `output` holds
    the ensemble, which answers by one graph without a loop, or the best single model where that is no worse.

    All runs lie in a folder beside `output` whose name ends in `-parts`; the same call with `resume` goes on where it
    was stopped. `metrics.json` and the card say what each part gained.
    """
    output, folder = Path(output), parts_of(output)
    _check(config)
    if Place.here().size > 1:
        raise ConfigError("plan.effort = best trains one model after the other", hint="start it without torchrun")
    if RunFolder(output).finished and resume:
        return load_torch(output)
    if not (resume or overwrite):
        RunFolder(output).check_free()

    def say(text: str) -> None:
        if progress is None:
            LOGGER.info("best: %s", text)
            return
        progress.write(f"best: {text}\n")
        progress.flush()

    if not (resume or overwrite) and given_before(folder) is not None:
        raise ConfigError(
            "there are runs of an earlier call, perhaps with other settings or pairs",
            where=str(folder),
            hint="--resume goes on with them, --overwrite starts again",
        )
    try:
        with sole_writer(folder):
            if overwrite and not resume:
                remove_parts(folder)
            config = working_files(config, inputs, folder, resume=resume, say=say)
            return _Best(config, output, folder, say, progress).made()
    except KeyboardInterrupt:
        command = f"seqloom train --output {shlex.quote(str(output))} --resume{options()}"
        raise KeyboardInterrupt(f"stopped; what is done is saved; go on with: {command}") from None


def parts_of(output: Path | str) -> Path:
    """The folder of the runs that the model in a folder is made of."""
    return Path(output).with_name(f"{Path(output).name}-{PARTS}")


def forecast_best(config: RunConfig, inputs: Inputs = Inputs()) -> Forecast:  # noqa: B008 - a frozen value
    """What `train_best` would begin with, and about how long all its runs would take."""
    _check(config)
    expected = forecast(_single(config), inputs)
    _check_pairs(config, expected)
    whole = _whole(expected)
    parts = f"{SEEDS} models and their ensemble" if _labelling(expected) else f"{2 * SEEDS} models, one distilled"
    said = f"best: about {whole:.1f} runs of {expected.updates:,} updates: plans, {parts}"
    seconds = 60 * config.plan.minutes or whole * expected.seconds
    settings = expected.config.replace(plan=config.plan)
    return replace(expected, config=settings, given=config.given, seconds=seconds, notices=(*expected.notices, said))


def _check(config: RunConfig) -> None:
    """Refuse settings that not all of the runs could have."""
    if config.training.start_from:
        raise ConfigError(
            "plan.effort = best chooses among networks, and training.start_from names one",
            hint="fine-tune with the effort normal",
        )
    if config.model.answer in OF_PARTS or config.data.label:
        answer = "frame" if config.data.label else config.model.answer
        raise ConfigError(
            "plan.effort = best is for models that write sequences or answer with labels, and model.answer is "
            f"{answer}",
            hint="take normal",
        )
    if config.data.reverse_target:
        raise ConfigError("plan.effort = best trains models of both directions", hint="leave out data.reverse_target")
    if config.data.mixes and config.data.mix_by == "entry":
        raise ConfigError(
            "plan.effort = best distils a model from one file of pairs, and data.weights and data.temperature mix "
            "several files",
            hint="data.mix_by = tag mixes by tag",
        )


def _check_pairs(config: RunConfig, expected: Forecast) -> None:
    """Refuse words with tags, which neither a decoder nor a network of labels should answer with."""
    facts = expected.plan.facts
    if config.model.answer == "auto" and facts is not None and facts.tagged:
        raise ConfigError(
            "plan.effort = best is for models that write sequences or answer with labels, and the targets of these "
            "pairs are tags of words",
            hint="take normal for a model of tags, or set model.answer = sequence",
        )


def _single(config: RunConfig) -> RunConfig:
    """The configuration of one run."""
    return build(RunConfig, laid_over(config.given_values, {"plan.effort": "normal", "plan.minutes": 0.0}))


def _labelling(expected: Forecast) -> bool:
    """Whether the models answer with labels."""
    return expected.config.model.answer in LABELLING


def _candidates(expected: Forecast) -> list[Settings]:
    facts = expected.plan.facts
    task = "words" if facts is None else facts.task
    return variants(task, expected.given, labelling=_labelling(expected))


def _whole(expected: Forecast) -> float:
    """How many whole runs all the work is worth."""
    models = SEEDS if _labelling(expected) else 2 * SEEDS + 1
    return runs_of(len(_candidates(expected))) + models


@dataclass(frozen=True)
class _Best:
    config: RunConfig
    output: Path
    folder: Path
    say: Callable[[str], None]
    progress: TextIO | None

    def made(self) -> Model:
        single = _single(self.config)
        expected = forecast(single)
        _check_pairs(self.config, expected)
        candidates, whole = _candidates(expected), _whole(expected)
        wanted = whole * expected.seconds
        seconds = 60 * self.config.plan.minutes or wanted
        updates = chosen_length(self.folder, max(1, round(min(1.0, seconds / wanted) * expected.updates)))
        self.say(f"about {whole:.1f} runs of {updates:,} updates, {seconds / 60:.0f} minutes")
        if updates < expected.updates:
            self.say(
                f"each run wants {expected.updates:,} updates, {wanted / 60:.0f} minutes for all; "
                f"plan.minutes = {self.config.plan.minutes:g} allows fewer"
            )
        measure = expected.config.measures[0]
        single = build(RunConfig, laid_over(single.given_values, {"model.answer": expected.config.model.answer}))
        parts = Parts(self.folder, single, updates, measure, self.say, self.progress)
        gains = Gains(measure)
        settings = self._plan(parts, candidates, gains)
        if _labelling(expected):
            return self._of_labels(parts, settings, gains)
        singles = {
            direction: [
                parts.trained(f"{direction}-{seed}", {**settings, "data.reverse_target": turned}, seed=seed)
                for seed in range(1, SEEDS + 1)
            ]
            for direction, turned in (("left-to-right", False), ("right-to-left", True))
        }
        best = self._best_of(singles["left-to-right"], parts, gains)
        teacher = self._teacher(parts, singles, gains)
        return self._distilled(parts, teacher, best, settings, gains)

    def _of_labels(self, parts: Parts, settings: Settings, gains: Gains) -> Model:
        """Several seeds and the ensemble of them: whatever is better on dev is left in the output folder."""
        self.say("labels have no direction, so that nothing is trained from right to left, rescored or distilled")
        singles = [parts.trained(f"seed-{seed}", settings, seed=seed) for seed in range(1, SEEDS + 1)]
        best = self._best_of(singles, parts, gains)
        joined = self._ensemble(self.folder / "ensemble", singles, parts)
        figure = parts.figure(joined)
        members = len(joined.metrics["ensemble"]["members"])
        gains.add("ensemble", figure, models=members)
        if parts.better(figure, best.figure):
            return self._kept(joined, f"ensemble of {members}", parts, gains)
        self.say("the ensemble is not better on dev than the best single model, which is kept")
        return self._kept(load_torch(best.folder), best.folder.name, parts, gains)

    def _best_of(self, singles: list[Part], parts: Parts, gains: Gains) -> Part:
        """The best of some models that differ in their seed."""
        best, figures = parts.best(singles), [each.figure for each in singles]
        gains.add("one model, mean of seeds", sum(figures) / len(figures), models=len(figures))
        gains.add("one model, the best", best.figure)
        return best

    def _ensemble(self, folder: Path, members: list[Part], parts: Parts) -> Model:
        """The ensemble of members that are selected on dev, made where it is not there yet; one of labels is calibrated
        there, as each of its members was."""
        if not (folder / layout.MANIFEST).exists():
            dev, models = list(self.config.data.dev), [each.folder for each in members]
            made = ensemble(models, None, list(select_members(models, dev, parts.measure).weights))
            if made.codecs.spoken is None and all(load_torch(each).calibration for each in models):
                made = made.with_confidence(dev)
            made.save(folder)
        return load_torch(folder)

    def _plan(self, parts: Parts, candidates: Any, gains: Gains) -> Mapping[str, Any]:
        """Choose among plans; each candidate's last figure is noted."""
        settings, tried = chosen_plan(parts, candidates)
        for part in tried:
            gains.add(f"plan tried: {part.folder.name}", part.figure, settings=dict(part.settings))
        self.say(f"the best plan: {listed(settings) or 'as the rules choose'}")
        return settings

    def _teacher(self, parts: Parts, singles: Mapping[str, list[Part]], gains: Gains) -> Path:
        """The ensemble of each direction, and the second one rescoring the first: whatever is best on dev."""
        dev, made = list(self.config.data.dev), []
        for direction, members in singles.items():
            folder = self.folder / f"ensemble-{direction}"
            figure = parts.figure(self._ensemble(folder, members, parts))
            gains.add(f"ensemble, {direction}", figure)
            made.append((folder, figure))
        (first, before), (second, _) = made
        both = Rescoring.of([str(first), str(second)]).tuned(dev, metric=parts.measure)
        figure = parts.figure(both)
        gains.add("ensemble, rescored from right to left", figure, weights=list(both.settings.weights))
        if not parts.better(figure, before) or abs(figure - before) < LEAST_GAIN:
            return first
        path = self.folder / "rescoring.toml"
        save_combination(both, path)
        return path

    def _distilled(self, parts: Parts, teacher: Path, best: Part, settings: Mapping[str, Any], gains: Gains) -> Model:
        """Distil one model; what is better on dev, it or the best single one, is left in the output folder."""
        student = parts.config_of({**settings, "training.seed": 1})
        folder = self.folder / "distilled"
        taught = distill(
            teacher,
            list(self.config.data.train),
            folder,
            dev=list(self.config.data.dev),
            student=student,
            progress=self.progress,
            teaching=Teaching(keep_original=1.0),
            resume=True,
        )
        figure = parts.figure(taught)
        gains.add("distilled", figure)
        model = load_torch(best.folder) if parts.better(best.figure, figure) else taught
        if model is not taught:
            self.say("the distilled model is not better on dev than the best single one, which is kept instead")
        return self._kept(model, "distilled" if model is taught else best.folder.name, parts, gains)

    def _kept(self, model: Model, chosen: str, parts: Parts, gains: Gains) -> Model:
        """The model in the output folder, with what each part gained."""
        whole = replace(model, metrics={**model.metrics, "best": {**gains.to_json(), "kept": chosen}})
        whole.save(self.output, overwrite=True)
        for row in gains.rows:
            self.say(f"{row['part']}: {parts.measure} {row[parts.measure]:.2f} on dev")
        return load_torch(self.output)
