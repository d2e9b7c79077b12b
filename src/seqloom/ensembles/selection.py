"""Which of many models make a good ensemble: forward selection with replacement (Caruana et al. 2004, §2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.ensembles.measuring import DevData, Figures
from seqloom.ensembles.members import Member
from seqloom.ensembles.tuning import Choice, figures_with, gain, joined
from seqloom.errors import ConfigError


@dataclass(frozen=True)
class Step:
    """One step of a selection: the model that was taken, and the figures of all that are taken then."""

    taken: str
    figures: Figures


def chosen_members(members: Sequence[Member], dev: DevData, most: int) -> Choice:
    """The weights of some models that fit together: how often each was taken.

    The best single model is taken first; then, `most` - 1 times, the model that makes the ensemble best by the main
    measure on dev, where the loss decides between equals, and one that is already in it may be taken again. The first
    of the steps with the best figures is the choice, so that a model which gains nothing is not in it.
    """
    if most < 1:
        raise ConfigError(f"the number of members to select must be at least 1, not {most}")
    known: dict[tuple[float, ...], Figures] = {}

    def measured(counts: tuple[int, ...]) -> Figures:
        shares = tuple(count / sum(counts) for count in counts)
        if shares not in known:
            known[shares] = dev.measure(joined(members, counts), members)
        return known[shares]

    counts, steps, passed = (0,) * len(members), list[Step](), list[tuple[int, ...]]()
    for _ in range(most):
        larger = [_with_one_more(counts, place) for place in range(len(members))]
        place = min(range(len(members)), key=lambda each: measured(larger[each]).cost)
        counts = larger[place]
        passed.append(counts)
        steps.append(Step(members[place].name, measured(counts)))
    best = min(range(most), key=lambda number: steps[number].figures.cost)
    chosen, figures = passed[best], steps[best].figures
    alone = {each.name: measured(_with_one_more((0,) * len(members), place)) for place, each in enumerate(members)}
    equal = {"equal weights": measured((1,) * len(members))}
    said = ", ".join(f"{step.taken} ({step.figures.main})" for step in steps)
    shown = ", ".join(f"{count} × {each.name}" for count, each in zip(chosen, members, strict=True) if count)
    notes = [f"selected on dev, one after the other: {said}", f"taken, {figures.main} on dev: {shown}"]
    values = {
        **figures_with(figures, {**equal, **alone}),
        "selected": {
            "steps": [{"taken": each.taken, **each.figures.values} for each in steps],
            "weights": list(chosen),
        },
        "data": list(dev.records),
    }
    return Choice(tuple(map(float, chosen)), values, (*notes, *gain(figures, alone)))


def _with_one_more(counts: Sequence[int], place: int) -> tuple[int, ...]:
    return tuple(count + (number == place) for number, count in enumerate(counts))
