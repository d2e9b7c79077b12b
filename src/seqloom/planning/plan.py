"""A plan: the settings that the rules choose for a run, each with its reason; what is given stays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from seqloom.planning.config import Effort
from seqloom.planning.facts import Facts
from seqloom.planning.rule import Rule, is_given
from seqloom.planning.rules import RULES
from seqloom.planning.updates import SHARES, wanted_updates

Fits = Callable[[Mapping[str, Any]], bool]
"""Whether settings, by dotted name, go together with all that was given."""
NOT_CHOSEN = "not chosen, because it does not go with what is given"


@dataclass(frozen=True)
class Choice:
    """Settings that were chosen together, by dotted name, why, and the measurement behind it, if there is one."""

    settings: Mapping[str, Any]
    why: str
    measured: str = ""

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
    - `notes`: what else is said of it, such as how long training will take
    """

    facts: Facts | None = None
    choices: tuple[Choice, ...] = ()
    updates: int = 0
    left_out: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = field(default=())

    def chosen_instead(self, choice: Choice) -> Plan:
        """The plan with a later choice in place of earlier ones of the same settings."""
        names = choice.settings.keys()
        kept = (_without(each, names) for each in self.choices)
        return replace(self, choices=(*(each for each in kept if each.settings), choice))

    @property
    def settings(self) -> dict[str, Any]:
        """All chosen settings, by dotted name."""
        return {name: value for choice in self.choices for name, value in choice.settings.items()}

    def sentences(self) -> Iterator[str]:
        """Each choice with its reason, and what was not chosen."""
        for choice in self.choices:
            yield choice.sentence()
        for each in self.left_out:
            yield f"plan: {NOT_CHOSEN}: {each}"

    def summary(self) -> Iterator[str]:
        """What is said of the plan before training: the chosen settings, a line for each section, without reasons."""
        if self.choices:
            sections: dict[str, list[str]] = {}
            for name, value in shown_settings(self.settings):
                section, _, rest = name.partition(".")
                sections.setdefault(section, []).append(f"{rest} {value}")
            lines = [f"{section}: {', '.join(sections[section])}" for section in sections]
            lines += [f"{NOT_CHOSEN}: {'; '.join(self.left_out)}"] if self.left_out else []
            yield "\n  ".join(["chosen by what the pairs are like (seqloom show tells why):", *lines])
        yield from self.notes

    def to_json(self) -> dict[str, Any]:
        """Plain values for a JSON file."""
        facts = {} if self.facts is None else {"facts": self.facts.to_json()}
        choices = [asdict(each) for each in self.choices]
        return {
            **facts,
            "choices": choices,
            "updates": self.updates,
            "left_out": list(self.left_out),
            "notes": list(self.notes),
        }

    @staticmethod
    def of_json(values: Mapping[str, Any]) -> Plan:
        """The choices and notes of a plan whose plain values these are, without its facts."""
        choices = tuple(Choice(**each) for each in values.get("choices", ()))
        return Plan(
            None, choices, values.get("updates", 0), tuple(values.get("left_out", ())), tuple(values.get("notes", ()))
        )


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


def _without(choice: Choice, names: Collection[str]) -> Choice:
    """A choice without the settings of these names."""
    return replace(choice, settings={name: value for name, value in choice.settings.items() if name not in names})


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
