"""A plan: the settings that the rules choose for a run, each with its reason; what is given stays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from seqloom.planning.config import Effort
from seqloom.planning.facts import Facts
from seqloom.planning.rules import RULES, SHARES, Rule, is_given, wanted_updates

Fits = Callable[[Mapping[str, Any]], bool]
"""Whether settings, by dotted name, go together with all that was given."""


@dataclass(frozen=True)
class Choice:
    """Settings that a rule has chosen together, by dotted name, why, and the measurement behind the rule."""

    settings: Mapping[str, Any]
    why: str
    measured: str

    def sentence(self) -> str:
        """What is said of the choice before training."""
        chosen = listed(self.settings)
        return f"plan: {chosen}, as {self.why}"


@dataclass(frozen=True)
class Plan:
    """What was chosen for a run.

    - `facts`: what the choices follow from; None where nothing was planned
    - `updates`: the number of updates to make; 0 where none was planned
    - `left_out`: what was not chosen because it does not go with what is given
    """

    facts: Facts | None = None
    choices: tuple[Choice, ...] = ()
    updates: int = 0
    left_out: tuple[str, ...] = field(default=())

    @property
    def settings(self) -> dict[str, Any]:
        """All chosen settings, by dotted name."""
        return {name: value for choice in self.choices for name, value in choice.settings.items()}

    def sentences(self) -> Iterator[str]:
        """What is said of the plan before training."""
        for choice in self.choices:
            yield choice.sentence()
        for each in self.left_out:
            yield f"plan: not chosen, because it does not go with what is given: {each}"

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        facts = {} if self.facts is None else {"facts": self.facts.to_json()}
        choices = [asdict(each) for each in self.choices]
        return {**facts, "choices": choices, "updates": self.updates, "left_out": list(self.left_out)}


def make_plan(facts: Facts, given: Collection[str], effort: Effort, fits: Fits) -> Plan:
    """Choose the settings that are not `given`, by the rules that hold for `facts`.

    The first rule that names a setting chooses it. A setting is given if it, or a part of its section, is among the
    dotted names in `given`. Rules whose settings do not fit what is given are left out. With the effort `none` nothing
    is chosen.
    """
    if effort == "none":
        return Plan()
    chosen: dict[str, Any] = {}
    choices, left_out = [], []
    for rule in RULES:
        if not rule.holds(facts):
            continue
        new = _open(rule, given, chosen)
        if not new:
            continue
        if not fits({**chosen, **new}):
            left_out.append(listed(new))
            continue
        chosen |= new
        choices.append(Choice(new, rule.why, rule.measured))
    updates = round(SHARES[effort] * wanted_updates(facts))
    return Plan(facts, tuple(choices), updates, tuple(left_out))


def _open(rule: Rule, given: Collection[str], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a rule that nobody has given and no earlier rule has chosen."""
    new = {name: value for name, value in rule.settings.items() if name not in chosen and not is_given(name, given)}
    if rule.together and len(new) < len(rule.settings):
        return {}
    return {} if any(is_given(name, given) for name in rule.unless) else new


def shown_settings(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each setting by its dotted name with its value as text, as `--set` takes them; a section gives its settings."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from shown_settings({f"{name}.{inner}": each for inner, each in value.items()})
        else:
            yield name, str(value).lower() if isinstance(value, bool) else str(value)


def listed(settings: Mapping[str, Any]) -> str:
    """Settings with their values in one line."""
    return ", ".join(f"{name} = {value}" for name, value in shown_settings(settings))
